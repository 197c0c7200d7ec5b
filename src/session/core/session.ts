import { endAfter, type SessionId, type SessionKind, type SessionRecord } from '../record.ts'
import { closeSession } from './close-session.ts'
import type { OTPOptions } from './credentials/otp.ts'
import { watchEnd } from './end-signal.ts'
import { SessionError } from './errors.ts'
import { type PrivilegeGrant, readGrant } from './grants.ts'
import { secureSession } from './login.ts'
import { beginSession, beginSessionIfAllowed } from './new-session.ts'
import { createOTP, restoreSession } from './one-time-links.ts'
import { Promotions } from './promotions.ts'
import type { SecureOptions } from './replace-session.ts'
import type { LinkOffer, RequestSession } from './request-session.ts'
import { type RenewOptions, rotateCookie } from './rotate-cookie.ts'
import { dateOf, expirationDateOf } from './session-description.ts'
import { clearPrivileges, type SetPrivilegesOptions, setPrivileges } from './set-privileges.ts'
import { type DeepReadonly, deepFreeze } from './storage.ts'
import { updateRecord } from './update-record.ts'
import type { UseCallback } from './use-callback.ts'
import { writeStorage } from './write-storage.ts'

/** The session of one request. The middleware creates this object for the handlers. */
export class Session<S extends object = Record<string, unknown>, P extends string = string> {
  readonly #request: RequestSession
  #frozen: { text: string; storage: DeepReadonly<S> } | undefined
  #promotions: { id: SessionId; promotions: Promotions } | undefined
  #signal: { watched: string; signal: AbortSignal } | undefined
  /** Whether this request arrived without a live credential. */
  readonly isNew: boolean
  /** The `data` of the one-time link that this request opened (see `createOTP`); `false` for no link. */
  get restored(): false | { data: unknown } {
    return this.#request.restored ?? false
  }

  /** The one-time link of this request that the user must still confirm; `undefined` for none. */
  get offer(): LinkOffer | undefined {
    return this.#request.offer
  }

  constructor(request: RequestSession) {
    this.#request = request
    this.isNew = request.state.is === 'guest'
  }

  /** The public session ID. It may appear in lists, logs and URLs. */
  get id(): SessionId {
    return this.#request.record.id
  }

  /** `web` for a session with a cookie, `rest` for a session with a bearer token. */
  get kind(): SessionKind {
    return this.#request.record.kind
  }

  /** The name that `setPrivileges` sets. Default '' (4D). */
  get userName(): string {
    return this.#request.record.userName
  }

  /** The user's ID in the application; undefined for none. */
  get userId(): string | undefined {
    return this.#request.record.userId ?? undefined
  }

  /** null, like `lastAccessTime`, when the session is invalidated (JADE). */
  get startTime(): Date | null {
    return dateOf(this.#request.record.startTime)
  }

  /** Accurate to the minute, because activity is written at most once a minute. */
  get lastAccessTime(): Date | null {
    return dateOf(this.#request.record.lastAccessTime)
  }

  /** The idle timeout in minutes; 0 for none. */
  get idleTimeout(): number {
    return this.#request.record.idleMilliseconds / 60_000
  }

  /** When the session expires without further requests, in ISO 8601 (UTC); null for never. */
  get expirationDate(): string | null {
    return expirationDateOf(this.#request.record)
  }

  /** A frozen snapshot of the storage, as this object last read or wrote it. Call `use` to change the storage. */
  get storage(): DeepReadonly<S> {
    const text = this.#request.record.storage
    if (this.#frozen?.text !== text) this.#frozen = { text, storage: frozenStorage<S>(this.#request) }
    return this.#frozen.storage
  }

  /** Returns whether the session has no privileges (4D). */
  isGuest(): boolean {
    return this.#request.record.grants === '' || this.getPrivileges().length === 0
  }

  /** Returns whether the session has this privilege: assigned, included in another one, or promoted. Ignores case. */
  hasPrivilege(name: P): boolean {
    const { context, record } = this.#request
    return context.policy.roles.expand(record.grants).has(name) || this.#promotionsOf(record.id)?.has(name) === true
  }

  /**
   * Grants a privilege for the rest of this request (4D). Affects `hasPrivilege`, but not `getPrivileges` and
   * `isGuest`.
   * @returns a number to pass to `demote`; 0 when the privilege is not declared or already promoted.
   */
  promote(privilege: P): number {
    const { context, record } = this.#request
    if (!this.#promotionsOf(record.id))
      this.#promotions = { id: record.id, promotions: new Promotions(context.policy.roles) }
    return this.#promotionsOf(record.id)?.promote(privilege) ?? 0
  }

  /** Revokes a promoted privilege (4D). Ignores a number that `promote` did not return. */
  demote(promotion: number): void {
    this.#promotions?.promotions.demote(promotion)
  }

  /** Returns the promotions for this session ID. A login or a log out changes the ID, which removes all promotions. */
  #promotionsOf(id: SessionId): Promotions | undefined {
    return this.#promotions?.id === id ? this.#promotions.promotions : undefined
  }

  /** The public handle of this device's credential; undefined for an unstored guest and for a request-only link. */
  get deviceHandle(): string | undefined {
    const { state } = this.#request
    return state.is === 'live' ? state.credential.handle : undefined
  }

  /** When the user last authenticated on this device; null for a guest and for a device that a one-time link added. */
  get authenticatedAt(): Date | null {
    const { state } = this.#request
    return state.is === 'live' ? dateOf(state.credential.authenticatedAt) : null
  }

  /** Returns whether the user authenticated on this device within the last `withinMinutes` minutes. */
  hasRecentLogin(withinMinutes: number): boolean {
    const authenticated = this.authenticatedAt?.getTime()
    return authenticated !== undefined && this.#request.context.clock.now() - authenticated < withinMinutes * 60_000
  }

  /** The ID of the session that this request arrived with, even if that session has ended; undefined for none. */
  get arrivalId(): SessionId | undefined {
    return this.#request.arrivalId
  }

  /** Whether the previous session of this device ended with a message. `takeMessage` returns the message. */
  get hasMessage(): boolean {
    return this.#request.unread !== undefined
  }

  /** Returns the names of all privileges, including those that another privilege includes. Does not return roles. */
  getPrivileges(): P[] {
    return [...this.#request.context.policy.roles.expand(this.#request.record.grants).names] as P[]
  }

  /** A signal that aborts when this session or this device's credential ends. After a login, read `signal` again. */
  get signal(): AbortSignal {
    const { state } = this.#request
    const watched = `${state.is} ${state.record.id}`
    if (this.#signal?.watched !== watched) this.#signal = { watched, signal: watchEnd(this.#request) }
    return this.#signal.signal
  }

  /**
   * Changes the storage (4D's Use). Calls `change` with a copy of the storage, and stores the changed copy atomically.
   * The change is stored when the promise resolves. If `change` throws, nothing is written.
   * Calls for the same session run one at a time in this process.
   * After a conflicting write of another process, `change` runs again on the newer storage.
   * The callback should therefore have no side effects.
   * @returns the result of `change`.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, USE_TIMEOUT (10 s), VALUE_NOT_SHAREABLE,
   * STORAGE_TOO_LARGE, SESSION_LIMIT, HEADERS_SENT (a guest's first write needs a cookie), STORE_UNAVAILABLE.
   */
  async use<T>(change: UseCallback<S, T>): Promise<T> {
    return this.#request.perform('use', (request) => writeStorage(request, change))
  }

  /**
   * Replaces the session's privileges and roles. Setting another user or adding a privilege rotates the session ID.
   * This object then becomes a new session with a new cookie. All cookies, devices and one-time links of the old
   * session are revoked.
   * By default, the new session keeps the storage only if the user stays the same, because an attacker could have
   * prepared a guest's storage. The option `keepStorage` overrides the default.
   * @throws SessionError SESSION_ENDED when the session has ended and the call is not a login.
   * @throws SessionError HEADERS_SENT, before any change; STORE_UNAVAILABLE.
   */
  async setPrivileges(grant: PrivilegeGrant<P>, options: SetPrivilegesOptions = {}): Promise<void> {
    const fields = readGrant(this.#request.context, grant)
    await this.#request.perform('setPrivileges', (request) => setPrivileges(request, fields, options))
  }

  /**
   * Removes all privileges, so `isGuest` returns true. The storage, the session ID and `userName` do not change (4D).
   */
  async clearPrivileges(): Promise<void> {
    await this.#request.perform('clearPrivileges', clearPrivileges)
  }

  /**
   * Sets the idle timeout in minutes, effective immediately. The minimum is `minIdleTimeoutMinutes` (default 60, 4D)
   * for a web session and 1 minute for a rest session. Lower values are raised to the minimum.
   */
  async setIdleTimeout(minutes: number): Promise<void> {
    if (typeof minutes !== 'number' || !Number.isFinite(minutes))
      throw new TypeError('setIdleTimeout() takes a number of minutes.')
    await this.#request.perform('setIdleTimeout', (request) => setIdleTimeout(request, minutes))
  }

  /**
   * Rotates the session ID to prevent session fixation (JADE). A new session replaces this one.
   * All cookies, devices and one-time links of the old session are revoked before the promise resolves.
   * The new session keeps the user and the privileges. It keeps the storage only with `keepStorage`.
   * Call this method after the password check and before sensitive data is stored.
   * @returns the new session. This object is stale afterwards.
   * @throws SessionError SESSION_ENDED on a stale object, or when a signed-in session has ended;
   * FEATURE_NOT_AVAILABLE (1068) on a rest session; HEADERS_SENT, before any change.
   */
  async secureSession({ keepStorage = false }: SecureOptions = {}): Promise<Session<S, P>> {
    if (this.kind === 'rest') {
      throw new SessionError(
        'FEATURE_NOT_AVAILABLE',
        'Feature not available in this release: secureSession() is for web sessions.',
      )
    }
    const next = await this.#request.perform('secureSession', (request) => secureSession(request, keepStorage))
    const session = new Session<S, P>(next)
    next.exchange.setCurrent(session)
    return session
  }

  /**
   * Rotates this device's cookie without changing the session ID. The old cookie is revoked before the promise
   * resolves. Pass `login: true` after re-authentication, and `others: 'end'` after a change of password.
   * @throws SessionError SESSION_ENDED; HEADERS_SENT, before any change; FEATURE_NOT_AVAILABLE (1068) on a rest
   * session.
   */
  async renew(options: RenewOptions = {}): Promise<void> {
    await this.#request.perform('renew', (request) => rotateCookie(request, options))
  }

  /**
   * Creates a one-time token that opens this session in another browser or on another device (4D).
   * Add the token to any URL of the application as `?$4DSID=<token>`, or pass it to `restore`.
   * @returns 32 upper-case hex digits; '' for a rest session.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT (a guest's first link needs a cookie), VALUE_NOT_SHAREABLE.
   */
  async createOTP(options: OTPOptions = {}): Promise<string> {
    if (this.kind === 'rest') return ''
    return this.#request.perform('createOTP', (request) => createOTP(request, options))
  }

  /**
   * Redeems a one-time token that the application received in its own parameter (4D). This object becomes the token's
   * session. An invalid token changes nothing. HEAD, OPTIONS and prefetch requests never redeem a token.
   * @returns whether this object is now the token's session.
   */
  async restore(token: unknown): Promise<boolean> {
    return this.#request.perform('restore', (request) => restoreSession(request, token))
  }

  /**
   * Logs out on every device of this session. This object becomes a guest's session. A second call does nothing.
   * The log out is stored when the promise resolves.
   * @throws SessionError STORE_UNAVAILABLE; the user then stays logged in.
   */
  async close(): Promise<void> {
    await this.#request.perform('close', closeSession)
  }

  /** Reads the session from the store again. If the session has ended, this object becomes a guest's session. */
  async reload(): Promise<void> {
    await this.#request.perform('reload', reloadSession)
  }

  /** Returns and deletes the message (see `hasMessage`). Returns '' when there is no message. */
  async takeMessage(): Promise<string> {
    const { unread, context } = this.#request
    if (!unread) return ''
    this.#request.unread = undefined
    return (await context.store.takeMessage(unread)) ?? ''
  }

  /** Waits for all pending logins, log outs and first writes of this object. For the middleware. */
  settled(): Promise<void> {
    return this.#request.settle()
  }

  /** Stores the session of a new guest, if this request may begin a session. For the middleware. */
  async beginIfAllowed(): Promise<void> {
    if (this.isNew) await beginSessionIfAllowed(this.#request)
  }
}

async function setIdleTimeout(request: RequestSession, minutes: number): Promise<void> {
  await beginSession(request)
  const { clock, policy } = request.context
  const least = request.record.kind === 'web' ? policy.minIdleMilliseconds : 60_000
  const idleMilliseconds = Math.max(minutes * 60_000, least)
  // A session that this request has just created counts as used only after the browser sends the cookie.
  const isUsed = !(request.state.is === 'live' && request.state.unsent)
  await updateRecord(request, (current) => {
    const lastAccessTime = Math.max(current.lastAccessTime ?? 0, isUsed ? clock.now() : 0)
    const end = endAfter(lastAccessTime, idleMilliseconds, current.absoluteEnd)
    return { changes: { idleMilliseconds, lastAccessTime, end }, result: undefined }
  })
}

async function reloadSession(request: RequestSession): Promise<void> {
  const { state, context } = request
  if (state.is !== 'live') return
  const found = await context.store.find({ id: state.record.id, hash: state.credential.hash })
  if (found?.state === 'live') request.state = { ...state, record: found.session, credential: found.credential }
  else request.becomeGuest('just-ended')
}

// A store may return the same record object to several requests. These requests share one frozen storage.
const frozenStorages = new WeakMap<SessionRecord, object>()

function frozenStorage<S extends object>({ context, record }: RequestSession): DeepReadonly<S> {
  const storage = frozenStorages.get(record)
  if (storage) return storage as DeepReadonly<S>
  const frozen = deepFreeze(context.format.decode(record.storage) as S)
  // Values of a codec are not frozen, so requests must not share them.
  if (context.policy.codecs.length === 0) frozenStorages.set(record, frozen as object)
  return frozen
}
