import { type Credential, isGuestRecord, type SessionId, type SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { notSignedIn, SessionError, sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { refuseNested } from './use-callback.ts'

/** Why a guest's session cannot begin with this request. */
export type Refusal = 'just-ended' | 'request'

/**
 * Where a session object stands: stored and presented; there for this one request (a request-only link); a guest's that nothing was
 * stored for; or replaced by another object.
 */
export type RequestState =
  | { is: 'live'; record: SessionRecord; credential: Credential; unsent: boolean }
  | { is: 'borrowed'; record: SessionRecord }
  | { is: 'guest'; record: SessionRecord; refusal: Refusal | undefined }
  | { is: 'stale'; record: SessionRecord }

/** A one-time link that was opened and not spent: what a page that asks for confirmation shows. */
export interface LinkOffer {
  /** Whose session the link opens; '' for a guest's. */
  userName: string
  /** The user that this browser would leave for it; undefined when there is none. */
  instead: string | undefined
}

/** What an operation may need of the request's session. Each guard throws when its need is not met. */
const GUARDS = {
  current({ state }) {
    if (state.is === 'stale')
      throw sessionEnded('This session was replaced by another one; use the one that secureSession() returned.')
  },
  outsideUse({ record }) {
    refuseNested(record.id)
  },
  /** A third party that calls back may use the storage, and neither end nor change the session, nor make links to it. */
  own({ state }) {
    if (state.is === 'borrowed')
      throw new SessionError(
        'FEATURE_NOT_AVAILABLE',
        'This request has the session through a request-only link: it may read and write storage, and nothing else.',
      )
  },
  /** A token's client cannot be given another credential in an answer that it did not ask one of. */
  web(request) {
    if (request.record.kind !== 'rest') return
    if (request.state.is === 'guest') GUARDS.mayBegin(request)
    throw new SessionError(
      'FEATURE_NOT_AVAILABLE',
      'Feature not available in this release: a rest session gains no user and no privilege. Sign in anew with newSession().',
    )
  },
  live({ state }) {
    if (state.is !== 'live') throw sessionEnded()
  },
  cookie({ exchange }) {
    if (exchange.headersSent())
      throw new SessionError(
        'HEADERS_SENT',
        'The answer has begun, so its cookie cannot change any more. Call this before the body is sent.',
      )
  },
  mayBegin(request) {
    const refusal = request.state.is === 'guest' ? request.state.refusal : undefined
    if (refusal === 'just-ended') throw sessionEnded()
    if (request.record.kind === 'rest') throw notSignedIn()
    if (refusal === 'request')
      throw new SessionError(
        'GUEST_NOT_STARTED',
        'Only a page that is opened can begin a session, and this request asked for something else. Open a page first.',
      )
    GUARDS.cookie(request)
  },
} satisfies Record<string, (request: RequestSession) => void>

type Guard = keyof typeof GUARDS

interface Needs {
  /** Checked in this order when the operation is called. */
  called: readonly Guard[]
  /** What it waits for then: operations that are under way, or its turn after all of those that were called before. */
  waits: 'settled' | 'turn'
  /** Checked in this order when it begins. */
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

/** The session of one request: where it stands, and the order and conditions under which operations move it on. */
export class RequestSession {
  readonly context: Context
  readonly exchange: Exchange
  state: RequestState
  /** What the link that brought this request was made with. */
  restored: { data: unknown } | undefined
  /** A link that came with this request and waits for the user's confirmation. */
  offer: LinkOffer | undefined
  /** A session that had a user ended under this request: only a login brings a user back. */
  lostUser = false
  /** The session that the request came with, live or ended a while ago. */
  arrivalId: SessionId | undefined
  /** The credential of an ended session that has a message waiting for this device. */
  unread: { hash: string } | undefined
  /** The session that took the place of the one that the request came with. */
  successor: SessionId | undefined
  /** The operation that is moving to another session (a guest's first write, a login): what the other writes wait for. */
  #turn: Promise<unknown> | undefined

  constructor(context: Context, exchange: Exchange, state: RequestState) {
    this.context = context
    this.exchange = exchange
    this.state = state
  }

  get record(): SessionRecord {
    return this.state.record
  }

  /** What caused the events of this request. */
  get cause(): Cause {
    return causeOf(this.exchange)
  }

  /** Runs an operation when its needs are met and what it waits for is done. */
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

  /** Waits until no turn is under way. */
  async settle(): Promise<void> {
    while (this.#turn) await this.#turn
  }

  /** One turn at a time; writes that come meanwhile wait for it. */
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

  /** Another object took this one's place. Reads as invalidated from now on (JADE). */
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
