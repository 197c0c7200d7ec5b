import type { OTPOptions } from './credentials/otp.ts'
import { answerOf, isStoreUnavailable } from './context.ts'
import { SessionError } from './errors.ts'
import { type PrivilegeGrant, readGrant } from './grants.ts'
import { Hold } from './request-session.ts'
import { refuseNested } from './use-callback.ts'
import { reportPrivileges, secure, setGrants } from './login.ts'
import { endAfter, isGuestRecord } from '../record.ts'
import { type RenewOptions, renew } from './rotate-cookie.ts'
import { restoreSession } from './restore.ts'
import type { SecureOptions } from './replace-session.ts'
import { SessionReading } from './session-reading.ts'
import { writeStorage } from './write-storage.ts'

export interface SetPrivilegesOptions extends SecureOptions {
  /**
   * The user has just proved who he is. Always gives a fresh session and cookie, also when nothing is raised, and never fails
   * because the old session ended meanwhile. Default: true when another user is set; but then a session that had a user and
   * ended meanwhile stays ended.
   */
  login?: boolean
}

/** The session of one request: what handlers see. Made by the middleware. */
export class Session<S extends object = Record<string, unknown>, P extends string = string> extends SessionReading<
  S,
  P
> {
  readonly #hold: Hold

  constructor(hold: Hold) {
    super(hold)
    this.#hold = hold
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
    return this.#hold.createOTP(options)
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
