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

/** The session of one request: what handlers see. Made by the middleware. */
export class Session<S extends object = Record<string, unknown>, P extends string = string> {
  readonly #request: RequestSession
  #frozen: { text: string; storage: DeepReadonly<S> } | undefined
  #promotions: { id: SessionId; lent: Promotions } | undefined
  #signal: { watched: string; signal: AbortSignal } | undefined
  /** Whether this request came without a live credential. */
  readonly isNew: boolean
  /** `false`, or what `createOTP` was given, when this request came in through a one-time link. */
  get restored(): false | { data: unknown } {
    return this.#request.restored ?? false
  }

  /** A one-time link came with this request and waits to be confirmed; `undefined` otherwise. */
  get offer(): LinkOffer | undefined {
    return this.#request.offer
  }

  constructor(request: RequestSession) {
    this.#request = request
    this.isNew = request.state.is === 'guest'
  }

  /** Public handle; may appear in lists, logs and URLs. */
  get id(): SessionId {
    return this.#request.record.id
  }

  /** Fixed when the session begins: a cookie makes a web session, a bearer token a rest session. */
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

  /** null, like `lastAccessTime`, when the session was invalidated (JADE). */
  get startTime(): Date | null {
    return dateOf(this.#request.record.startTime)
  }

  /** To the minute: a session that is in use is written at most once a minute. */
  get lastAccessTime(): Date | null {
    return dateOf(this.#request.record.lastAccessTime)
  }

  /** Minutes without a request after which the session closes; 0 = none. */
  get idleTimeout(): number {
    return this.#request.record.idleMilliseconds / 60_000
  }

  /** When the session will end if nothing more comes: ISO 8601, UTC; null = never. */
  get expirationDate(): string | null {
    return expirationDateOf(this.#request.record)
  }

  /** What the session keeps: a frozen snapshot, as read or as left by this object's last awaited write. Write with `use`. */
  get storage(): DeepReadonly<S> {
    const text = this.#request.record.storage
    if (this.#frozen?.text !== text) this.#frozen = { text, storage: frozenStorage<S>(this.#request) }
    return this.#frozen.storage
  }

  /** A session without any privilege is a guest's (4D). */
  isGuest(): boolean {
    return this.#request.record.grants === '' || this.getPrivileges().length === 0
  }

  /** Whether the session has this privilege, directly, included in another, or lent. The case of the name does not matter. */
  hasPrivilege(name: P): boolean {
    const { context, record } = this.#request
    return context.policy.roles.expand(record.grants).has(name) || this.#promotionsOf(record.id)?.has(name) === true
  }

  /**
   * Lends a privilege to this request (4D), and to no other: `hasPrivilege` is true then, `getPrivileges` and `isGuest` stay.
   * @returns a number above 0 for `demote`; 0 for a privilege that is not declared or was lent already.
   */
  promote(privilege: P): number {
    const { context, record } = this.#request
    if (!this.#promotionsOf(record.id)) this.#promotions = { id: record.id, lent: new Promotions(context.policy.roles) }
    return this.#promotionsOf(record.id)?.promote(privilege) ?? 0
  }

  /** Takes back what `promote` lent. A number that it never answered does nothing. */
  demote(promotion: number): void {
    this.#promotions?.lent.demote(promotion)
  }

  /** What was lent goes with the session: after a log out or a login nothing of it is left. */
  #promotionsOf(id: SessionId): Promotions | undefined {
    return this.#promotions?.id === id ? this.#promotions.lent : undefined
  }

  /** The public handle of this device among those of the session; undefined for a guest, and for a session that is only borrowed. */
  get deviceHandle(): string | undefined {
    const { state } = this.#request
    return state.is === 'live' ? state.credential.handle : undefined
  }

  /** When the user last proved their identity on this device; null for a guest, and for a device that came by a link. */
  get authenticatedAt(): Date | null {
    const { state } = this.#request
    return state.is === 'live' ? dateOf(state.credential.authenticatedAt) : null
  }

  /** Whether the user proved their identity on this device in the last so many minutes. */
  hasRecentLogin(withinMinutes: number): boolean {
    const proved = this.authenticatedAt?.getTime()
    return proved !== undefined && this.#request.context.clock.now() - proved < withinMinutes * 60_000
  }

  /** The id of the session that this request came with, also when it was replaced or has ended; undefined for none. */
  get arrivalId(): SessionId | undefined {
    return this.#request.arrivalId
  }

  /** Whether an administrator left a message for this device when its session ended. */
  get hasMessage(): boolean {
    return this.#request.unread !== undefined
  }

  /** All privileges, included ones too; no roles. */
  getPrivileges(): P[] {
    return [...this.#request.context.policy.roles.expand(this.#request.record.grants).names] as P[]
  }

  /** Aborts when this request's credential or its session ends, expiry included. Made on first use; take it anew after a login. */
  get signal(): AbortSignal {
    const { state } = this.#request
    const watched = `${state.is} ${state.record.id}`
    if (this.#signal?.watched !== watched) this.#signal = { watched, signal: watchEnd(this.#request) }
    return this.#signal.signal
  }

  /**
   * The only way to write the storage (4D's Use). Calls `change` with a copy; what it leaves there is stored, whole or not at
   * all, before the promise resolves. No other write of this process runs meanwhile; when another process was faster,
   * `change` runs again on the newer storage: it should only compute and change. An exception writes nothing.
   * @returns what `change` returned.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, USE_TIMEOUT (10 s), VALUE_NOT_SHAREABLE, STORAGE_TOO_LARGE,
   * SESSION_LIMIT, HEADERS_SENT (a guest's first write needs a cookie), STORE_UNAVAILABLE.
   */
  async use<T>(change: UseCallback<S, T>): Promise<T> {
    return this.#request.perform('use', (request) => writeStorage(request, change))
  }

  /**
   * Replaces the session's privileges and roles. When that raises trust (another user, or a privilege that was not there) the
   * session is replaced first: a new id and cookie, every older cookie, device and one-time link of it dead. This object then
   * is the new session. Storage goes along only when it was the same user's, or as `keepStorage` says: what a guest's session
   * holds may have been planted.
   * @throws SessionError SESSION_ENDED when the session ended meanwhile and this is no login; HEADERS_SENT before any change.
   */
  async setPrivileges(grant: PrivilegeGrant<P>, options: SetPrivilegesOptions = {}): Promise<void> {
    const fields = readGrant(this.#request.context, grant)
    await this.#request.perform('setPrivileges', (request) => setPrivileges(request, fields, options))
  }

  /** Makes the session a guest's again; storage, id and userName stay (4D). */
  async clearPrivileges(): Promise<void> {
    await this.#request.perform('clearPrivileges', clearPrivileges)
  }

  /** Sets the idle timeout in minutes; less than the floor (60, 4D) becomes the floor of a web session. The end moves at once. */
  async setIdleTimeout(minutes: number): Promise<void> {
    if (typeof minutes !== 'number' || !Number.isFinite(minutes))
      throw new TypeError('setIdleTimeout() takes a number of minutes.')
    await this.#request.perform('setIdleTimeout', (request) => setIdleTimeout(request, minutes))
  }

  /**
   * JADE's defence against session fixation: makes a new session the current one and invalidates this one with all its
   * cookies, devices and one-time links before the call returns. Call it once the credentials were checked and before
   * anything sensitive is stored. User and privileges go along; storage does not unless asked.
   * @returns the new current session; this object is stale from now on.
   * @throws SessionError SESSION_ENDED on a stale object, or when a signed-in session ended meanwhile;
   * FEATURE_NOT_AVAILABLE (1068) on a rest session; HEADERS_SENT before any change.
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
   * Gives this device a fresh cookie for the same session; the one it came with is dead before the call returns. Call it with
   * `login` when the user has typed the password again, with `others: 'end'` when the password has changed.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT before any change, FEATURE_NOT_AVAILABLE on a rest session.
   */
  async renew(options: RenewOptions = {}): Promise<void> {
    await this.#request.perform('renew', (request) => rotateCookie(request, options))
  }

  /**
   * Makes a one-time token that brings this session to another browser or device, as `?$4DSID=<token>` in any URL of the
   * application, or through `restore` (4D).
   * @returns 32 upper-case hex digits; '' for a rest session, which has no links.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT (a guest's first link stores the session), VALUE_NOT_SHAREABLE.
   */
  async createOTP(options: OTPOptions = {}): Promise<string> {
    if (this.kind === 'rest') return ''
    return this.#request.perform('createOTP', (request) => createOTP(request, options))
  }

  /**
   * Opens a one-time token that came in a parameter of the application's own (4D). Afterwards this object is the restored
   * session. An invalid token changes nothing, and so does any on HEAD, OPTIONS and prefetches.
   */
  async restore(token: unknown): Promise<boolean> {
    return this.#request.perform('restore', (request) => restoreSession(request, token))
  }

  /**
   * Logs out here and on every device of this session; this object is a guest then. Doing it twice is harmless.
   * Resolved means stored: a store that is down makes it throw STORE_UNAVAILABLE, and the user stays logged in.
   */
  async close(): Promise<void> {
    await this.#request.perform('close', closeSession)
  }

  /** Reads the session again, to see what others wrote since. An ended one turns into a guest's. */
  async reload(): Promise<void> {
    await this.#request.perform('reload', reloadSession)
  }

  /** Takes that message, once: show it on the page that is being made. '' when there is none, or another request was faster. */
  async takeMessage(): Promise<string> {
    const { unread, context } = this.#request
    if (!unread) return ''
    this.#request.unread = undefined
    return (await context.store.takeMessage(unread)) ?? ''
  }

  /** Waits until no login, log out or first write of this object is under way. For the middleware. */
  settled(): Promise<void> {
    return this.#request.settle()
  }

  /** Stores a guest's session that nothing was stored for yet, if this request may. For the middleware. */
  async beginIfAllowed(): Promise<void> {
    if (this.isNew) await beginSessionIfAllowed(this.#request)
  }
}

/** The end moves at once. */
async function setIdleTimeout(request: RequestSession, minutes: number): Promise<void> {
  await beginSession(request)
  const { clock, policy } = request.context
  const least = request.record.kind === 'web' ? policy.minIdleMilliseconds : 60_000
  const idleMilliseconds = Math.max(minutes * 60_000, least)
  // A session that this very request began was not used yet: only its browser can do that.
  const isUsed = !(request.state.is === 'live' && request.state.unsent)
  await updateRecord(request, (current) => {
    const lastAccessTime = Math.max(current.lastAccessTime ?? 0, isUsed ? clock.now() : 0)
    const end = endAfter(lastAccessTime, idleMilliseconds, current.absoluteEnd)
    return { changes: { idleMilliseconds, lastAccessTime, end }, answer: undefined }
  })
}

/** Reads the session again; one that ended becomes a guest's. */
async function reloadSession(request: RequestSession): Promise<void> {
  const { state, context } = request
  if (state.is !== 'live') return
  const found = await context.store.find({ id: state.record.id, hash: state.credential.hash })
  if (found?.state === 'live') request.state = { ...state, record: found.session, credential: found.credential }
  else request.becomeGuest('just-ended')
}

// A store may answer the same record to many requests; then they share one frozen storage.
const frozenStorages = new WeakMap<SessionRecord, object>()

/** What a record keeps, as a snapshot that cannot be written to. */
function frozenStorage<S extends object>({ context, record }: RequestSession): DeepReadonly<S> {
  const storage = frozenStorages.get(record)
  if (storage) return storage as DeepReadonly<S>
  const frozen = deepFreeze(context.format.decode(record.storage) as S)
  // What a codec makes may not be frozen through and through, so each request gets its own.
  if (context.policy.codecs.length === 0) frozenStorages.set(record, frozen as object)
  return frozen
}
