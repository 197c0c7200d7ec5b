import { checkFlags, refuseUnknown } from '../known-options.ts'
import { type EndedSession, type EndReason, isLive, type SessionId } from '../record.ts'
import type { Cursor, EndFilter, ListFilter, Page, SeenFrom, WriteState } from '../store.ts'
import { bindStore } from './bound-store.ts'
import { startRepeating, systemClock } from './clock.ts'
import { type Context, reportEnded } from './context.ts'
import { bearerTokens } from './credentials/bearer.ts'
import { sessionCookie } from './credentials/cookie.ts'
import type { CookieScope } from './credentials/cookie-options.ts'
import { checkOTPOptions, OTP_OPTIONS, type OTPOptions } from './credentials/otp.ts'
import { isSessionId } from './credentials/token.ts'
import { detachCredential } from './detach-credential.ts'
import { type BindingEndpoints, bindingEndpoints } from './device-binding/device-binding.ts'
import { endNotifications } from './end-notifications.ts'
import { type Cause, createEvents, type SessionEventName, type SessionEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import { createTokenSession, type NewTokenOptions, TOKEN_OPTIONS } from './new-token.ts'
import { attachOTP, revokeOTP } from './one-time-links.ts'
import { readOptions, type SessionOptions } from './options.ts'
import { registerPresence } from './presence.ts'
import { recordStorage } from './record-storage.ts'
import { resumeSession } from './resume.ts'
import { resumeTokenSession, type TokenRequest } from './resume-token.ts'
import { sealStore } from './sealed-store.ts'
import type { Session } from './session.ts'
import { describeSession, expirationDateOf, type SessionDescription } from './session-description.ts'
import { type DeepReadonly, deepFreeze, storageFormat } from './storage.ts'
import { KeyedQueue } from './task-queue.ts'
import type { TokenSession } from './token-session.ts'
import { traceSource } from './tracing.ts'
import { watchChanges } from './watch.ts'

// One store call of a sweep removes at most this many records, because a call may lock the store.
const SWEEP_STEP = 500

export interface Sessions<
  in out S extends object = Record<string, unknown>,
  in out P extends string = string,
  in out R extends string = string,
> {
  /** The name of the session cookie, with its prefix. Default: `__Host-4DSID_<appName>`, in 4D without the prefix. */
  readonly cookieName: string
  /** For framework adapters: which requests from other sites have the cookie. Pass it to `mayBeginGuest`. */
  readonly cookieScope: CookieScope
  /** For framework adapters: the endpoints of the option `deviceBinding`; undefined without this option. */
  readonly bindingEndpoints: BindingEndpoints | undefined
  /** Returns the session of a request. Framework adapters, such as `koa/index.ts`, call this method. */
  resume(exchange: Exchange): Promise<Session<S, P, R>>
  /** Returns the session of a bearer token. Framework adapters, such as `koa/token-sessions.ts`, call this method. */
  resumeToken(request: TokenRequest, defaultIdleSeconds?: number): Promise<TokenSession<S, P, R>>
  /** For framework adapters: calls `run` with a description of the session in the cookie of the request. */
  requestEnded(session: Session<S, P, R>, run: (arrived: SessionDescription) => unknown): Promise<void>
  /** Whether a guest gets a session at the first request (option `guests`). */
  readonly beginsAtFirstRequest: boolean
  /** Describes a session and its devices. Returns `undefined` when the session does not exist or has expired. */
  get(id: SessionId): Promise<SessionDescription | undefined>
  /**
   * Returns the storage of any session (4D). Returns `undefined` when the session does not exist or is not live.
   * @throws SessionError STORAGE_UNREADABLE, STORAGE_NEWER, STORAGE_NOT_UPGRADED.
   */
  storage(id: SessionId): Promise<DeepReadonly<S> | undefined>
  /** Returns a page of sessions, newest first by default. Pass `next` as `page.after` to get the next page. */
  list(filter?: ListFilter, page?: Page): Promise<{ sessions: SessionDescription[]; next?: Cursor }>
  /** Returns the number of sessions. Without a filter, counts every stored record. */
  count(filter?: ListFilter): Promise<number>
  /** Ends a session on all its devices. Returns `false` when the session is not live. */
  end(id: SessionId, reason?: EndReason, by?: EndedBy): Promise<boolean>
  /** Ends all sessions that match. An empty filter matches all sessions. Returns the number of ended sessions. */
  endMany(filter: EndFilter, reason?: EndReason, by?: EndedBy): Promise<number>
  /** Signs out one device by its public handle. Also ends the session when no device and no valid link remains. */
  detach(id: SessionId, handle: string, reason?: EndReason, by?: EndedBy): Promise<boolean>
  /** Removes a live, expired or invalidated session (JADE). Each device can read a non-empty message once. */
  removeWithMessage(id: SessionId, message: string, by?: { cause?: Cause }): Promise<boolean>
  /** Returns the token of a new one-time link to any session. Returns '' when the session is not a live web session. */
  createOTP(id: SessionId, options?: OTPOptions & Partial<SeenFrom>): Promise<string>
  /**
   * Revokes a one-time link that was not opened, for instance because its recipient did not request it. Returns the
   * `data` of the link, and undefined if the link was opened or ended before. Also ends a session without any other
   * device or valid link.
   */
  revokeOTP(token: unknown, by?: { cause?: Cause }): Promise<{ data: unknown } | undefined>
  /**
   * Creates an API token with its own rest session. The session expires after `absoluteSeconds`, and has an idle
   * timeout only if `idleSeconds` is given. The store contains only a hash, so the token cannot be shown again later.
   * @throws SessionError SESSION_LIMIT, STORE_UNAVAILABLE.
   */
  newToken(userId: string, options: NewTokenOptions<P, R> & NewTokenFrom & { storage?: Partial<S> }): Promise<NewToken>
  /** Yields after each change of the session, until the session ends or `signal` aborts. */
  watch(id: SessionId, signal: AbortSignal): AsyncIterable<void>
  /**
   * Removes sessions that expired at least five minutes ago, and returns their number. The manager calls this method
   * every `sweepSeconds`. A sweep also removes sessions of other applications that expired at least a day ago.
   */
  sweep(): Promise<number>
  /**
   * For health checks: makes a small write in the store, and reports whether the store accepts writes. Returns
   * `undefined` when the store has no `probe`.
   * @throws SessionError STORE_UNAVAILABLE when the store does not answer.
   */
  probe(): Promise<WriteState | undefined>
  /** Adds an event listener. Returns a function that removes the listener. */
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  /**
   * Stops the sweeps and the notifications of the store. If `endSessions` is true and this is the last process on an
   * embedded store, also ends all sessions. Default for `endSessions`: the option `closeOnStop`.
   * @throws SessionError STORE_UNAVAILABLE. Call `close` again when the store responds.
   */
  close(options?: { endSessions?: boolean }): Promise<void>
}

type NewTokenFrom = Pick<Cause, 'requestId' | 'device' | 'address'>

interface EndedBy {
  /** A message for each ended device (see `Session.takeMessage`). An empty message is not stored. */
  message?: string
  cause?: Cause
}

export interface NewToken {
  token: string
  /** The session ID. Ending this session revokes the token. */
  id: SessionId
  /** The time at which the session expires without further requests, in ISO 8601 (UTC); null for never. */
  expirationDate: string | null
}

/** The type of `ctx.session` for a manager: `SessionOf<typeof manager>`. */
export type SessionOf<M> = M extends Sessions<infer S, infer P, infer R> ? Session<S, P, R> : M & null

/**
 * Creates the session manager of an application.
 * TypeScript infers the names of privileges and roles from the options, and the type of the storage from
 * `storageOf<S>()`. With an explicit `createSessions<S>(…)`, TypeScript accepts every name.
 * @typeParam S the type of the storage.
 * @typeParam P the privileges in lists.
 * @typeParam R the roles.
 * @typeParam K the privileges that include other privileges.
 * @returns a frozen object. To replace a method, for instance in a test, make a copy: `{ ...manager, end }`. If one
 * middleware has the copy and another has the original, both share the session of a request. They do not share the
 * session if the copy replaces `resume` or `resumeToken`.
 * @throws TypeError for an invalid or unknown option.
 */
export function createSessions<
  S extends object = Record<string, unknown>,
  P extends string = string,
  R extends string = string,
  K extends string = P,
>(options: SessionOptions<S, P, R, K>): Sessions<S, P | K | 'WebAdmin', R> {
  const policy = readOptions(options)
  const { appName } = policy
  const { clock = systemClock } = options
  const bound = bindStore(options.store, { appName, clock })
  const store = policy.seal ? sealStore(bound, policy.seal) : bound
  const format = storageFormat(policy.maxStorageBytes, policy.codecs)
  const events = createEvents()
  const context: Context = {
    policy,
    store,
    source: traceSource(appName, options.store),
    clock,
    events,
    ends: endNotifications(store),
    queue: new KeyedQueue(),
    format,
    storage: recordStorage(format, policy),
    cookie: sessionCookie(policy.cookie),
    boundCookie: policy.deviceBinding && sessionCookie(policy.deviceBinding.cookie),
    bearer: bearerTokens(policy.tokenPrefix),
    reportedPrivileges: new Set(),
  }

  async function sweep(): Promise<number> {
    for (let removed = 0; ; ) {
      const ended = await store.sweep({ limit: SWEEP_STEP })
      reportEnded(context, newlyEnded(ended), undefined)
      removed += ended.length
      if (ended.length < SWEEP_STEP) return removed
    }
  }

  const stopSweeps = startRepeating(clock, policy.sweepMilliseconds, async () => {
    await sweep().catch((error) =>
      events.emit('warning', { code: 'SWEEP_FAILED', message: 'The sweep failed; it will be tried again.', error }),
    )
  })
  const leave = registerPresence(context)
  const stopWarnings = options.store.warnings?.listen((warning) => events.emit('warning', warning))
  if (policy.neverExpires) {
    const message =
      'sessionTimeoutMinutes is 0: sessions never expire, and invalidated ones are never swept. Remove them yourself.'
    // The warning waits for the next turn of the event loop, so that the caller can add its listeners.
    setImmediate(() => events.emit('warning', { code: 'SESSIONS_NEVER_EXPIRE', message }))
  }

  const stored = async (id: SessionId) => (isSessionId(id) ? store.get({ id }) : undefined)
  const describe = async (id: SessionId) => {
    const record = await stored(id)
    if (!record || clock.now() >= record.end) return undefined
    const credentials = await store.credentials({ ids: [id] })
    return describeSession(context, record, credentials.get(id) ?? [])
  }

  return Object.freeze<Sessions<S, P | K | 'WebAdmin', R>>({
    cookieName: context.cookie.name,
    bindingEndpoints: bindingEndpoints(context),
    cookieScope: policy.cookie.scope,
    async requestEnded({ arrivalId }, run) {
      try {
        const arrived = arrivalId === undefined ? undefined : await describe(arrivalId)
        if (arrived) await run(arrived)
      } catch (error) {
        events.emit('warning', {
          code: 'REQUEST_END_FAILED',
          message: 'onRequestEnd failed; the response was still sent.',
          error,
        })
      }
    },
    beginsAtFirstRequest: policy.guests === 'first-request',
    resume: (exchange) => resumeSession(context, exchange),
    resumeToken: (request, defaultIdleSeconds) => resumeTokenSession(context, request, defaultIdleSeconds),
    get: describe,
    async storage(id) {
      const record = await stored(id)
      return record && isLive(record, clock.now()) ? deepFreeze(context.storage.read(record) as S) : undefined
    },
    async list(filter = {}, page = {}) {
      const { sessions, next } = await store.list({ filter: checkedListFilter(filter), page: checkedPage(page) })
      const credentials = await store.credentials({ ids: sessions.map(({ id }) => id) })
      const described = sessions.map((record) => describeSession(context, record, credentials.get(record.id) ?? []))
      return { sessions: described, ...(next && { next }) }
    },
    count: async (filter = {}) => store.count({ filter: checkedListFilter(filter) }),
    async end(id, reason = 'revoked', by = {}) {
      checkReason('end()', reason)
      refuseUnknown('end()', by, { message: true, cause: true })
      checkEndedBy('end()', by)
      const { message, cause } = by
      const ended = isSessionId(id) ? await store.end({ id, reason, message }) : undefined
      if (ended) reportEnded(context, [ended], cause)
      return ended !== undefined
    },
    async endMany(filter, reason = 'revoked', by = {}) {
      checkReason('endMany()', reason)
      refuseUnknown('endMany()', by, { message: true, cause: true })
      checkEndedBy('endMany()', by)
      refuseUnknown('the filter of endMany()', filter, { userId: true, kind: true, exceptId: true })
      const { message, cause } = by
      const ended = await store.endMany({ filter: checkedFilter(filter), reason, message })
      reportEnded(context, ended, cause)
      return ended.length
    },
    async detach(id, handle, reason = 'revoked', by = {}) {
      checkReason('detach()', reason)
      refuseUnknown('detach()', by, { message: true, cause: true })
      checkEndedBy('detach()', by)
      const record = await stored(id)
      return record !== undefined && detachCredential(context, record, { handle, reason, ...by })
    },
    async removeWithMessage(id, message, by = {}) {
      refuseUnknown('removeWithMessage()', by, { cause: true })
      checkEndedBy('removeWithMessage()', { ...by, message: message ?? null })
      const { cause } = by
      const removed = isSessionId(id) ? await store.remove({ id, message }) : undefined
      if (removed) reportEnded(context, newlyEnded([removed]), removed.reason === 'revoked' ? cause : undefined)
      return removed !== undefined
    },
    async createOTP(id, options = {}) {
      checkOTPOptions(options, { ...OTP_OPTIONS, device: true, address: true })
      const record = await stored(id)
      if (record?.kind !== 'web' || !isLive(record, clock.now())) return ''
      return (await attachOTP(context, record, options, undefined, undefined)) ?? ''
    },
    async revokeOTP(token, by = {}) {
      checkEndedBy('revokeOTP()', by)
      return revokeOTP(context, token, by.cause)
    },
    async newToken(userId, given) {
      refuseUnknown('newToken()', given, { ...TOKEN_OPTIONS, requestId: true, device: true, address: true })
      if (userId === undefined) throw new TypeError("newToken(): pass the user's ID, got undefined.")
      const { requestId, device = null, address = null, ...options } = given
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
    probe: async () => store.probe?.(),
    on: events.on,
    async close(options = {}) {
      refuseUnknown('close()', options, { endSessions: true })
      checkFlags('close(): ', { endSessions: options.endSessions })
      const { endSessions = policy.closeOnStop } = options
      stopSweeps()
      context.ends.close()
      stopWarnings?.()
      const isLast = await leave()
      if (isLast && endSessions) reportEnded(context, await store.endMany({ filter: {}, reason: 'stopped' }), undefined)
    },
  })
}

/** Leaves out replaced sessions, because `replaceSession` has already reported their end. */
function newlyEnded(ended: readonly EndedSession[]): EndedSession[] {
  return ended.filter(({ reason }) => reason !== 'secured')
}

function checkedPage(page: Page): Page {
  refuseUnknown('the page of list()', page, { size: true, sort: true, direction: true, after: true })
  const { size = 50, sort = 'created', direction = 'desc', after } = page
  if (!Number.isInteger(size) || size < 1 || size > 500)
    throw new TypeError(`list(): size is a whole number from 1 to 500, got ${size}.`)
  if (!['created', 'seen', 'end'].includes(sort))
    throw new TypeError(`list(): sort is 'created', 'seen' or 'end', got ${sort}.`)
  if (!['asc', 'desc'].includes(direction))
    throw new TypeError(`list(): direction is 'asc' or 'desc', got ${direction}.`)
  if (after !== undefined && !(Number.isFinite(after.value) && typeof after.id === 'string'))
    throw new TypeError('list(): after must be the value of next from the previous page.')
  return { ...page, size }
}

const REASONS: Readonly<Record<EndReason, true>> = {
  idle: true,
  absolute: true,
  closed: true,
  revoked: true,
  secured: true,
  limit: true,
  stopped: true,
}

const CAUSE = { requestId: true, address: true, device: true, byUserId: true, byUserName: true } as const

function checkReason(where: string, reason: unknown): void {
  if (typeof reason === 'string' && Object.hasOwn(REASONS, reason)) return
  const got = typeof reason === 'string' ? JSON.stringify(reason) : typeof reason
  throw new TypeError(`${where}: the reason is one of ${Object.keys(REASONS).join(', ')}; got ${got}.`)
}

function checkEndedBy(where: string, { message, cause }: { message?: unknown; cause?: Cause }): void {
  if (message !== undefined && typeof message !== 'string')
    throw new TypeError(`${where}: message is a text, got ${message === null ? 'null' : typeof message}.`)
  if (cause !== undefined) refuseUnknown(`the cause of ${where}`, cause, CAUSE)
}

function checkedListFilter(filter: ListFilter): ListFilter {
  refuseUnknown('the filter of list() and count()', filter, { userId: true, kind: true, state: true, via: true })
  const { state, via } = filter
  oneOf('state', state, { guest: true, user: true, restored: true, invalidated: true })
  oneOf('via', via, { visit: true, login: true, link: true, 'sign-in': true, token: true })
  return checkedFilter(filter)
}

function oneOf<T extends string>(name: string, value: T | undefined, values: Readonly<Record<T, true>>): void {
  if (value !== undefined && !Object.hasOwn(values, value))
    throw new TypeError(
      `filter: ${name} is ${Object.keys(values)
        .map((one) => `'${one}'`)
        .join(' or ')}, got ${value}.`,
    )
}

/** Throws for a key with the value undefined, because `{ userId: undefined }` would match all users. */
function checkedFilter<F extends ListFilter | EndFilter>(filter: F): F {
  for (const [key, value] of Object.entries(filter)) {
    if (typeof value !== 'string')
      throw new TypeError(`filter: ${key} is a text, got ${typeof value}. Leave the key out to match all.`)
  }
  oneOf('kind', filter.kind, { web: true, rest: true })
  return filter
}
