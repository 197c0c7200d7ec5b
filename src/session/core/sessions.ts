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

// Records removed per step of a sweep. A step may lock the store, so a sweep takes many small steps.
const SWEEP_STEP = 500

/** The sessions of one application. */
export interface Sessions<S extends object = Record<string, unknown>, P extends string = string> {
  /** The name of the session cookie: `4DSID_<appName>` (4D), with the prefix `__Host-` when cookies are secure. */
  readonly cookieName: string
  /** Finds the session of a request. For framework glue; `koa/index.ts` shows how. */
  resume(exchange: Exchange): Promise<Session<S, P>>
  /** Finds the session of a bearer token. For framework glue; `koa/token-sessions.ts` shows how. */
  resumeToken(request: TokenRequest, defaultIdleSeconds?: number): Promise<TokenSession<S, P>>
  /** Calls `run` with the current description of the session that the request arrived with. For framework glue, at the end of a request. */
  requestEnded(session: Session<S, P>, run: (arrived: SessionDescription) => unknown): Promise<void>
  /** Whether visitors get a session at their first request (option `guests`). */
  readonly beginsAtFirstRequest: boolean
  /** Describes one session and its devices, for administrators. `undefined` when it does not exist or has expired. */
  get(id: SessionId): Promise<SessionDescription | undefined>
  /** Reads the storage of any session (4D). `undefined` when it does not exist or is not live. */
  storage(id: SessionId): Promise<DeepReadonly<S> | undefined>
  /** Lists a page of sessions, newest first by default. To get the next page, pass `next` as `after`. */
  list(filter?: ListFilter, page?: Page): Promise<{ sessions: SessionDescription[]; next?: Cursor }>
  /** Counts sessions. Without a filter every stored record counts, as it does for licences. */
  count(filter?: ListFilter): Promise<number>
  /** Ends a session on all its devices. `false` when it is no longer live. */
  end(id: SessionId, reason?: EndReason, by?: EndedBy): Promise<boolean>
  /** Ends all sessions that match, for instance those of a user. An empty filter matches all. Returns how many ended. */
  endMany(filter: EndFilter, reason?: EndReason, by?: EndedBy): Promise<number>
  /** Signs out one device by its public handle. The session ends when no device and no open link remains. */
  detach(id: SessionId, handle: string, reason?: EndReason, by?: { cause?: Cause }): Promise<boolean>
  /** Removes a session in any state (JADE). Each device can take the message once; an empty message is not kept. */
  removeWithMessage(id: SessionId, message: string, by?: { cause?: Cause }): Promise<boolean>
  /** Creates a one-time link to any session, for instance in a worker that sends mail. Returns '' when the session is not live. */
  createOTP(id: SessionId, options?: OTPOptions): Promise<string>
  /**
   * Creates an API token for a user: a separate rest session that lives for `absoluteSeconds`. It has no idle timeout unless
   * `idleSeconds` is given. The token is returned only here and is not stored, so show it to the user now.
   * @throws SessionError SESSION_LIMIT, STORE_UNAVAILABLE.
   */
  newToken(userId: string, options: NewTokenOptions<P> & NewTokenFrom): Promise<NewToken>
  /** Yields each time the session has changed, until it ends or `signal` aborts. */
  watch(id: SessionId, signal: AbortSignal): AsyncIterable<void>
  /** Removes sessions that expired more than five minutes ago, and returns how many. Runs automatically (option `sweepSeconds`). */
  sweep(): Promise<number>
  /** Adds an event listener. Returns a function that removes it. */
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  /**
   * Stops the sweeper and the store's notifications. With `endSessions` (default: the option `closeOnStop`) it also ends all
   * sessions, provided that no other process has the store open.
   */
  close(options?: { endSessions?: boolean }): Promise<void>
}

/** The request and the device that a token was created from. */
type NewTokenFrom = Pick<Cause, 'requestId' | 'device' | 'address'>

interface EndedBy {
  /** Shown once to each device, on its next page. */
  message?: string
  cause?: Cause
}

export interface NewToken {
  token: string
  /** The session's id; end it to revoke the token. */
  id: SessionId
  /** When the session ends if it is not used: ISO 8601, UTC; null = never. */
  expirationDate: string | null
}

/**
 * Creates the session manager of an application.
 * @typeParam S the shape of the storage. @typeParam P the names of the privileges (see `PrivilegeOf`).
 * @throws TypeError for an invalid option; its message says what to change.
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
        events.emit('warning', { message: 'onRequestEnd failed; the response was still sent.', error })
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
      // Without a device and without an open link no request can ever reach the session again.
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

/**
 * Registers this process with an embedded store and renews the registration regularly.
 * @returns a function that unregisters it; `true` when it was the last process.
 */
function registerPresence({ store, clock, events }: Context): () => Promise<boolean> {
  const { presence } = store
  if (!presence) return async () => false
  const processId = `${process.pid}-${newHandle()}`
  let beating = Promise.resolve()
  const beat = () => {
    beating = presence
      .beat({ processId })
      .catch((error) =>
        events.emit('warning', { message: 'This process could not be registered with the store.', error }),
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

/** Leaves out replaced sessions: their end was reported when they were replaced. */
function newlyEnded(ended: readonly EndedSession[]): EndedSession[] {
  return ended.filter(({ reason }) => reason !== 'secured')
}

/** Emits a warning in the next turn of the event loop, so that the caller can add a listener first. */
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
    throw new TypeError('list(): after must be the value of next from the previous page.')
  return { ...page, size }
}

/** Refuses keys whose value is undefined: `{ userId: undefined }` would match all users instead of one. */
function checkedFilter<F extends ListFilter | EndFilter>(filter: F): F {
  for (const [key, value] of Object.entries(filter)) {
    if (typeof value !== 'string')
      throw new TypeError(`filter: ${key} is a text, got ${typeof value}. Leave the key out to match all.`)
  }
  return filter
}
