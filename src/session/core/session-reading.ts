import { watchEnd } from './end-signal.ts'
import { frozenStorage } from './frozen-storage.ts'
import type { Hold, LinkOffer } from './request-session.ts'
import { Promotions } from './promotions.ts'
import type { SessionId, SessionKind } from '../record.ts'
import { dateOf, expirationDateOf } from './session-description.ts'
import type { DeepReadonly } from './storage.ts'

/** What can be read of a session; nothing here asks the store. */
export class SessionReading<S extends object = Record<string, unknown>, P extends string = string> {
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
}
