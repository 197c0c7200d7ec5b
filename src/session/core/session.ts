import { endAfter, isGuestRecord, type SessionId, type SessionKind, type SessionRecord } from '../record.ts'
import { answerOf, isStoreUnavailable } from './context.ts'
import type { OTPOptions } from './credentials/otp.ts'
import { watchEnd } from './end-signal.ts'
import { SessionError } from './errors.ts'
import { type PrivilegeGrant, readGrant } from './grants.ts'
import { reportPrivileges, secure, setGrants } from './login.ts'
import { createOTP, restoreSession } from './one-time-links.ts'
import type { SecureOptions } from './replace-session.ts'
import { Hold, type LinkOffer } from './request-session.ts'
import { formatGrants, type Roles } from './roles.ts'
import { type RenewOptions, renew } from './rotate-cookie.ts'
import { dateOf, expirationDateOf } from './session-description.ts'
import { type DeepReadonly, deepFreeze, EMPTY_STORAGE } from './storage.ts'
import { refuseNested, runInside } from './use-callback.ts'

export interface SetPrivilegesOptions extends SecureOptions {
  /**
   * The user has just proved who he is. Always gives a fresh session and cookie, also when nothing is raised, and never fails
   * because the old session ended meanwhile. Default: true when another user is set; but then a session that had a user and
   * ended meanwhile stays ended.
   */
  login?: boolean
}

/** The session of one request: what handlers see. Made by the middleware. */
export class Session<S extends object = Record<string, unknown>, P extends string = string> {
  readonly #hold: Hold
  #frozen: { text: string; storage: DeepReadonly<S> } | undefined
  #promotions: { id: SessionId; lent: Promotions } | undefined
  #signal: { watched: string; signal: AbortSignal } | undefined
  /** Whether this request came without a live credential. */
  readonly isNew: boolean
  /** `false`, or what `createOTP` was given, when this request came in through a one-time link. */
  get restored(): false | { data: unknown } {
    return this.#hold.restored ?? false
  }

  /** A one-time link came with this request and waits to be confirmed; `undefined` otherwise. */
  get offer(): LinkOffer | undefined {
    return this.#hold.offer
  }

  constructor(hold: Hold) {
    this.#hold = hold
    this.isNew = hold.state.is === 'guest'
  }

  /** Public handle; may appear in lists, logs and URLs. */
  get id(): SessionId {
    return this.#hold.record.id
  }

  /** Fixed when the session begins: a cookie makes a web session, a bearer token a rest session. */
  get kind(): SessionKind {
    return this.#hold.record.kind
  }

  /** '' until set (4D). Set it with `setPrivileges`. */
  get userName(): string {
    return this.#hold.record.userName
  }

  /** A reference into the application's own tables. */
  get userId(): string | undefined {
    return this.#hold.record.userId ?? undefined
  }

  /** null, like `lastAccessTime`, when the session was invalidated (JADE). */
  get startTime(): Date | null {
    return dateOf(this.#hold.record.startTime)
  }

  /** To the minute: a session that is in use is written at most once a minute. */
  get lastAccessTime(): Date | null {
    return dateOf(this.#hold.record.lastAccessTime)
  }

  /** Minutes without a request after which the session closes; 0 = none. */
  get idleTimeout(): number {
    return this.#hold.record.idleMilliseconds / 60_000
  }

  /** When the session will end if nothing more comes: ISO 8601, UTC; null = never. */
  get expirationDate(): string | null {
    return expirationDateOf(this.#hold.record)
  }

  /** What the session keeps: a frozen snapshot, as read or as left by this object's last awaited write. Write with `use`. */
  get storage(): DeepReadonly<S> {
    const text = this.#hold.record.storage
    if (this.#frozen?.text !== text) this.#frozen = { text, storage: frozenStorage<S>(this.#hold) }
    return this.#frozen.storage
  }

  /** A session without any privilege is a guest's (4D). */
  isGuest(): boolean {
    return this.#hold.record.grants === '' || this.getPrivileges().length === 0
  }

  /** Whether the session has this privilege, directly, included in another, or lent. The case of the name does not matter. */
  hasPrivilege(name: P): boolean {
    const { engine, record } = this.#hold
    return engine.policy.roles.expand(record.grants).has(name) || this.#promotionsOf(record.id)?.has(name) === true
  }

  /**
   * Lends a privilege to this request (4D), and to no other: `hasPrivilege` is true then, `getPrivileges` and `isGuest` stay.
   * @returns a number above 0 for `demote`; 0 for a privilege that is not declared or was lent already.
   */
  promote(privilege: P): number {
    const { engine, record } = this.#hold
    if (!this.#promotionsOf(record.id)) this.#promotions = { id: record.id, lent: new Promotions(engine.policy.roles) }
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
    const { state } = this.#hold
    return state.is === 'live' ? state.credential.handle : undefined
  }

  /** When the user last proved on this device who he is; null for a guest, and for a device that came by a link. */
  get authenticatedAt(): Date | null {
    const { state } = this.#hold
    return state.is === 'live' ? dateOf(state.credential.authenticatedAt) : null
  }

  /** Whether the user proved on this device, in the last so many minutes, who he is. */
  hasRecentLogin(withinMinutes: number): boolean {
    const proved = this.authenticatedAt?.getTime()
    return proved !== undefined && this.#hold.engine.policy.clock.now() - proved < withinMinutes * 60_000
  }

  /** The id of the session that this request came with, also when it was replaced or has ended; undefined for none. */
  get arrivalId(): SessionId | undefined {
    return this.#hold.arrivalId
  }

  /** Whether an administrator left a message for this device when its session ended. */
  get hasMessage(): boolean {
    return this.#hold.unread !== undefined
  }

  /** All privileges, included ones too; no roles. */
  getPrivileges(): P[] {
    return [...this.#hold.engine.policy.roles.expand(this.#hold.record.grants).names] as P[]
  }

  /** Aborts when this request's credential or its session ends, expiry included. Made on first use; take it anew after a login. */
  get signal(): AbortSignal {
    const { state } = this.#hold
    const watched = `${state.is} ${state.record.id}`
    if (this.#signal?.watched !== watched) this.#signal = { watched, signal: watchEnd(this.#hold) }
    return this.#signal.signal
  }

  /**
   * The only way to write the storage (4D's Use). Calls `change` with a copy; what it leaves there is stored, whole or not at
   * all, before the promise resolves. Nobody else in this process is inside meanwhile; when another process was faster,
   * `change` runs again on the newer storage: it should only compute and change. An exception writes nothing.
   * @returns what `change` returned.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, USE_TIMEOUT (10 s), VALUE_NOT_SHAREABLE, STORAGE_TOO_LARGE,
   * SESSION_LIMIT, HEADERS_SENT (a guest's first write needs a cookie), STORE_UNAVAILABLE.
   */
  async use<T>(change: (storage: S) => T | Promise<T>): Promise<T> {
    const hold = this.#hold
    hold.refuseStale()
    refuseNested(this.id)
    await hold.settle()
    return writeStorage(hold, change)
  }

  /**
   * Replaces the session's privileges and roles. When that raises trust (another user, or a privilege that was not there) the
   * session is secured first: a new id and cookie, every older cookie, device and one-time link of it dead. This object then
   * is the new session. Storage goes along only when it was the same user's, or as `keepStorage` says: what a guest's session
   * holds may have been planted.
   * @throws SessionError SESSION_ENDED when the session ended meanwhile and this is no login; HEADERS_SENT before any change.
   */
  async setPrivileges(grant: PrivilegeGrant<P>, { login, keepStorage }: SetPrivilegesOptions = {}): Promise<void> {
    const hold = this.#hold
    hold.refuseStale()
    refuseNested(this.id)
    const fields = readGrant(hold.engine, grant)
    await hold.inTurn(() => setGrants(hold, fields, login, keepStorage))
  }

  /** Makes the session a guest's again; storage, id and userName stay (4D). */
  async clearPrivileges(): Promise<void> {
    this.#hold.refuseStale()
    refuseNested(this.id)
    await this.#hold.settle()
    this.#hold.refuseBorrowed()
    if (this.#hold.state.is === 'guest') return
    await this.#hold.change((current) => ({
      changes: current.grants === '' ? undefined : { grants: '' },
      answer: undefined,
    }))
    reportPrivileges(this.#hold)
  }

  /** Sets the idle timeout in minutes; less than the floor (60, 4D) becomes the floor of a web session. The end moves at once. */
  async setIdleTimeout(minutes: number): Promise<void> {
    if (typeof minutes !== 'number' || !Number.isFinite(minutes))
      throw new TypeError('setIdleTimeout() takes a number of minutes.')
    refuseNested(this.id)
    this.#hold.refuseBorrowed()
    await this.#hold.begin()
    const { clock, minIdleMilliseconds } = this.#hold.engine.policy
    const least = this.kind === 'web' ? minIdleMilliseconds : 60_000
    const idleMilliseconds = Math.max(minutes * 60_000, least)
    // A session that this very request began was not used yet: only its browser can do that.
    const isUsed = !(this.#hold.state.is === 'live' && this.#hold.state.unsent)
    await this.#hold.change((current) => {
      const lastAccessTime = Math.max(current.lastAccessTime ?? 0, isUsed ? clock.now() : 0)
      const end = endAfter(lastAccessTime, idleMilliseconds, current.absoluteEnd)
      return { changes: { idleMilliseconds, lastAccessTime, end }, answer: undefined }
    })
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
    const hold = this.#hold
    hold.refuseStale()
    refuseNested(this.id)
    const next = await hold.inTurn(async () => {
      const successor = new Hold(hold.engine, hold.carrier, hold.state)
      successor.arrivalId = hold.arrivalId
      successor.successor = hold.successor
      const login = isGuestRecord(hold.record)
      await secure(successor, { login, afresh: login && !hold.lostUser, keepStorage })
      return successor
    })
    hold.becomeStale()
    const session = new Session<S, P>(next)
    hold.carrier.setCurrent(session)
    return session
  }

  /**
   * Gives this device a fresh cookie for the same session; the one it came with is dead before the call returns. Call it with
   * `login` when the user has typed his password again, with `others: 'end'` when he changed it.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT before any change, FEATURE_NOT_AVAILABLE on a rest session.
   */
  async renew(options: RenewOptions = {}): Promise<void> {
    refuseNested(this.id)
    await this.#hold.inTurn(() => renew(this.#hold, options))
  }

  /**
   * Makes a one-time token that brings this session to another browser or device, as `?$4DSID=<token>` in any URL of the
   * application, or through `restore` (4D).
   * @returns 32 upper-case hex digits; '' for a rest session, which has no links.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT (a guest's first link stores his session), VALUE_NOT_SHAREABLE.
   */
  async createOTP(options: OTPOptions = {}): Promise<string> {
    if (this.kind === 'rest') return ''
    this.#hold.refuseStale()
    refuseNested(this.id)
    await this.#hold.settle()
    return createOTP(this.#hold, options)
  }

  /**
   * Opens a one-time token that came in a parameter of the application's own (4D). Afterwards this object is the restored
   * session. An invalid token changes nothing, and so does any on HEAD, OPTIONS and prefetches.
   */
  async restore(token: unknown): Promise<boolean> {
    this.#hold.refuseStale()
    refuseNested(this.id)
    await this.#hold.settle()
    return this.#hold.inTurn(() => restoreSession(this.#hold, token))
  }

  /**
   * Logs out here and on every device of this session; this object is a guest then. Doing it twice is harmless.
   * Resolved means stored: a store that is down makes it throw STORE_UNAVAILABLE, and nobody is told that he is out.
   */
  async close(): Promise<void> {
    refuseNested(this.id)
    await this.#hold.inTurn(() => this.#hold.close())
  }

  /** Reads the session again, to see what others wrote since. An ended one turns into a guest's. */
  async reload(): Promise<void> {
    refuseNested(this.id)
    await this.#hold.settle()
    await this.#hold.reload()
  }

  /** Takes that message, once: show it on the page that is being made. '' when there is none, or somebody else was faster. */
  async takeMessage(): Promise<string> {
    const { unread, engine } = this.#hold
    if (!unread) return ''
    this.#hold.unread = undefined
    const { store, appName, clock } = engine.policy
    return (await answerOf(store.takeMessage(appName, unread.hash, clock.now()))) ?? ''
  }

  /** Waits until no login, log out or first write of this object is under way. For the middleware. */
  settled(): Promise<void> {
    return this.#hold.settle()
  }

  /** Stores a guest's session that nothing was stored for yet, if this request may. For the middleware. */
  async beginIfAllowed(): Promise<void> {
    const { state, carrier } = this.#hold
    if (!this.isNew || state.is !== 'guest' || state.refusal !== undefined || carrier.headersSent()) return
    if (this.hasMessage) return // a guest's cookie would take away what the message is waiting for
    try {
      await this.#hold.begin()
    } catch (error) {
      // Too many sessions, or no store: this visitor is nobody yet, so nothing is lost, and he gets his page without one.
      if (isStoreUnavailable(error))
        this.#hold.engine.events.emit('warning', { message: 'A visitor’s session could not be stored.', error })
      else if (!(error instanceof SessionError && error.code === 'SESSION_LIMIT')) throw error
    }
  }
}

/** The privileges that a request was lent (4D's promote and demote). They are nowhere but in this object. */
class Promotions {
  readonly #roles: Roles
  readonly #lent = new Map<number, { name: string; has(name: string): boolean }>()
  #latest = 0

  constructor(roles: Roles) {
    this.#roles = roles
  }

  promote(privilege: string): number {
    const { grants, unknown } = this.#roles.recognise({ privileges: [privilege], roles: [] })
    const [name] = grants.privileges
    if (unknown.length > 0 || name === undefined || this.#isLent(name)) return 0
    this.#latest++
    this.#lent.set(this.#latest, { name, has: (wanted) => this.#roles.expand(formatGrants(grants)).has(wanted) })
    return this.#latest
  }

  demote(promotion: number): void {
    this.#lent.delete(promotion)
  }

  has(privilege: string): boolean {
    return [...this.#lent.values()].some(({ has }) => has(privilege))
  }

  #isLent(name: string): boolean {
    return [...this.#lent.values()].some((lent) => lent.name === name)
  }
}

// A store may answer the same record to many requests; then they share one frozen storage.
const frozenStorages = new WeakMap<SessionRecord, object>()

/** What a record keeps, as a snapshot that cannot be written to. */
function frozenStorage<S extends object>({ engine, record }: Hold): DeepReadonly<S> {
  const storage = frozenStorages.get(record)
  if (storage) return storage as DeepReadonly<S>
  const frozen = deepFreeze(engine.format.decode(record.storage) as S)
  // What a codec makes may not be frozen through and through, so each request gets its own.
  if (engine.policy.codecs.length === 0) frozenStorages.set(record, frozen as object)
  return frozen
}

/** What `use` is given: changes the copy that it gets. */
type StorageChange<S, T> = (storage: S) => T | Promise<T>

/** Changes the storage of a session; a guest's is stored with it for the first time. */
async function writeStorage<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  if (hold.state.is !== 'guest') return writeStored(hold, change)
  return hold.inTurn(() => (hold.state.is === 'guest' ? writeFirst(hold, change) : writeStored(hold, change)))
}

/** The first write of a guest: what it leaves is stored together with the session, or nothing is. */
async function writeFirst<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  hold.refuseBegin()
  const storage = hold.engine.format.decode(EMPTY_STORAGE) as S
  const answer = await runInside(hold.engine, hold.record.id, change, storage)
  const text = hold.engine.format.encode(storage)
  if (text !== EMPTY_STORAGE) await hold.create({ storage: text }, false)
  return answer
}

function writeStored<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  const { engine } = hold
  return hold.change(async (current) => {
    const storage = engine.format.decode(current.storage) as S
    const answer = await runInside(engine, current.id, change, storage)
    const text = engine.format.encode(storage)
    return { changes: text === current.storage ? undefined : { storage: text }, answer }
  })
}
