import { checkFlags, refuseUnknown, typeOf } from '../known-options.ts'
import { endAfter, NEVER, type SessionId, type SessionKind, SWEEP_MARGIN_MILLISECONDS } from '../record.ts'
import { closeSession } from './close-session.ts'
import { checkOTPOptions, OTP_OPTIONS, type OTPOptions } from './credentials/otp.ts'
import { bindingOf } from './device-binding/binding.ts'
import { watchEnd } from './end-signal.ts'
import { SessionError } from './errors.ts'
import { checkFlash, checkTaken, queueFlash, takeFlash } from './flash.ts'
import { refuseCallback, refuseForeignMembers } from './foreign-members.ts'
import { type PrivilegeGrant, readGrant, warnOfUndeclaredCheck } from './grants.ts'
import { lifetimeMilliseconds } from './lifetime.ts'
import { secureSession } from './login.ts'
import { beginForForm, beginSession, beginSessionIfAllowed } from './new-session.ts'
import { createOTP, restoreSession } from './one-time-links.ts'
import { Promotions } from './promotions.ts'
import { checkProof, NO_PROOFS, type Proofs, proofsOf } from './proofs.ts'
import { checkKeepStorage, type SecureOptions } from './replace-session.ts'
import type { LinkOffer, RequestSession } from './request-session.ts'
import { type RenewOptions, rotateCookie } from './rotate-cookie.ts'
import { dateOf, expirationDateOf } from './session-description.ts'
import {
  checkLoginStorage,
  checkRemember,
  clearPrivileges,
  type SetPrivilegesOptions,
  setPrivileges,
} from './set-privileges.ts'
import type { DeepReadonly } from './storage.ts'
import { updateRecord } from './update-record.ts'
import type { UseCallback } from './use-callback.ts'
import { writeStorage } from './write-storage.ts'

export interface DeviceBinding {
  readonly since: Date
  /** The number of failures within an hour since the first of them. */
  readonly failures: number
  readonly lastFailure: Date | null
}

/**
 * The session of one request. The middleware creates this object for the handlers. Comments name the system that a
 * behaviour comes from: (4D), (JADE) or (West Wind).
 */
export class Session<
  in out S extends object = Record<string, unknown>,
  in out P extends string = string,
  in out R extends string = string,
> {
  readonly #request: RequestSession
  #frozen: { text: string; storage: DeepReadonly<S> } | undefined
  #promotions: Promotions | undefined
  #signal: { watched: string; signal: AbortSignal } | undefined
  readonly #isNew: boolean
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
    this.#isNew = request.state.is === 'guest'
  }

  /** Whether this request arrived without a live credential. */
  get isNew(): boolean {
    return this.#isNew
  }

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

  get userId(): string | undefined {
    return this.#request.record.userId ?? undefined
  }

  /** `startTime` and `lastAccessTime` are null when the session is invalidated (JADE): a new session replaced it. */
  get startTime(): Date | null {
    return dateOf(this.#request.record.startTime)
  }

  /** The time of the last request, accurate to the minute. */
  get lastAccessTime(): Date | null {
    return dateOf(this.#request.record.lastAccessTime)
  }

  /** The idle timeout in minutes; 0 for none. */
  get idleTimeout(): number {
    return this.#request.record.idleMilliseconds / 60_000
  }

  /**
   * The time at which the session expires on this device without further requests, in ISO 8601 (UTC); null for never.
   */
  get expirationDate(): string | null {
    const { state } = this.#request
    return expirationDateOf(state.record, state.is === 'live' ? state.credential.expiresAt : NEVER)
  }

  /**
   * The storage, as this object last read or wrote it. The value is frozen: call `use` to change the storage.
   * @throws SessionError STORAGE_UNREADABLE when the stored text is damaged, STORAGE_NEWER, STORAGE_NOT_UPGRADED.
   */
  get storage(): DeepReadonly<S> {
    const text = this.#request.record.storage
    if (this.#frozen?.text !== text) {
      const { context, record } = this.#request
      this.#frozen = { text, storage: context.storage.readFrozen(record) as DeepReadonly<S> }
    }
    return this.#frozen.storage
  }

  /** Returns whether the session has no privileges (4D). */
  isGuest(): boolean {
    return this.#request.record.grants === '' || this.getPrivileges().length === 0
  }

  /**
   * Returns whether the session has this privilege. The privilege may be assigned, included in a role or in another
   * privilege, or promoted. Ignores case. The first check of an undeclared privilege causes a `warning` event.
   */
  hasPrivilege(name: P): boolean {
    const { context, record } = this.#request
    if (context.policy.roles.expand(record.grants).has(name) || this.#hasPromoted(name)) return true
    warnOfUndeclaredCheck(context, name)
    return false
  }

  /**
   * Grants a privilege for the rest of this request (4D). `getPrivileges` and `isGuest` ignore a promoted privilege.
   * @returns a number to pass to `demote`; 0 when the privilege is not declared or already promoted.
   */
  promote(privilege: P): number {
    if (typeof privilege !== 'string')
      throw new TypeError(`promote() takes the name of a privilege, got ${typeOf(privilege)}.`)
    const { context, record } = this.#request
    if (this.#promotions?.sessionId !== record.id) this.#promotions = new Promotions(record.id, context.policy.roles)
    return this.#promotions.promote(privilege)
  }

  /** Revokes a promoted privilege (4D). Ignores a number that `promote` did not return. */
  demote(promotion: number): void {
    this.#promotions?.demote(promotion)
  }

  #hasPromoted(privilege: P): boolean {
    return this.#promotions?.sessionId === this.id && this.#promotions.has(privilege)
  }

  /** The public handle of this device's credential; undefined for an unstored guest and for a request-only link. */
  get deviceHandle(): string | undefined {
    const { state } = this.#request
    return state.is === 'live' ? state.credential.handle : undefined
  }

  /**
   * The binding of this device's cookie to a key of the browser; undefined for a cookie that is not bound. `failures`
   * and `lastFailure` tell of requests that had a copy of the cookie without the key.
   */
  get binding(): DeviceBinding | undefined {
    const { state, context } = this.#request
    const binding = context.policy.deviceBinding && state.is === 'live' ? bindingOf(state.credential) : undefined
    if (!binding) return undefined
    const { since, failures, lastFailure } = binding
    return { since: dateOf(since) ?? new Date(0), failures, lastFailure: failures === 0 ? null : dateOf(lastFailure) }
  }

  /**
   * Whether this request is a guest's because it has a bound cookie without a proof of the key: false, 'page' for a page
   * navigation, or 'fetch' for any other request.
   */
  get bindingFailed(): false | 'page' | 'fetch' {
    const { state, exchange } = this.#request
    if (state.is !== 'guest' || state.refusal !== 'unproved') return false
    return exchange.mayBeginGuest ? 'page' : 'fetch'
  }

  /**
   * Whether to answer with a page that reloads itself, so that the browser proves its key. Only a page that got its
   * session from `readSession` asks for it. Everywhere else, the middleware has sent this page.
   */
  get mustReload(): boolean {
    return this.#request.mustReload
  }

  /** The time of the user's last authentication on this device; null for a guest and for a device that a link added. */
  get authenticatedAt(): Date | null {
    const { state } = this.#request
    return state.is === 'live' ? dateOf(state.credential.authenticatedAt) : null
  }

  /**
   * How the user authenticated on this device, and when: `{ password: Date, passkey: Date }`. Holds the proofs of
   * `setPrivileges` and `renew`; empty for a guest and for a device that a link added.
   */
  get proofs(): Proofs {
    const { state } = this.#request
    return state.is === 'live' ? proofsOf(state.credential) : NO_PROOFS
  }

  /** Returns whether the user has authenticated on this device lately: in any way, or with this proof. */
  hasRecentLogin(withinMinutes: number, proof?: string): boolean {
    const authenticated = (proof === undefined ? this.authenticatedAt : this.proofs[proof])?.getTime()
    if (authenticated === undefined) return false
    const age = this.#request.context.clock.now() - authenticated
    // A damaged time may be far in the future. Such a time does not count as recent.
    return age < withinMinutes * 60_000 && age > -SWEEP_MARGIN_MILLISECONDS
  }

  /** The ID of the session in the cookie of this request, even if the session has ended; undefined for none. */
  get arrivalId(): SessionId | undefined {
    return this.#request.arrivalId
  }

  /**
   * Whether another request has replaced the cookie of this request less than a minute ago, by a login or a rotation. A
   * form that is sent twice can arrive with such a cookie.
   */
  get cookieWasReplaced(): boolean {
    return this.#request.cookieWasReplaced
  }

  /** Whether the previous session of this device ended with a message. `takeMessage` returns the message. */
  get hasMessage(): boolean {
    return this.#request.unread !== undefined
  }

  /** Returns the names of all privileges, including privileges that roles or other privileges include. */
  getPrivileges(): P[] {
    return [...this.#request.context.policy.roles.expand(this.#request.record.grants).names] as P[]
  }

  /** A signal that aborts when this session or this device's credential ends. Read `signal` again after a login. */
  get signal(): AbortSignal {
    const { state } = this.#request
    const watched = `${state.is} ${state.record.id}`
    if (this.#signal?.watched !== watched) this.#signal = { watched, signal: watchEnd(this.#request) }
    return this.#signal.signal
  }

  /**
   * Changes the storage (4D's Use). `change` edits a copy, which is stored atomically before the promise resolves. If
   * `change` throws, nothing is written. In this process, the calls for one session run one at a time.
   * After a conflicting write, `change` runs again on the newer storage. `change` should therefore have no side
   * effects.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, USE_TIMEOUT (10 s), VALUE_NOT_SHAREABLE,
   * STORAGE_TOO_LARGE, STORAGE_UNREADABLE, STORAGE_NEWER, STORAGE_NOT_UPGRADED, SESSION_LIMIT, HEADERS_SENT (a guest's
   * first write needs a cookie), STORE_UNAVAILABLE.
   */
  async use<T>(change: UseCallback<S, T>): Promise<T> {
    return this.#request.perform('use', (request) => writeStorage(request, change))
  }

  /**
   * Queues a text of at most 1,000 characters for the next page, for instance after a form was saved. The session keeps
   * the newest ten texts. They survive a login of the same user. At a login of another user, only the texts that this
   * request queued survive, because an attacker may have planted the others.
   * @throws SessionError FEATURE_NOT_AVAILABLE (1068) for a rest session, STORAGE_TOO_LARGE, and the errors of `use`.
   */
  async flash(message: string, ...more: []): Promise<void> {
    checkFlash(message, more)
    this.#refuseRest('flash')
    await this.#request.perform('flash', (request) => queueFlash(request, message))
  }

  /**
   * Returns and deletes the queued texts, oldest first. With a list, takes only these texts, and leaves the others to
   * their own pages. Of several concurrent calls, exactly one returns a text. Returns an empty list in HEAD, OPTIONS and
   * prefetch requests.
   * @throws SessionError SESSION_ENDED, SESSION_BUSY, STORE_UNAVAILABLE, if there are texts.
   */
  async takeFlash<M extends string = string>(only?: readonly M[]): Promise<M[]> {
    checkTaken(only)
    return this.#request.perform('takeFlash', (request) => takeFlash(request, only))
  }

  /**
   * Begins a guest's session. Call it for a form that must work for every visitor, such as a sign-up. The call succeeds
   * for a POST from a form of this origin, even if the session of the browser's cookie ended less than a minute ago.
   * Does nothing if the session is stored already.
   * @throws SessionError SESSION_ENDED, GUEST_NOT_STARTED, SESSION_LIMIT, HEADERS_SENT, STORE_UNAVAILABLE.
   */
  async begin(): Promise<void> {
    await this.#request.perform('begin', beginForForm)
  }

  /**
   * Replaces the privileges and roles. A call also rotates the session ID if it sets another user, adds a privilege or
   * has `login: true`. This object then represents a new session with a new cookie. All cookies, devices and one-time
   * links of the old session are revoked. If the call sets another user, the new storage is empty, because an attacker
   * could have prepared the old storage. `keepStorage` keeps the old storage or a part of it. A login also stores the values
   * of `storage`, in the same step.
   * @throws SessionError SESSION_ENDED if the session has ended and the call is not a login; HEADERS_SENT (see
   * `docs/errors.md`); STORE_UNAVAILABLE.
   * @throws TypeError for an undeclared name, if the call sets another user or adds a privilege. In other calls, an
   * undeclared name only causes a warning.
   */
  async setPrivileges(
    grant: PrivilegeGrant<P, R>,
    options: SetPrivilegesOptions & { storage?: Partial<S> } = {},
  ): Promise<void> {
    const known = { login: true, keepStorage: true, storage: true, remember: true, proof: true } as const
    refuseUnknown('setPrivileges()', options, known)
    checkFlags('setPrivileges(): ', { login: options.login })
    checkKeepStorage('setPrivileges()', options)
    checkLoginStorage(options)
    checkRemember(options)
    checkProof('setPrivileges()', options)
    const read = readGrant(this.#request.context, grant)
    await this.#request.perform('setPrivileges', (request) => setPrivileges(request, read, options))
  }

  /** Removes all privileges. The storage, the session ID and `userName` do not change (4D). */
  async clearPrivileges(): Promise<void> {
    await this.#request.perform('clearPrivileges', clearPrivileges)
  }

  /** Raises lower values to the minimum: `minIdleTimeoutMinutes` (default 60, 4D), or 1 for a rest session. */
  async setIdleTimeout(minutes: number): Promise<void> {
    const length = lifetimeMilliseconds('setIdleTimeout()', minutes, 'minutes', 0)
    await this.#request.perform('setIdleTimeout', (request) => setIdleTimeout(request, length))
  }

  /**
   * Replaces this session by a session with a new ID, to prevent session fixation (JADE). Call this method after the
   * password check and before sensitive data is stored. The new session keeps the user and the privileges. The new
   * session keeps the storage only if `keepStorage` is set. All cookies, devices and one-time links of the old session
   * are revoked before the promise resolves.
   * @returns the new session. This object is stale afterwards, so its calls throw SESSION_ENDED.
   * @throws SessionError SESSION_ENDED on a stale object, or when a signed-in session has ended; FEATURE_NOT_AVAILABLE
   * (1068) for a rest session; HEADERS_SENT (see `docs/errors.md`).
   */
  async secureSession(options: SecureOptions = {}): Promise<Session<S, P, R>> {
    refuseUnknown('secureSession()', options, { keepStorage: true })
    checkKeepStorage('secureSession()', options)
    const { keepStorage = false } = options
    this.#refuseRest('secureSession')
    return this.#request.perform('secureSession', async (request) => {
      const session = new Session<S, P, R>(await secureSession(request, keepStorage))
      request.exchange.setCurrent(session)
      return session
    })
  }

  /**
   * Replaces this device's cookie and revokes the old cookie before the promise resolves. The session ID does not
   * change. Pass `login: true` after re-authentication. Pass `others: 'end'` after a change of password.
   * @throws SessionError SESSION_ENDED; FEATURE_NOT_AVAILABLE (1068) for a rest session;
   * HEADERS_SENT (see `docs/errors.md`).
   */
  async renew(options: RenewOptions = {}): Promise<void> {
    refuseUnknown('renew()', options, { login: true, others: true, proof: true })
    checkFlags('renew(): ', { login: options.login })
    checkProof('renew()', options)
    const { others = 'keep' } = options
    if (others !== 'keep' && others !== 'end')
      throw new TypeError(`renew(): others is 'keep' or 'end', got ${String(others)}.`)
    await this.#request.perform('renew', (request) => rotateCookie(request, options))
  }

  /**
   * Creates a one-time token that opens this session in another browser or on another device (4D).
   * Add the token to any URL of the application as `?$4DSID=<token>`, or pass it to `restore`.
   * @returns 32 upper-case hex digits; '' for a rest session.
   * @throws SessionError SESSION_ENDED, HEADERS_SENT (a guest's first link needs a cookie), VALUE_NOT_SHAREABLE.
   */
  async createOTP(options: OTPOptions = {}): Promise<string> {
    checkOTPOptions(options, OTP_OPTIONS)
    if (this.kind === 'rest') return ''
    return this.#request.perform('createOTP', (request) => createOTP(request, options))
  }

  /**
   * Redeems a one-time token that is not in the URL parameter `$4DSID`, for instance from a form field (4D). Returns
   * whether this object now has the token's session. An invalid token changes nothing. HEAD, OPTIONS and prefetch
   * requests never redeem a token.
   */
  async restore(token: unknown): Promise<boolean> {
    return this.#request.perform('restore', (request) => restoreSession(request, token))
  }

  /**
   * Ends the session on every device before the promise resolves. This object becomes a guest's session.
   * @throws SessionError STORE_UNAVAILABLE. In this case, the user stays logged in.
   */
  close(...callback: []): Promise<void> {
    refuseCallback('close', callback)
    return this.#request.perform('close', closeSession)
  }

  /** Reads the session from the store again. If the session has ended, this object becomes a guest's session. */
  reload(...callback: []): Promise<void> {
    refuseCallback('reload', callback)
    return this.#request.perform('reload', reloadSession)
  }

  /** Returns and deletes the message (see `hasMessage`). Returns '' when there is no message. */
  async takeMessage(): Promise<string> {
    const { unread, context } = this.#request
    if (!unread) return ''
    this.#request.unread = undefined
    return (await context.store.takeMessage(unread)) ?? ''
  }

  /** For the middleware: whether no call is pending. */
  get isSettled(): boolean {
    return this.#request.isSettled
  }

  /** For the middleware: waits for all pending calls on this object and on the object that `secureSession` returned. */
  settled(): Promise<void> {
    return this.#request.settle()
  }

  #refuseRest(call: string): void {
    if (this.kind !== 'rest') return
    throw new SessionError(
      'FEATURE_NOT_AVAILABLE',
      `Feature not available in this release: ${call}() is for web sessions.`,
    )
  }

  /** For the middleware: stores the session of a new guest, if this request may begin one. */
  async beginIfAllowed(): Promise<void> {
    if (this.isNew) await beginSessionIfAllowed(this.#request)
  }
}

refuseForeignMembers(Session.prototype)

async function setIdleTimeout(request: RequestSession, wanted: number): Promise<void> {
  await beginSession(request)
  const { clock, policy } = request.context
  const least = request.record.kind === 'web' ? policy.minIdleMilliseconds : 60_000
  const idleMilliseconds = Math.max(wanted, least)
  // A new session counts as used only after the browser has sent its cookie. Until then, `lastAccessTime` is kept.
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
