import {
  type Credential,
  type EndedSession,
  endedSession,
  isGuestRecord,
  type SessionId,
  type SessionRecord,
} from '../record.ts'
import { answerOf, type Engine, eventOf, reportEnded, storeUnavailable } from './context.ts'
import { notSignedIn, SessionError, sessionEnded, sessionLimit } from './errors.ts'
import type { Cause } from './events.ts'
import { type Carrier, causeOf } from './exchange.ts'
import { newCredential, newRecord, storedAfterAll } from './new-session.ts'
import type { NewSession } from './replace-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { type Change, changeRecord } from './update-record.ts'

/** Why a guest's session cannot begin with this request. */
export type Refusal = 'just-ended' | 'request'

/**
 * Where a session object stands: stored and presented; there for this one request (a request-only link); a guest's that nothing was
 * stored for; or replaced by another object.
 */
export type HoldState =
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

/** One request's hold on a session: where it stands, and the steps by which it moves on. */
export class Hold {
  readonly engine: Engine
  readonly carrier: Carrier
  state: HoldState
  /** What the link that brought this request was made with. */
  restored: { data: unknown } | undefined
  /** A link that came with this request and waits for the person's confirmation. */
  offer: LinkOffer | undefined
  /** A session that had a user ended under this request: nothing but a login brings anybody back. */
  lostUser = false
  /** The session that the request came with, live or ended a while ago. */
  arrivalId: SessionId | undefined
  /** The credential of an ended session that has a message waiting for this device. */
  unread: { hash: string } | undefined
  /** The session that took the place of the one that the request came with. */
  successor: SessionId | undefined
  /** While this hold is moving to another session (a guest's first write, a login): what the other writes wait for. */
  #turning: Promise<unknown> | undefined

  constructor(engine: Engine, carrier: Carrier, state: HoldState) {
    this.engine = engine
    this.carrier = carrier
    this.state = state
  }

  get record(): SessionRecord {
    return this.state.record
  }

  /** Who makes what this request makes. */
  get cause(): Cause {
    return causeOf(this.carrier)
  }

  /** Waits until this hold stands still. */
  async settle(): Promise<void> {
    while (this.#turning) await this.#turning
  }

  /** Changes the record of a stored session. */
  async change<T>(decide: (current: SessionRecord) => Change<T> | Promise<Change<T>>): Promise<T> {
    const state = this.state
    if (state.is !== 'live' && state.is !== 'borrowed') throw sessionEnded()
    const by = state.is === 'live' ? state.credential.hash : undefined
    const isStillThis = () => this.state.is === state.is && this.record.id === state.record.id
    try {
      const { record, answer } = await changeRecord(this.engine, { record: state.record, by }, decide)
      if (isStillThis()) this.state = { ...state, record }
      return answer
    } catch (error) {
      if (error instanceof SessionError && error.code === 'SESSION_ENDED' && isStillThis())
        this.becomeGuest('just-ended')
      throw error
    }
  }

  /** Stores the guest's session, so that it can be written to. */
  async begin(): Promise<void> {
    this.refuseStale()
    await this.inTurn(async () => {
      if (this.state.is !== 'guest') return
      this.refuseBegin()
      await this.create({}, false)
    })
  }

  async create(fields: Partial<SessionRecord>, login: boolean): Promise<void> {
    this.refuseAfterHeaders()
    const { store, appName, clock, limits } = this.engine.policy
    const now = clock.now()
    const record = { ...this.state.record, ...fields }
    if (login) await this.endLostLogin(record)
    const { device, address } = this.carrier
    const made = newCredential(
      'cookie',
      record.id,
      { via: login ? 'login' : 'visit', authenticatedAt: login ? now : null, device, address },
      now,
    )
    const admission = await storedAfterAll(
      this.engine,
      store.create(appName, record, made.credential, limits, now),
      made.credential,
      record.id,
      { admitted: true, ended: [] },
    )
    if (!admission.admitted) throw sessionLimit()
    const event = eventOf(record, this.cause)
    this.engine.events.emit('created', { ...event, via: made.credential.via })
    if (login) this.engine.events.emit('secured', { ...event, replaced: undefined })
    reportEnded(this.engine, admission.ended, this.cause)
    await this.present({ record, ...made })
  }

  /**
   * The same person has logged in a moment ago from this very session, and the answer never reached the browser: nobody will ever
   * present what it brought, so that goes before a licence is taken twice.
   */
  async endLostLogin({ userId, userName }: Pick<SessionRecord, 'userId' | 'userName'>): Promise<void> {
    const id = this.successor
    if (id === undefined) return
    const { store, appName, clock } = this.engine.policy
    const lost = await answerOf(store.get(appName, id))
    if (lost?.userId !== userId || lost.userName !== userName) return
    const ended = await answerOf(store.end(appName, id, 'secured', clock.now(), { unseen: true }))
    if (ended) reportEnded(this.engine, [ended], this.cause)
  }

  /**
   * Makes a session that was just stored this object's, and gives its cookie to the browser. Others may have held one that is older than
   * this request: it is `shared`.
   */
  async present({ record, credential, token }: NewSession, { shared = false } = {}): Promise<void> {
    const { store, appName, clock } = this.engine.policy
    if (this.carrier.headersSent()) {
      // The answer began while the store worked: nobody would ever hold this session, or this cookie of a shared one.
      const now = clock.now()
      if (shared) await answerOf(store.detach(appName, record.id, credential.handle, 'closed', now))
      else await answerOf(store.end(appName, record.id, 'closed', now))
      this.refuseAfterHeaders()
    }
    this.state = { is: 'live', record, credential, unsent: !shared }
    this.carrier.setCookie(this.engine.cookie.set(token))
  }

  /** One turn at a time; writes that come meanwhile wait for it. */
  inTurn<T>(turn: () => Promise<T>): Promise<T> {
    const running = (this.#turning ?? Promise.resolve()).then(turn)
    const settled = running
      .catch(() => undefined)
      .then(() => {
        if (this.#turning === settled) this.#turning = undefined
      })
    this.#turning = settled
    return running
  }

  /** Makes the session of a link that was just spent this object's. */
  async become(
    record: SessionRecord,
    made: { credential: Credential; token: string } | undefined,
    data: unknown,
  ): Promise<void> {
    if (made) await this.present({ record, ...made }, { shared: true })
    else if (this.state.is === 'live' && this.state.record.id === record.id) this.state = { ...this.state, record }
    else this.state = { is: 'borrowed', record }
    this.restored = { data }
    this.offer = undefined
  }

  /** Ends the session on all its devices. */
  async close(): Promise<void> {
    this.refuseStale()
    const { state } = this
    this.refuseBorrowed()
    if (state.is !== 'live') return
    this.refuseAfterHeaders()
    const ended = await closeStored(this.engine, state.record, state.credential)
    if (!ended) return this.becomeGuest('just-ended') // whatever took its place may have set a cookie already
    this.becomeGuest(this.carrier.mayBeginGuest ? undefined : 'request')
    reportEnded(this.engine, [ended], this.cause)
    if (!this.carrier.headersSent()) this.carrier.setCookie(this.engine.cookie.clear())
  }

  /** Reads the session again. */
  async reload(): Promise<void> {
    this.refuseStale()
    const { state } = this
    if (state.is !== 'live') return
    const { store, appName, clock } = this.engine.policy
    const found = await answerOf(store.find(appName, state.record.id, state.credential.hash, clock.now()))
    if (found?.state === 'live') this.state = { ...state, record: found.session, credential: found.credential }
    else this.becomeGuest('just-ended')
  }

  /** Another object holds what took this session's place. Reads as invalidated from now on (JADE). */
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
    this.state = {
      is: 'guest',
      record: newRecord(this.engine, this.record.kind, this.engine.policy.clock.now()),
      refusal,
    }
  }

  refuseBegin(): void {
    const refusal = this.state.is === 'guest' ? this.state.refusal : undefined
    if (refusal === 'just-ended') throw sessionEnded()
    if (this.record.kind === 'rest') throw notSignedIn()
    if (refusal === 'request')
      throw new SessionError(
        'GUEST_NOT_STARTED',
        'Only a page that is opened can begin a session, and this request asked for something else. Open a page first.',
      )
    this.refuseAfterHeaders()
  }

  refuseStale(): void {
    if (this.state.is === 'stale')
      throw sessionEnded('This session was replaced by another one; use the one that secureSession() returned.')
  }

  /** A token's client cannot be given another credential in an answer that it did not ask one of. */
  refuseRest(): void {
    if (this.record.kind !== 'rest') return
    if (this.state.is === 'guest') this.refuseBegin()
    throw new SessionError(
      'FEATURE_NOT_AVAILABLE',
      'Feature not available in this release: a rest session gains no user and no privilege. Sign in anew with newSession().',
    )
  }

  /** A third party that calls back may use the storage, and neither end nor change the session, nor make links to it. */
  refuseBorrowed(): void {
    if (this.state.is !== 'borrowed') return
    throw new SessionError(
      'FEATURE_NOT_AVAILABLE',
      'This request has the session through a request-only link: it may read and write storage, and nothing else.',
    )
  }

  refuseAfterHeaders(): void {
    if (this.carrier.headersSent())
      throw new SessionError(
        'HEADERS_SENT',
        'The answer has begun, so its cookie cannot change any more. Call this before the body is sent.',
      )
  }
}

/**
 * Ends a session on the word of this credential's holder. When the store's answer is lost, it looks whether the session has ended:
 * whoever logged out is told so only if he is out.
 * @returns undefined when something else had ended it before.
 */
async function closeStored(
  engine: Engine,
  record: SessionRecord,
  { hash }: Credential,
): Promise<EndedSession | undefined> {
  const { store, appName, clock } = engine.policy
  try {
    return await store.end(appName, record.id, 'closed', clock.now(), { by: hash })
  } catch (cause) {
    const found = await store.find(appName, record.id, hash, clock.now()).catch(() => undefined)
    if (found?.state !== 'ended') throw storeUnavailable(cause)
    return found.reason === 'closed' ? endedSession(record, 'closed') : undefined
  }
}
