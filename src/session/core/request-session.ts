import { type Credential, isGuestRecord, type SessionId, type SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { notSignedIn, SessionError, sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { refuseNested } from './use-callback.ts'

/** Why this request must not begin a guest's session: its own session has just ended, or it is not a page navigation. */
export type Refusal = 'just-ended' | 'request'

/**
 * The state of a session object. `live`: stored, with a credential; `unsent` means that this request created it, so no client has its
 * cookie yet. `request-only`: opened by a request-only link. `guest`: not stored. `stale`: replaced by another object.
 */
export type RequestState =
  | { is: 'live'; record: SessionRecord; credential: Credential; unsent: boolean }
  | { is: 'request-only'; record: SessionRecord }
  | { is: 'guest'; record: SessionRecord; refusal: Refusal | undefined }
  | { is: 'stale'; record: SessionRecord }

/** A one-time link that waits for confirmation: the data for the confirmation page. */
export interface LinkOffer {
  /** The user of the link's session; '' for a guest. */
  userName: string
  /** The user whose session in this browser it would replace; undefined for none. */
  instead: string | undefined
}

/** The preconditions of the operations. Each guard throws when its precondition is not met. */
const GUARDS = {
  current({ state }) {
    if (state.is === 'stale')
      throw sessionEnded('This session was replaced by another one; use the one that secureSession() returned.')
  },
  outsideUse({ record }) {
    refuseNested(record.id)
  },
  /** The caller of a request-only link may read and write the storage, but not change, end or share the session. */
  own({ state }) {
    if (state.is === 'request-only')
      throw new SessionError(
        'FEATURE_NOT_AVAILABLE',
        'This request came by a request-only link, so it may only read and write the storage.',
      )
  },
  /** A rest session cannot rotate its token, because its client would not read a new one from the response. */
  web(request) {
    if (request.record.kind !== 'rest') return
    if (request.state.is === 'guest') GUARDS.mayBegin(request)
    throw new SessionError(
      'FEATURE_NOT_AVAILABLE',
      'Feature not available in this release: a rest session cannot gain a user or a privilege. Sign in again with newSession().',
    )
  },
  live({ state }) {
    if (state.is !== 'live') throw sessionEnded()
  },
  cookie({ exchange }) {
    if (exchange.headersSent())
      throw new SessionError(
        'HEADERS_SENT',
        'The response has begun, so its cookie can no longer change. Call this before the body is sent.',
      )
  },
  mayBegin(request) {
    const refusal = request.state.is === 'guest' ? request.state.refusal : undefined
    if (refusal === 'just-ended') throw sessionEnded()
    if (request.record.kind === 'rest') throw notSignedIn()
    if (refusal === 'request')
      throw new SessionError(
        'GUEST_NOT_STARTED',
        'This request cannot begin a session, because it does not open a page. Open a page first.',
      )
    GUARDS.cookie(request)
  },
} satisfies Record<string, (request: RequestSession) => void>

type Guard = keyof typeof GUARDS

interface Needs {
  /** Checked in this order when the operation is called. */
  called: readonly Guard[]
  /** `settled` waits until no turn is in progress. `turn` queues the operation as a turn of its own, in call order. */
  waits: 'settled' | 'turn'
  /** Checked in this order after the wait. */
  begun: readonly Guard[]
}

const OPERATIONS = {
  use: { called: ['current', 'outsideUse'], waits: 'settled', begun: [] },
  setPrivileges: { called: ['current', 'outsideUse'], waits: 'turn', begun: ['current', 'own'] },
  clearPrivileges: { called: ['current', 'outsideUse'], waits: 'settled', begun: ['own'] },
  setIdleTimeout: { called: ['outsideUse', 'own', 'current'], waits: 'settled', begun: [] },
  secureSession: { called: ['current', 'outsideUse'], waits: 'turn', begun: ['current', 'own', 'cookie'] },
  renew: { called: ['outsideUse'], waits: 'turn', begun: ['current', 'own', 'web', 'live', 'cookie'] },
  createOTP: { called: ['current', 'outsideUse'], waits: 'settled', begun: ['own', 'current'] },
  restore: { called: ['current', 'outsideUse'], waits: 'turn', begun: [] },
  close: { called: ['outsideUse'], waits: 'turn', begun: ['current', 'own'] },
  reload: { called: ['outsideUse'], waits: 'settled', begun: ['current'] },
} satisfies Record<string, Needs>

type Operation = keyof typeof OPERATIONS

/** The session of one request: its state, and the order and preconditions of its operations. */
export class RequestSession {
  readonly context: Context
  readonly exchange: Exchange
  state: RequestState
  /** The data of the one-time link that brought this request. */
  restored: { data: unknown } | undefined
  /** The one-time link of this request that waits for the user's confirmation. */
  offer: LinkOffer | undefined
  /** A signed-in session ended during this request. Only a login may set a user again. */
  lostUser = false
  /** The session that the request arrived with, live or ended. */
  arrivalId: SessionId | undefined
  /** The credential of the ended session that has a message for this device. */
  unread: { hash: string } | undefined
  /** The session that replaced the one that the request arrived with. */
  successor: SessionId | undefined
  /** Resolves when the queued turns are done: operations that change to another session, such as a login. Other writes wait for it. */
  #turn: Promise<unknown> | undefined

  constructor(context: Context, exchange: Exchange, state: RequestState) {
    this.context = context
    this.exchange = exchange
    this.state = state
  }

  get record(): SessionRecord {
    return this.state.record
  }

  /** The cause for the events of this request. */
  get cause(): Cause {
    return causeOf(this.exchange)
  }

  /** Checks an operation's preconditions, waits, checks again, and runs it. */
  async perform<T>(operation: Operation, run: (request: this) => T | Promise<T>): Promise<T> {
    const { called, waits, begun }: Needs = OPERATIONS[operation]
    const begin = async () => {
      this.require(...begun)
      return run(this)
    }
    this.require(...called)
    if (waits === 'turn') return this.inTurn(begin)
    await this.settle()
    return begin()
  }

  require(...guards: readonly Guard[]): void {
    for (const guard of guards) GUARDS[guard](this)
  }

  /** Waits until no turn is in progress. */
  async settle(): Promise<void> {
    while (this.#turn) await this.#turn
  }

  /** Runs turns one at a time, in call order. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const running = (this.#turn ?? Promise.resolve()).then(run)
    const settled = running
      .catch(() => undefined)
      .then(() => {
        if (this.#turn === settled) this.#turn = undefined
      })
    this.#turn = settled
    return running
  }

  /** Marks this object as replaced by another one. It then reads as invalidated (JADE). */
  becomeStale(): void {
    const invalidated = {
      startTime: null,
      lastAccessTime: null,
      userName: '',
      userId: null,
      grants: '',
      storage: EMPTY_STORAGE,
    }
    this.state = { is: 'stale', record: { ...this.record, ...invalidated } }
  }

  becomeGuest(refusal: Refusal | undefined): void {
    if (refusal === 'just-ended' && !isGuestRecord(this.record)) this.lostUser = true
    this.state = { is: 'guest', record: newRecord(this.context, this.record.kind, this.context.clock.now()), refusal }
  }
}
