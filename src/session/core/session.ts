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

/** The session of one request, as handlers see it. The middleware creates it. */
export class Session<S extends object = Record<string, unknown>, P extends string = string> {
  readonly #request: RequestSession
  #frozen: { text: string; storage: DeepReadonly<S> } | undefined
  #promotions: { id: SessionId; promotions: Promotions } | undefined
  #signal: { watched: string; signal: AbortSignal } | undefined
  /** Whether this request arrived without a live credential. */
  readonly isNew: boolean
  /** The `data` given to `createOTP`, when this request opened a one-time link; otherwise `false`. */
  get restored(): false | { data: unknown } {
    return this.#request.restored ?? false
  }

  /** The one-time link of this request that waits for the user's confirmation; `undefined` for none. */
  get offer(): LinkOffer | undefined {
    return this.#request.offer
  }

  constructor(request: RequestSession) {
    this.#request = request
    this.isNew = request.state.is === 'guest'
  }

  /** The public session id. It may appear in lists, logs and URLs. */
  get id(): SessionId {
    return this.#request.record.id
  }

  /** Fixed when the session begins: `web` for a cookie, `rest` for a bearer token. */
  get kind(): SessionKind {
    return this.#request.record.kind
  }

  /** '' until set (4D). Set it with `setPrivileges`. */
  get userName(): string {
    return this.#request.record.userName
  }

  /** A reference into the application's own tables. */
  get userId(): string | undefined {
    return this.#request.record.userId ?? undefined
  }

  /** `null`, like `lastAccessTime`, once the session is invalidated (JADE). */
  get startTime(): Date | null {
    return dateOf(this.#request.record.startTime)
  }

  /** Accurate to the minute, because activity is written at most once a minute. */
  get lastAccessTime(): Date | null {
    return dateOf(this.#request.record.lastAccessTime)
  }

  /** Minutes without a request after which the session closes; 0 = none. */
  get idleTimeout(): number {
    return this.#request.record.idleMilliseconds / 60_000
  }

  /** When the session ends if it is not used: ISO 8601, UTC; null = never. */
  get expirationDate(): string | null {
    return expirationDateOf(this.#request.record)
  }

  /** A frozen snapshot of the stored data, as read or as this object last wrote it. Write with `use`. */
  get storage(): DeepReadonly<S> {
    const text = this.#request.record.storage
    if (this.#frozen?.text !== text) this.#frozen = { text, storage: frozenStorage<S>(this.#request) }
    return this.#frozen.storage
  }

  /** Whether the session has no privilege (4D). */
  isGuest(): boolean {
    return this.#request.record.grants === '' || this.getPrivileges().length === 0
  }

  /** Whether the session has this privilege: assigned, included in another one, or promoted. Ignores the case of the name. */
  hasPrivilege(name: P): boolean {
    const { context, record } = this.#request
    return context.policy.roles.expand(record.grants).has(name) || this.#promotionsOf(record.id)?.has(name) === true
  }

  /**
   * Grants a privilege for the rest of this request only (4D). `hasPrivilege` sees it; `getPrivileges` and `isGuest` do not.
   * @returns a number above 0 to pass to `demote`; 0 when the privilege is not declared or already promoted.
   */
  promote(privilege: P): number {
    const { context, record } = this.#request
    if (!this.#promotionsOf(record.id))
      this.#promotions = { id: record.id, promotions: new Promotions(context.policy.roles) }
    return this.#promotionsOf(record.id)?.promote(privilege) ?? 0
  }

  /** Undoes a `promote` (4D). Ignores a number that `promote` did not return. */
  demote(promotion: number): void {
    this.#promotions?.promotions.demote(promotion)
  }

  /** Promotions belong to one session id, so a log out or a login drops them. */
  #promotionsOf(id: SessionId): Promotions | undefined {
    return this.#promotions?.id === id ? this.#promotions.promotions : undefined
  }

  /** The public handle of this device's credential; undefined for an unstored guest and for a request-only link. */
  get deviceHandle(): string | undefined {
    const { state } = this.#request
    return state.is === 'live' ? state.credential.handle : undefined
  }

  /** When the user last authenticated on this device; null for a guest and for a device that came by a link. */
  get authenticatedAt(): Date | null {
    const { state } = this.#request
    return state.is === 'live' ? dateOf(state.credential.authenticatedAt) : null
  }

  /** Whether the user authenticated on this device within the last `withinMinutes` minutes. */
  hasRecentLogin(withinMinutes: number): boolean {
    const authenticated = this.authenticatedAt?.getTime()
    return authenticated !== undefined && this.#request.context.clock.now() - authenticated < withinMinutes * 60_000
  }

  /** The id of the session that this request arrived with, even if it has been replaced or has ended; undefined for none. */
  get arrivalId(): SessionId | undefined {
    return this.#request.arrivalId
  }

  /** Whether the previous session of this device ended with a message: read it with `takeMessage`. */
  get hasMessage(): boolean {
    return this.#request.unread !== undefined
  }

  /** The names of all privileges, including those that another privilege includes. Roles are not listed. */
  getPrivileges(): P[] {
    return [...this.#request.context.policy.roles.expand(this.#request.record.grants).names] as P[]
  }

  /** Aborts when this session or this device's credential ends or expires. After a login, read `signal` again. */
  get signal(): AbortSignal {
    const { state } = this.#request
    const watched = `${state.is} ${state.record.id}`
    if (this.#signal?.watched !== watched) this.#signal = { watched, signal: watchEnd(this.#request) }
    return this.#signal.signal
  }

  /**
   * The only way to write the storage (4D's Use). Calls `change` with a copy of the storage. The changed copy is stored
   * atomically before the promise resolves; an exception writes nothing. Calls for one session run one at a time in this process.
   * When another process has written meanwhile, `change` runs again on the newer storage, so it should have no side effects.
   * @returns the result of `change`.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, USE_TIMEOUT (10 s), VALUE_NOT_SHAREABLE, STORAGE_TOO_LARGE,
   * SESSION_LIMIT, HEADERS_SENT (a guest's first write needs a cookie), STORE_UNAVAILABLE.
   */
  async use<T>(change: UseCallback<S, T>): Promise<T> {
    return this.#request.perform('use', (request) => writeStorage(request, change))
  }

  /**
   * Replaces the session's privileges and roles. Another user or an additional privilege rotates the session ID:
   * this object becomes a new session with a new cookie, and the old session's cookies, devices and one-time links are invalid.
   * By default a new session keeps the storage of the same user only, because a guest's storage may have been planted.
   * `keepStorage` overrides that.
   * @throws SessionError SESSION_ENDED when the session has ended and this is no login; HEADERS_SENT, before any change; STORE_UNAVAILABLE.
   */
  async setPrivileges(grant: PrivilegeGrant<P>, options: SetPrivilegesOptions = {}): Promise<void> {
    const fields = readGrant(this.#request.context, grant)
    await this.#request.perform('setPrivileges', (request) => setPrivileges(request, fields, options))
  }

  /** Removes all privileges, which makes the session a guest's. Storage, id and userName stay (4D). */
  async clearPrivileges(): Promise<void> {
    await this.#request.perform('clearPrivileges', clearPrivileges)
  }

  /**
   * Sets the idle timeout in minutes, effective at once. The minimum is `minIdleTimeoutMinutes` (60, 4D) for a web session and
   * 1 minute for a rest session; lower values become the minimum.
   */
  async setIdleTimeout(minutes: number): Promise<void> {
    if (typeof minutes !== 'number' || !Number.isFinite(minutes))
      throw new TypeError('setIdleTimeout() takes a number of minutes.')
    await this.#request.perform('setIdleTimeout', (request) => setIdleTimeout(request, minutes))
  }

  /**
   * Rotates the session ID against session fixation (JADE). A new session replaces this one, and this one's cookies, devices and
   * one-time links are invalid before the call returns. Call it after the password check and before anything sensitive is stored.
   * The new session keeps the user and the privileges, and the storage only with `keepStorage`.
   * @returns the new current session; this object is stale afterwards.
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
   * Rotates this device's cookie and keeps the session; the old cookie is invalid before the call returns. Pass `login: true` after
   * re-authentication, and `others: 'end'` after a change of password.
   * @throws SessionError SESSION_ENDED; HEADERS_SENT, before any change; FEATURE_NOT_AVAILABLE (1068) on a rest session.
   */
  async renew(options: RenewOptions = {}): Promise<void> {
    await this.#request.perform('renew', (request) => rotateCookie(request, options))
  }

  /**
   * Creates a one-time token that opens this session in another browser or device: as `?$4DSID=<token>` in any URL of the
   * application, or through `restore` (4D).
   * @returns 32 upper-case hex digits; '' for a rest session, which has no links.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT (a guest's first link needs a cookie), VALUE_NOT_SHAREABLE.
   */
  async createOTP(options: OTPOptions = {}): Promise<string> {
    if (this.kind === 'rest') return ''
    return this.#request.perform('createOTP', (request) => createOTP(request, options))
  }

  /**
   * Opens a one-time token from the application's own parameter (4D), and makes this object the restored session. An invalid token
   * changes nothing. HEAD, OPTIONS and prefetch requests never open a token.
   * @returns whether this object is now the token's session.
   */
  async restore(token: unknown): Promise<boolean> {
    return this.#request.perform('restore', (request) => restoreSession(request, token))
  }

  /**
   * Logs out on every device of this session, and makes this object a guest's session. A second call does nothing.
   * The log out is stored when the promise resolves.
   * @throws SessionError STORE_UNAVAILABLE; the user then stays logged in.
   */
  async close(): Promise<void> {
    await this.#request.perform('close', closeSession)
  }

  /** Reads the session again, with the writes of other requests. When it has ended, this object becomes a guest's session. */
  async reload(): Promise<void> {
    await this.#request.perform('reload', reloadSession)
  }

  /** Returns the message (see `hasMessage`) once; show it on this page. '' when there is none, or another request has taken it. */
  async takeMessage(): Promise<string> {
    const { unread, context } = this.#request
    if (!unread) return ''
    this.#request.unread = undefined
    return (await context.store.takeMessage(unread)) ?? ''
  }

  /** Waits until no login, log out or first write of this object is in progress. For the middleware. */
  settled(): Promise<void> {
    return this.#request.settle()
  }

  /** Stores the session of a new guest, if this request may begin one. For the middleware. */
  async beginIfAllowed(): Promise<void> {
    if (this.isNew) await beginSessionIfAllowed(this.#request)
  }
}

async function setIdleTimeout(request: RequestSession, minutes: number): Promise<void> {
  await beginSession(request)
  const { clock, policy } = request.context
  const least = request.record.kind === 'web' ? policy.minIdleMilliseconds : 60_000
  const idleMilliseconds = Math.max(minutes * 60_000, least)
  // A session that this request has just created does not count as used until its cookie comes back.
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

// A store may return the same record object to many requests; they share one frozen storage.
const frozenStorages = new WeakMap<SessionRecord, object>()

function frozenStorage<S extends object>({ context, record }: RequestSession): DeepReadonly<S> {
  const storage = frozenStorages.get(record)
  if (storage) return storage as DeepReadonly<S>
  const frozen = deepFreeze(context.format.decode(record.storage) as S)
  // Values from a codec may still be mutable, so each request gets its own copy.
  if (context.policy.codecs.length === 0) frozenStorages.set(record, frozen as object)
  return frozen
}
