import { type Credential, isGuestRecord, type SessionId, type SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { notSignedIn, SessionError, sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { refuseNested } from './use-callback.ts'

/**
 * The reason why a request must not begin a guest's session.
 * `just-ended`: the session of the request has just ended. `request`: the request is not a page navigation.
 */
export type Refusal = 'just-ended' | 'request'

/**
 * The state of a session object.
 *
 * - `live`: stored, with a credential. `unsent` is true if this request created the session.
 * - `request-only`: opened by a request-only link.
 * - `guest`: not stored.
 * - `stale`: replaced by another object.
 */
export type RequestState =
  | { is: 'live'; record: SessionRecord; credential: Credential; unsent: boolean }
  | { is: 'request-only'; record: SessionRecord }
  | { is: 'guest'; record: SessionRecord; refusal: Refusal | undefined }
  | { is: 'stale'; record: SessionRecord }

/** A one-time link that the user must still confirm. */
export interface LinkOffer {
  /** The user of the link's session; '' for a guest. */
  userName: string
  /** The user whose session in this browser the link would replace; undefined for none. */
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
  /** A request with a request-only link may only read and write the storage. */
  own({ state }) {
    if (state.is === 'request-only')
      throw new SessionError(
        'FEATURE_NOT_AVAILABLE',
        'This request came by a request-only link, so it may only read and write the storage.',
      )
  },
  /** A rest session cannot rotate its token, because the client would not read a new token from the response. */
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
  /** The guards that run, in this order, when the operation is called. */
  called: readonly Guard[]
  /**
   * `turn` queues the operation. `settled` waits until the queue is empty, and runs the operation outside the queue.
   */
  waits: 'settled' | 'turn'
  /** The guards that run, in this order, after the wait. */
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
  /** The data of the one-time link that this request opened. */
  restored: { data: unknown } | undefined
  /** The one-time link of this request that the user must still confirm. */
  offer: LinkOffer | undefined
  /** Whether a signed-in session ended during this request. Only a login may then set a user. */
  lostUser = false
  /** The session that the request arrived with, live or ended. */
  arrivalId: SessionId | undefined
  /** The credential of an ended session with a message for this device. */
  unread: { hash: string } | undefined
  /** The session that replaced the session of the request's cookie. */
  successor: SessionId | undefined
  /**
   * The queue of operations that may change the session of this request, such as a login. Resolves when the queue is
   * empty.
   */
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

  /** Runs an operation. Checks the preconditions before and after waiting for earlier operations. */
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

  /** Waits until the queue is empty. */
  async settle(): Promise<void> {
    while (this.#turn) await this.#turn
  }

  /** Runs operations one at a time, in the order of the calls. */
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

  /**
   * Marks this object as replaced by another object. Its properties are then those of an invalidated session (JADE).
   */
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
