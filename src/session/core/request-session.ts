import { type Credential, isGuestRecord, type SessionId, type SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { deviceNotProved, failAlike, notSignedIn, SessionError, sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { TaskQueue } from './task-queue.ts'
import { refuseNested } from './use-callback.ts'

/**
 * Why a request must not begin a guest's session.
 * - `just-ended`: The request's session ended recently, or the request has contradictory session cookies.
 * - `request`: The request is no page navigation (see `mayBeginGuest`).
 * - `unproved`: The request has a bound cookie without a proof of the browser's key.
 */
export type Refusal = 'just-ended' | 'request' | 'unproved'

/**
 * - `live`: The session is stored and has a credential. `unsent`: whether this request created the session.
 * - `request-only`: A request-only link opened the session.
 * - `guest`: The session is not stored. `refusal`: why the request must not begin one; undefined if it may.
 * - `stale`: `secureSession` has replaced this object by another object.
 */
export type RequestState =
  | { is: 'live'; record: SessionRecord; credential: Credential; unsent: boolean }
  | { is: 'request-only'; record: SessionRecord }
  | { is: 'guest'; record: SessionRecord; refusal: Refusal | undefined }
  | { is: 'stale'; record: SessionRecord }

/** The session ID and the hash of the secret in a session cookie of the request. */
export interface CookieOf {
  id: SessionId
  hash: string
}

export interface LinkOffer {
  /** The user of the link's session; '' for a guest. */
  userName: string
  /** The user whose session in this browser the link would replace; undefined if there is none. */
  instead: string | undefined
  /** The `data` of the link. */
  data: unknown
  createdAt: Date
  /** The User-Agent header of the device that made the link; null if it is unknown. */
  device: string | null
}

/** Each guard throws when its precondition is not met. */
const GUARDS = {
  current({ state }) {
    if (state.is === 'stale')
      throw sessionEnded('This session was replaced by another one; use the one that secureSession() returned.')
  },
  outsideUse({ record }) {
    refuseNested(record.id)
  },
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
    if (refusal === 'unproved') throw deviceNotProved()
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

/** `called`: the guards that run at the call of an operation. `begun`: the guards after the wait for earlier calls. */
interface Needs {
  called: readonly Guard[]
  begun: readonly Guard[]
}

const OPERATIONS = {
  use: { called: ['current', 'outsideUse'], begun: ['current'] },
  flash: { called: ['current', 'outsideUse'], begun: ['current'] },
  takeFlash: { called: ['current', 'outsideUse'], begun: ['current'] },
  begin: { called: ['current', 'outsideUse'], begun: ['current'] },
  setPrivileges: { called: ['current', 'outsideUse'], begun: ['current', 'own'] },
  clearPrivileges: { called: ['current', 'outsideUse'], begun: ['current', 'own'] },
  setIdleTimeout: { called: ['outsideUse', 'own', 'current'], begun: ['current', 'own'] },
  secureSession: { called: ['current', 'outsideUse'], begun: ['current', 'own', 'cookie'] },
  renew: { called: ['outsideUse'], begun: ['current', 'own', 'web', 'live', 'cookie'] },
  createOTP: { called: ['current', 'outsideUse'], begun: ['own', 'current'] },
  restore: { called: ['current', 'outsideUse'], begun: ['current'] },
  close: { called: ['outsideUse'], begun: ['current', 'own'] },
  reload: { called: ['outsideUse'], begun: ['current'] },
  newSession: { called: ['outsideUse'], begun: [] },
} satisfies Record<string, Needs>

type Operation = keyof typeof OPERATIONS

/** Holds the state of a session object, and runs the operations of this object one after the other. */
export class RequestSession {
  readonly context: Context
  readonly exchange: Exchange
  state: RequestState
  restored: { data: unknown } | undefined
  offer: LinkOffer | undefined
  /** Whether a signed-in session ended during this request. If true, only an explicit login may set a user. */
  lostUser = false
  arrivalId: SessionId | undefined
  /** The cookie of this request, if its session or credential ended less than a minute ago. */
  justEnded: CookieOf | undefined
  /** Whether a login or a rotation has replaced the cookie of this request less than a minute ago. */
  cookieWasReplaced = false
  /** The ended credential whose message this device has not read; undefined for no message. */
  unread: { id: SessionId; hash: string } | undefined
  /** The session ID before the consecutive logins of this browser. Each login stores this ID with the new cookie. */
  origin: SessionId | undefined
  /** Whether the middleware must answer with a page that reloads itself, so that the browser proves its key. */
  mustReload = false
  /** The flash messages that this request has queued. */
  flashes: readonly string[] = []
  readonly #queue: TaskQueue

  /** `before` is the object that the new object replaces. Both objects share one queue of calls. */
  constructor(context: Context, exchange: Exchange, state: RequestState, before?: RequestSession) {
    this.context = context
    this.exchange = exchange
    this.state = state
    this.arrivalId = before?.arrivalId
    this.origin = before?.origin
    this.justEnded = before?.justEnded
    this.flashes = before?.flashes ?? []
    this.#queue = before ? before.#queue : new TaskQueue()
  }

  get record(): SessionRecord {
    return this.state.record
  }

  get cause(): Cause {
    return causeOf(this.exchange)
  }

  /**
   * Runs the operations one at a time, in the order of the calls, because an operation may change the credential or the
   * record. Guards run before and after the wait, because an earlier operation may change the state during the wait.
   */
  async perform<T>(operation: Operation, run: (request: this) => T | Promise<T>): Promise<T> {
    const { called, begun }: Needs = OPERATIONS[operation]
    this.require(...called)
    return this.inTurn(async () => {
      this.require(...begun)
      return run(this)
    })
  }

  require(...guards: readonly Guard[]): void {
    for (const guard of guards) GUARDS[guard](this)
  }

  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const { clock } = this.context
    const asked = clock.now()
    return this.#queue.run(async (failure) => {
      failAlike(failure, clock.now() - asked)
      await undefined // Otherwise, the callback of `use` could run before `use` returns.
      return run()
    })
  }

  get isSettled(): boolean {
    return this.#queue.isIdle
  }

  settle(): Promise<void> {
    return this.#queue.settle()
  }

  /** Gives a stale object the properties of an invalidated session (JADE). */
  becomeStale(): void {
    const invalidated = { startTime: null, lastAccessTime: null, userName: '', userId: null, grants: '' }
    this.state = { is: 'stale', record: { ...this.record, ...invalidated, storage: EMPTY_STORAGE } }
  }

  becomeGuest(refusal: Refusal | undefined): void {
    if (refusal === 'just-ended' && !isGuestRecord(this.record)) this.lostUser = true
    this.state = { is: 'guest', record: newRecord(this.context, this.record.kind, this.context.clock.now()), refusal }
  }
}
