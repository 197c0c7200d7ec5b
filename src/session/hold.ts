import { newCookie, newRecord, storedAfterAll } from './begin.js'
import type { Carrier } from './carrier.js'
import { type Change, changeRecord } from './change.js'
import { answerOf, type Engine, eventOf, reportEnded } from './engine.js'
import { SessionError, sessionEnded } from './errors.js'
import { type GrantFields, raisesTrust, setsAnotherUser } from './grants.js'
import { type Credential, isGuestRecord, type SessionRecord } from './record.js'
import { type NewSession, replaceSession, type SecureOptions } from './secure.js'
import { EMPTY_STORAGE } from './storage.js'

/** Why a guest's session cannot begin with this request. */
export type Refusal = 'just-ended' | 'request'

/** Where a session object stands: stored and presented; a guest's that nothing was stored for; or replaced by another object. */
export type HoldState =
  | { is: 'live'; record: SessionRecord; credential: Credential; unsent: boolean }
  | { is: 'guest'; record: SessionRecord; refusal: Refusal | undefined }
  | { is: 'stale'; record: SessionRecord }

/** How trust rises. */
export interface Raising {
  /** The user has just proved who he is. */
  login: boolean
  /** Begin a fresh session when the old one ended meanwhile. */
  afresh: boolean
  keepStorage: SecureOptions['keepStorage']
}

/** One request's hold on a session: where it stands, and the steps by which it moves on. */
export class Hold {
  readonly engine: Engine
  readonly carrier: Carrier
  state: HoldState
  /** A session that had a user ended under this request: nothing but a login brings anybody back. */
  lostUser = false
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

  /** Waits until this hold stands still. */
  async settle(): Promise<void> {
    while (this.#turning) await this.#turning
  }

  /** Changes the record of a stored session. */
  async change<T>(decide: (current: SessionRecord) => Change<T> | Promise<Change<T>>): Promise<T> {
    const state = this.state
    if (state.is !== 'live') throw sessionEnded()
    const isStillThis = () => this.state.is === 'live' && this.record.id === state.record.id
    try {
      const { record, answer } = await changeRecord(
        this.engine,
        { record: state.record, by: state.credential.hash },
        decide,
      )
      if (isStillThis()) this.state = { ...state, record }
      return answer
    } catch (error) {
      if (error instanceof SessionError && error.code === 'SESSION_ENDED' && isStillThis())
        this.#becomeGuest('just-ended')
      throw error
    }
  }

  /** Replaces the grants: in place when nothing is raised, else on a session whose id and cookie nobody knew before. */
  async setGrants(fields: GrantFields, login: boolean | undefined, keepStorage: Raising['keepStorage']): Promise<void> {
    this.refuseStale()
    const { engine } = this
    const raises = () => raisesTrust(engine, this.record, fields)
    const isLogin = login ?? setsAnotherUser(this.record, fields)
    const afresh = login ?? (isLogin && isGuestRecord(this.record) && !this.lostUser)
    if (!isLogin && !raises()) {
      if (this.state.is === 'guest') return // nothing raised on a guest: nothing to store
      await this.change((current) => ({
        changes: raisesTrust(engine, current, fields) ? undefined : fields,
        answer: undefined,
      }))
      if (!raises()) return // else another device had lowered the session meanwhile
    }
    await this.#raise(fields, { login: isLogin, afresh, keepStorage })
  }

  /** Puts the fields on a session whose id and cookie nobody knew before. */
  async #raise(fields: Partial<GrantFields>, how: Raising): Promise<void> {
    this.refuseAfterHeaders()
    if (this.state.is === 'guest') {
      if (!how.afresh) this.refuseBegin()
      await this.create(fields, how.login)
    } else if (!(await this.#isOwnGuest(how)) || !(await this.#putOn(fields, how.login))) {
      await this.#replace(fields, how)
    }
  }

  /** JADE's secureSession: always another id, and nothing but the user and the privileges goes along unasked. */
  async secure(how: Raising): Promise<void> {
    this.refuseStale()
    this.refuseAfterHeaders()
    if (this.state.is !== 'guest') return this.#replace({}, how)
    if (!how.afresh) this.refuseBegin()
    this.#becomeGuest(this.state.refusal)
    await this.create({}, how.login)
  }

  /** Puts the fields on the guest's session that this request made. `false` when it ended meanwhile. */
  async #putOn(fields: Partial<GrantFields>, login: boolean): Promise<boolean> {
    const authenticated = login ? { authenticatedAt: this.engine.policy.clock.now() } : {}
    try {
      await this.change(() => ({ changes: { ...fields, ...authenticated }, answer: undefined }))
    } catch (error) {
      if (error instanceof SessionError && error.code === 'SESSION_ENDED') return false
      throw error
    }
    this.engine.events.emit('secured', { ...eventOf(this.record), replaced: undefined })
    return true
  }

  /** JADE's replacement, in one step of the store. */
  async #replace(fields: Partial<GrantFields>, how: Raising): Promise<void> {
    const { state, engine, carrier } = this
    if (state.is === 'live') {
      const done = await replaceSession(engine, state, carrier, { fields, ...how })
      if (done) return this.#present(done)
      this.#becomeGuest('just-ended')
    }
    if (!how.afresh) throw sessionEnded()
    await this.create(fields, how.login) // a verified login does not fail because its guest ended meanwhile
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
    const { device, address } = this.carrier
    const made = newCookie(
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
    if (!admission.admitted)
      throw new SessionError('SESSION_LIMIT', 'There are as many sessions as are licensed. Try again in a few minutes.')
    this.engine.events.emit('created', eventOf(record))
    if (login) this.engine.events.emit('secured', { ...eventOf(record), replaced: undefined })
    reportEnded(this.engine, admission.ended)
    await this.#present({ record, ...made })
  }

  /** Makes a session that was just stored this object's, and gives its cookie to the browser. */
  async #present({ record, credential, token }: NewSession): Promise<void> {
    const { store, appName, clock } = this.engine.policy
    if (this.carrier.headersSent()) {
      // The answer began while the store worked: nobody would ever hold this session.
      await answerOf(store.end(appName, record.id, 'closed', clock.now()))
      this.refuseAfterHeaders()
    }
    this.state = { is: 'live', record, credential, unsent: true }
    this.carrier.setCookie(this.engine.cookie.set(token))
  }

  /** Whether this request made the session, for a guest, and its one credential was not sent yet: nobody else can hold it. */
  async #isOwnGuest({ keepStorage = true }: Raising): Promise<boolean> {
    if (this.state.is !== 'live' || !this.state.unsent || !isGuestRecord(this.record) || keepStorage !== true)
      return false
    const { store, appName } = this.engine.policy
    const credentials = await answerOf(store.credentials(appName, [this.record.id]))
    return credentials.get(this.record.id)?.length === 1
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

  /** Ends the session on all its devices. */
  async close(): Promise<void> {
    this.refuseStale()
    const { state } = this
    if (state.is !== 'live') return
    this.refuseAfterHeaders()
    const { store, appName, clock } = this.engine.policy
    const ended = await answerOf(
      store.end(appName, state.record.id, 'closed', clock.now(), { by: state.credential.hash }),
    )
    if (!ended) return this.#becomeGuest('just-ended') // whatever took its place may have set a cookie already
    this.#becomeGuest(this.carrier.mayBeginGuest ? undefined : 'request')
    reportEnded(this.engine, [ended])
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
    else this.#becomeGuest('just-ended')
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

  #becomeGuest(refusal: Refusal | undefined): void {
    if (refusal === 'just-ended' && !isGuestRecord(this.record)) this.lostUser = true
    this.state = { is: 'guest', record: newRecord(this.engine, 'web', this.engine.policy.clock.now()), refusal }
  }

  refuseBegin(): void {
    const refusal = this.state.is === 'guest' ? this.state.refusal : undefined
    if (refusal === 'just-ended') throw sessionEnded()
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

  refuseAfterHeaders(): void {
    if (this.carrier.headersSent())
      throw new SessionError(
        'HEADERS_SENT',
        'The answer has begun, so its cookie cannot change any more. Call this before the body is sent.',
      )
  }
}
