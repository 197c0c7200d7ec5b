import { type EndedSession, type EndReason, isLive, PRESENCE_BEAT_MILLISECONDS, type SessionId } from '../record.ts'
import type { Cursor, EndFilter, ListFilter, Page } from '../store.ts'
import { bindStore } from './bound-store.ts'
import { startRepeating, systemClock } from './clock.ts'
import { type Context, eventOf, reportEnded } from './context.ts'
import { bearerTokens } from './credentials/bearer.ts'
import { sessionCookie } from './credentials/cookie.ts'
import type { OTPOptions } from './credentials/otp.ts'
import { isSessionId, newHandle } from './credentials/token.ts'
import { endNotifications } from './end-notifications.ts'
import { type Cause, createEvents, type SessionEventName, type SessionEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import { createTokenSession, type NewTokenOptions } from './new-token.ts'
import { attachOTP } from './one-time-links.ts'
import { readOptions, type SessionOptions } from './options.ts'
import { resumeSession } from './resume.ts'
import { resumeTokenSession, type TokenRequest } from './resume-token.ts'
import type { Session } from './session.ts'
import { describeSession, expirationDateOf, type SessionDescription } from './session-description.ts'
import { type DeepReadonly, deepFreeze, storageFormat } from './storage.ts'
import type { TokenSession } from './token-session.ts'
import { watchChanges } from './watch.ts'

// How many records one step of a sweep removes: a step holds the store, so many small ones are better than a long one.
const SWEEP_STEP = 500

/** The sessions of one application. */
export interface Sessions<S extends object = Record<string, unknown>, P extends string = string> {
  /** The name of the session cookie, `4DSID_<appName>`; `__Host-` before it when cookies are secure. */
  readonly cookieName: string
  /** Finds the session of a request. For framework glue; `koa/index.ts` shows how. */
  resume(exchange: Exchange): Promise<Session<S, P>>
  /** Finds the session of a bearer token. For framework glue; `koa/token-sessions.ts` shows how. */
  resumeToken(request: TokenRequest, defaultIdleSeconds?: number): Promise<TokenSession<S, P>>
  /** Calls `run` with the session that a request came with, as it is now. For framework glue, at the end of a request. */
  requestEnded(session: Session<S, P>, run: (arrived: SessionDescription) => unknown): Promise<void>
  /** Whether visitors get a session as soon as they come. */
  readonly beginsAtFirstRequest: boolean
  /** One session with its devices, as an administrator may see it; undefined when there is none. */
  get(id: SessionId): Promise<SessionDescription | undefined>
  /** The storage of another session (4D); undefined when it does not exist or is not live. */
  storage(id: SessionId): Promise<DeepReadonly<S> | undefined>
  /** A page of sessions, newest first; pass `next` of the page before as `after`. */
  list(filter?: ListFilter, page?: Page): Promise<{ sessions: SessionDescription[]; next?: Cursor }>
  /** How many there are. Without a filter every record counts, as for licences. */
  count(filter?: ListFilter): Promise<number>
  /** Ends a session on all its devices. `false` when it is gone already. */
  end(id: SessionId, reason?: EndReason, by?: EndedBy): Promise<boolean>
  /** Ends all sessions that match, those of a user for instance; an empty filter means all. Answers how many. */
  endMany(filter: EndFilter, reason?: EndReason, by?: EndedBy): Promise<number>
  /** Signs one device out, by its public handle. A session that has neither a device nor a link left ends. */
  detach(id: SessionId, handle: string, reason?: EndReason, by?: { cause?: Cause }): Promise<boolean>
  /** Removes a session in whatever state (JADE); each device is told the message once. An empty one tells nothing. */
  removeWithMessage(id: SessionId, message: string, by?: { cause?: Cause }): Promise<boolean>
  /** Makes a one-time link for a session that is not this request's: for a worker that sends mail. '' when it is not live. */
  createOTP(id: SessionId, options?: OTPOptions): Promise<string>
  /**
   * Makes an API token for a user: a rest session of its own that lives for `absoluteSeconds`, without an idle timeout unless
   * one is given. Show the token once; it is nowhere else. Throws SESSION_LIMIT, STORE_UNAVAILABLE.
   */
  newToken(userId: string, options: NewTokenOptions<P> & NewTokenFrom): Promise<NewToken>
  /** Yields whenever the session changed, until it ends or `signal` aborts. */
  watch(id: SessionId, signal: AbortSignal): AsyncIterable<void>
  /** Removes what ended more than five minutes ago. Runs by itself; answers how many. */
  sweep(): Promise<number>
  /** Listens to what happens; answers a function that stops listening. */
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  /**
   * Stops the sweeper, and listening to the store. With `endSessions` (default: the option `closeOnStop`) it ends all sessions when
   * no other process has the store open.
   */
  close(options?: { endSessions?: boolean }): Promise<void>
}

/** From where a token was made, and in which request. */
type NewTokenFrom = Pick<Cause, 'requestId' | 'device' | 'address'>

/** What is known of an end that was asked for. */
interface EndedBy {
  /** Each device is told this once, at its next page. */
  message?: string
  cause?: Cause
}

export interface NewToken {
  token: string
  /** The session's id; end it to revoke the token. */
  id: SessionId
  /** When it ends if nothing more comes: ISO 8601, UTC; null = never. */
  expirationDate: string | null
}

/**
 * Makes the sessions of an application.
 * @typeParam S what the application keeps in a session. @typeParam P the names of its privileges (see `PrivilegeOf`).
 * @throws TypeError that tells what to change, for options that cannot work.
 */
export function createSessions<S extends object = Record<string, unknown>, P extends string = string>(
  options: SessionOptions,
): Sessions<S, P> {
  const policy = readOptions(options)
  const { appName } = policy
  const { clock = systemClock } = options
  const store = bindStore(options.store, { appName, clock })
  const events = createEvents()
  const context: Context = {
    policy,
    store,
    clock,
    events,
    ends: endNotifications(store),
    queue: createKeyedQueue(),
    format: storageFormat(policy.maxStorageBytes, policy.codecs),
    cookie: sessionCookie(appName, policy.secureCookie),
    bearer: bearerTokens(policy.tokenPrefix),
  }

  async function sweep(): Promise<number> {
    for (let removed = 0; ; ) {
      const ended = await store.sweep({ limit: SWEEP_STEP })
      reportEnded(context, newlyEnded(ended), undefined)
      removed += ended.length
      if (ended.length < SWEEP_STEP) return removed
    }
  }

  const sweeps = startRepeating(clock, policy.sweepMilliseconds, async () => {
    await sweep().catch((error) =>
      events.emit('warning', { message: 'The sweep failed; it will be tried again.', error }),
    )
  })
  const leave = registerPresence(context)
  if (policy.neverExpires)
    warnSoon(
      context,
      'sessionTimeoutMinutes is 0: sessions never expire, and invalidated ones are never swept. Remove them yourself.',
    )

  const describe = async (id: SessionId) => {
    const record = isSessionId(id) ? await store.get({ id }) : undefined
    if (!record || clock.now() >= record.end) return undefined
    const credentials = await store.credentials({ ids: [id] })
    return describeSession(context, record, credentials.get(id) ?? [])
  }

  return {
    cookieName: context.cookie.name,
    async requestEnded({ arrivalId }, run) {
      try {
        const arrived = arrivalId === undefined ? undefined : await describe(arrivalId)
        if (arrived) await run(arrived)
      } catch (error) {
        events.emit('warning', { message: 'onRequestEnd failed; the answer went out all the same.', error })
      }
    },
    beginsAtFirstRequest: policy.guests === 'first-request',
    resume: (exchange) => resumeSession<S, P>(context, exchange),
    resumeToken: (request, defaultIdleSeconds) => resumeTokenSession<S, P>(context, request, defaultIdleSeconds),
    get: describe,
    async storage(id) {
      const record = isSessionId(id) ? await store.get({ id }) : undefined
      return record && isLive(record, clock.now()) ? deepFreeze(context.format.decode(record.storage) as S) : undefined
    },
    async list(filter = {}, page = {}) {
      const { sessions, next } = await store.list({ filter: checkedFilter(filter), page: checkedPage(page) })
      const credentials = await store.credentials({ ids: sessions.map(({ id }) => id) })
      const described = sessions.map((record) => describeSession(context, record, credentials.get(record.id) ?? []))
      return next ? { sessions: described, next } : { sessions: described }
    },
    count: async (filter = {}) => store.count({ filter: checkedFilter(filter) }),
    async end(id, reason = 'revoked', { message, cause } = {}) {
      const ended = isSessionId(id) ? await store.end({ id, reason, message }) : undefined
      if (ended) reportEnded(context, [ended], cause)
      return ended !== undefined
    },
    async endMany(filter, reason = 'revoked', { message, cause } = {}) {
      const ended = await store.endMany({ filter: checkedFilter(filter), reason, message })
      reportEnded(context, ended, cause)
      return ended.length
    },
    async detach(id, handle, reason = 'revoked', { cause } = {}) {
      const record = isSessionId(id) ? await store.get({ id }) : undefined
      const detached = record !== undefined && (await store.detach({ id, handle, reason }))
      if (!detached) return false
      events.emit('detached', { ...eventOf(record, cause), handle, reason })
      // A session that has neither a device nor a link left can never be presented again.
      const all = (await store.credentials({ ids: [id] })).get(id) ?? []
      const isLeft = all.some(({ expiresAt }) => clock.now() < expiresAt)
      const ended = !isLeft ? await store.end({ id, reason }) : undefined
      if (ended) reportEnded(context, [ended], cause)
      return true
    },
    async removeWithMessage(id, message, { cause } = {}) {
      const removed = isSessionId(id) ? await store.remove({ id, message }) : undefined
      if (removed) reportEnded(context, newlyEnded([removed]), removed.reason === 'revoked' ? cause : undefined)
      return removed !== undefined
    },
    async createOTP(id, options = {}) {
      const record = isSessionId(id) ? await store.get({ id }) : undefined
      if (record?.kind !== 'web' || !isLive(record, clock.now())) return ''
      return (await attachOTP(context, record, options, undefined, undefined)) ?? ''
    },
    async newToken(userId, { requestId, device = null, address = null, ...options }) {
      const { record, token } = await createTokenSession(
        context,
        userId,
        { idleSeconds: 0, ...options },
        { via: 'token', authenticatedAt: null, from: { requestId, device, address } },
      )
      return { token, id: record.id, expirationDate: expirationDateOf(record) }
    },
    watch: (id, signal) => watchChanges(context, id, signal),
    sweep,
    on: events.on,
    async close({ endSessions = policy.closeOnStop } = {}) {
      sweeps.stop()
      context.ends.close()
      const isLast = await leave()
      if (isLast && endSessions) reportEnded(context, await store.endMany({ filter: {}, reason: 'stopped' }), undefined)
    },
  }
}

/** Tells an embedded store regularly that this process has it open. Answers a function that leaves: true for the last one. */
function registerPresence({ store, clock, events }: Context): () => Promise<boolean> {
  const { presence } = store
  if (!presence) return async () => false
  const processId = `${process.pid}-${newHandle()}`
  let beating = Promise.resolve()
  const beat = () => {
    beating = presence
      .beat({ processId })
      .catch((error) =>
        events.emit('warning', { message: 'The store could not be told that this process uses it.', error }),
      )
    return beating
  }
  beat()
  const beats = startRepeating(clock, PRESENCE_BEAT_MILLISECONDS, beat)
  let left: Promise<boolean> | undefined
  return () => {
    beats.stop()
    left ??= beating.then(() => presence.leave({ processId }))
    return left
  }
}

/** Those that were replaced were reported when that happened. */
function newlyEnded(ended: readonly EndedSession[]): EndedSession[] {
  return ended.filter(({ reason }) => reason !== 'secured')
}

/** Warns when the caller has had time to listen. */
function warnSoon({ events }: Context, message: string): void {
  setImmediate(() => events.emit('warning', { message }))
}

function checkedPage(page: Page): Page {
  const { size = 50, sort = 'created', direction = 'desc', after } = page
  if (!Number.isInteger(size) || size < 1 || size > 500)
    throw new TypeError(`list(): size is a whole number from 1 to 500, got ${size}.`)
  if (!['created', 'seen', 'end'].includes(sort))
    throw new TypeError(`list(): sort is 'created', 'seen' or 'end', got ${sort}.`)
  if (!['asc', 'desc'].includes(direction))
    throw new TypeError(`list(): direction is 'asc' or 'desc', got ${direction}.`)
  if (after !== undefined && !(Number.isFinite(after.value) && isSessionId(after.id)))
    throw new TypeError('list(): after is what the page before answered as next.')
  return { ...page, size }
}

/** A key that is there and undefined would mean all users, where one user was meant. */
function checkedFilter<F extends ListFilter | EndFilter>(filter: F): F {
  for (const [key, value] of Object.entries(filter)) {
    if (typeof value !== 'string')
      throw new TypeError(`filter: ${key} is a text, got ${typeof value}. Leave the key out to mean everybody.`)
  }
  return filter
}
