import { refuseUnknown } from '../../known-options.ts'
import { type Credential, isLive, markNothingWritten, type SessionId, type SessionRecord } from '../../record.ts'
import type { Admission, Found, FoundOTP, Limits, Replaced, SessionStore } from '../../store.ts'
import { CALL_MILLISECONDS, checkDeadline } from '../shared/deadline.ts'
import { foundState } from '../shared/found.ts'
import { type RedisSubscriber, redisAnnouncements } from './announcements.ts'
import { commandSender, type RedisClient, type RunScript, refusalOf, refuseResending, scriptRunner } from './client.ts'
import { ATTACH, CREDENTIALS_OF, DETACH, FIND_OTP, REDEEM, ROTATE, SET_DETAILS } from './credential-scripts.ts'
import { gatherCalls } from './gathered-calls.ts'
import { layoutCheck, STEPS } from './layout.ts'
import {
  credentialFrom,
  credentialText,
  endedCredentialFrom,
  endedFrom,
  parseRecord,
  readableTextFrom,
  recordFrom,
  recordText,
} from './lines.ts'
import { countListed, listPage } from './lists.ts'
import { markedEnds } from './marked-ends.ts'
import { reconnectionOf } from './reconnection.ts'
import {
  CREATE,
  END,
  END_MANY,
  REMOVE,
  REPLACE,
  SWEEP,
  TAKE_MESSAGE,
  TOUCH,
  UPDATE,
  UPDATE_STORAGE,
} from './session-scripts.ts'
import { CREATE_VISITS, isVisit } from './visits.ts'

// `endMany` ends all sessions of a user in one script, which takes about 0.2 seconds for 10,000 sessions.
const END_MANY_DEADLINE_FACTOR = 10
const PROBE_LIFE_MILLISECONDS = 60_000

export interface RedisStoreOptions {
  /** The prefix of all keys. It is part of the hash tag, as in `{sessions:CRM}:…`. Default 'sessions'. */
  prefix?: string
  /**
   * The deadline of a call, in milliseconds. A slower call throws. The deadline of `endMany` is ten times as long.
   * Default 2000.
   */
  deadlineMilliseconds?: number
  /**
   * A second connection (`client.duplicate()`), used only for notifications. With this connection, a process is notified
   * when another process ends a session. Otherwise, a process detects the end at its next read of the session.
   */
  subscriber?: RedisSubscriber
}

/**
 * Stores sessions in Redis 7 or Valkey, for any number of processes and machines. All keys of an application are in one
 * slot, as Redis Cluster requires. Set `maxmemory-policy noeviction`, because users are logged out when Redis evicts
 * keys. When a replica refuses a write, the store opens `client` and `subscriber` again, at most once a second.
 * @throws TypeError when the prefix contains braces, or when the client resends commands or queues them while offline.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): SessionStore {
  return redisStoreWith(STEPS, client, options)
}

export function redisStoreWith(
  steps: readonly string[],
  client: RedisClient,
  options: RedisStoreOptions,
): SessionStore {
  refuseUnknown('redisStore()', options, { prefix: true, deadlineMilliseconds: true, subscriber: true })
  const { prefix = 'sessions', deadlineMilliseconds = CALL_MILLISECONDS, subscriber } = options
  checkDeadline(deadlineMilliseconds)
  refuseResending(client)
  if (/[{}]/.test(prefix)) {
    throw new TypeError(
      `The prefix ${prefix} of redisStore() contains braces, which choose the slot of a key in a Redis Cluster. Use one without them.`,
    )
  }
  const keyPrefix = (app: string) => `{${prefix}:${app}}`
  const sessionKey = (app: string, id: SessionId) => `${keyPrefix(app)}:s:${id}`
  const reconnection = reconnectionOf(client, subscriber)
  const sender = (milliseconds: number) => commandSender(client, milliseconds, reconnection)
  const send = sender(deadlineMilliseconds)
  const checkLayout = layoutCheck(scriptRunner(sender, keyPrefix, deadlineMilliseconds), steps)
  const ends = markedEnds({ sender, keyPrefix, deadlineMilliseconds })
  const started = new Set<string>()
  /** When this process first uses an application, it continues an endMany whose process has stopped. */
  const start = async (app: string) => {
    if (started.has(app)) return
    await checkLayout(app)
    if (started.has(app)) return
    started.add(app)
    ends.settle(app).catch(() => {}) // A sweep tries again.
  }
  const checked =
    (run: RunScript): RunScript =>
    async (script, app, ...parameters) => {
      if (!started.has(app)) await start(app)
      return run(script, app, ...parameters)
    }
  const runWithin = (milliseconds: number) => checked(ends.runWithin(milliseconds))
  const run = runWithin(deadlineMilliseconds)
  const gather = gatherCalls(runWithin, deadlineMilliseconds)
  const runLonger = checked(scriptRunner(sender, keyPrefix, deadlineMilliseconds * END_MANY_DEADLINE_FACTOR))

  return {
    name: 'redis',

    async create({ app, session, credential, limits, now }): Promise<Admission> {
      const added = [...newSession(session, credential), now]
      let create = run
      if (isVisit(session, credential)) {
        const shared = [limits.sessions ?? '', limits.guests ?? '']
        const { answer, left } = await gather(CREATE_VISITS, app, { shared, own: added })
        if (isOne(answer)) return { admitted: true, ended: [] }
        create = runWithin(left)
      }
      const [state, ...ended] = (await create(CREATE, app, ...added, ...sessionLimits(limits))) as string[]
      if (state === 'exists') throw existsAlready(session.id)
      return state === 'admitted' ? { admitted: true, ended: ended.map(endedFrom) } : { admitted: false }
    },

    async find({ app, id, hash, now }): Promise<Found | undefined> {
      if (!started.has(app)) await start(app)
      for (let isRepeated = false; ; isRepeated = true) {
        const answer = await send('HMGET', sessionKey(app, id), 'r', 's', `c${hash}`, `t${hash}`, 'e')
        const [text, storage, credential, tombstone, token] = answer as (string | null)[]
        const session = text == null ? undefined : parseRecord(id, text, storage ?? '')
        const known = credential == null ? undefined : credentialFrom(hash, credential)
        if (token != null && known && session?.startTime !== null) {
          const end = await ends.endOf(app, token, now)
          if (end === 'over' && !isRepeated) continue
          if (end !== 'live') return end === 'over' || known.kind === 'otp' ? undefined : end
        }
        const state = session && known && foundState({ session, credential: known }, now)
        return state ?? (tombstone ? endedCredentialFrom(tombstone, now) : undefined)
      }
    },

    async get({ app, id }) {
      if (!started.has(app)) await start(app)
      const answer = await send('HMGET', sessionKey(app, id), 'r', 's', 'e')
      const [text, storage, token] = answer as (string | null)[]
      if (text == null) return undefined
      const isCovered = token != null && parseRecord(id, text, '')?.startTime !== null
      if (isCovered && (await ends.endOf(app, token, 0)) !== 'live') return undefined
      return recordFrom(id, text, storage ?? '')
    },

    async credentials({ app, ids }) {
      const answer = (await run(CREDENTIALS_OF, app, ...ids)) as string[][]
      return new Map(ids.map((id, n) => [id, credentialsFrom(answer[n] ?? [])]))
    },

    async update({ app, id, expected, writeId, changes, limits, now }) {
      const { storage, ...others } = changes
      const { userName, userId, grants, lastAccessTime, idleMilliseconds, end, authenticatedAt } = others
      const condition = [id, now, expected.version ?? '', expected.by ?? '', JSON.stringify(writeId)]
      if (storage !== undefined && Object.values(others).every((field) => field === undefined)) {
        const own = [...condition, storage]
        const { answer, left } = await gather(UPDATE_STORAGE, app, { own })
        const [updated] =
          answer === 'failed' ? ((await runWithin(left)(UPDATE_STORAGE, app, ...own)) as string[]) : [answer]
        return { updated: isOne(updated), ended: [] }
      }
      const fields = [
        ...[userName, userId, grants].map(jsonOrNothing),
        ...[lastAccessTime, idleMilliseconds, end, authenticatedAt].map((number) => number ?? ''),
        ...(storage === undefined ? [] : [storage]),
      ]
      const perUser = limits.sessionsPerUser ?? ''
      const [updated, ...ended] = (await run(UPDATE, app, ...condition, perUser, ...fields)) as string[]
      return { updated: updated === '1', ended: ended.map(endedFrom) }
    },

    async touch({ app, id, hash, from: { device, address }, now }) {
      const ended = await run(TOUCH, app, id, hash, now, JSON.stringify(device), JSON.stringify(address))
      return (ended as string[]).map(endedFrom)
    },

    attach: async ({ app, id, credential, by = '', limits, now }) =>
      isOne(await run(ATTACH, app, id, ...hashAndText(credential), by, ...credentialLimits(limits), now)),

    detach: async ({ app, id, handle, reason, message, now }) =>
      isOne(await run(DETACH, app, id, handle, reason, now, jsonOrNothing(message || undefined))),

    rotate: async ({ app, id, by, credential, others, now }) =>
      isOne(await run(ROTATE, app, id, by, ...hashAndText(credential), others, now)),

    setDetails: async ({ app, id, hash, from, to, now }) =>
      isOne(await run(SET_DETAILS, app, id, hash, JSON.stringify(from), JSON.stringify(to), now)),

    async findOTP({ app, hash, now }): Promise<FoundOTP | undefined> {
      const found = (await run(FIND_OTP, app, hash)) as [string, string, string, string] | null
      if (!found) return undefined
      const session = recordFrom(found[0], found[1], found[2])
      const credential = credentialFrom(hash, found[3])
      return credential && now < credential.expiresAt && isLive(session, now) ? { session, credential } : undefined
    },

    async redeem({ app, hash, credential, limits, now }) {
      const added = credential ? hashAndText(credential) : ['', '']
      const got = await run(REDEEM, app, hash, ...added, ...credentialLimits(limits), now)
      return got ? recordFrom(...(got as [string, string, string])) : undefined
    },

    async replace({ app, id, expected, session, credential, limits, now }): Promise<Replaced> {
      const [state, ...ended] = (await run(
        REPLACE,
        app,
        id,
        expected.version ?? '',
        expected.by ?? '',
        now,
        ...newSession(session, credential),
        ...sessionLimits(limits),
      )) as string[]
      if (state === 'exists') throw existsAlready(session.id)
      return state === 'replaced'
        ? { state: 'replaced', ended: ended.map(endedFrom) }
        : { state: state === 'moved' ? 'moved' : 'gone' }
    },

    async end({ app, id, reason, by = '', unseen = false, message, now }) {
      const ended = await run(END, app, id, reason, now, by, unseen ? 1 : 0, jsonOrNothing(message || undefined))
      return ended ? endedFrom(ended as string) : undefined
    },

    async endMany(call) {
      const { app, reason, message, now } = call
      const { userId, kind = '', exceptId = '' } = call.filter
      const filter = [jsonOrNothing(userId), kind, exceptId]
      const answer = await runLonger(END_MANY, app, ...filter, reason, now, jsonOrNothing(message || undefined))
      const [state, ...ended] = answer as string[]
      return state === 'many' ? ends.endAll(call) : ended.map(endedFrom)
    },

    async remove({ app, id, message, now }) {
      const removed = await run(REMOVE, app, id, now, jsonOrNothing(message || undefined))
      return removed ? endedFrom(removed as string) : undefined
    },

    async takeMessage({ app, id, hash, now }) {
      const message = await run(TAKE_MESSAGE, app, id, hash, now)
      return message ? (readableTextFrom(message as string) ?? undefined) : undefined
    },

    list: (call) => listPage(run, call),

    count: (call) => countListed(run, call),

    async sweep({ app, now, limit }) {
      if (!started.has(app)) await start(app)
      await ends.settle(app)
      const swept = ((await run(SWEEP, app, now, limit)) as string[]).map(endedFrom)
      return [...(await ends.takeUnreported(app)), ...swept]
    },

    async probe({ app, now }) {
      try {
        await send('SET', `${keyPrefix(app)}:probe`, String(now), 'PX', String(PROBE_LIFE_MILLISECONDS))
        return { state: 'writable' }
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal) return refusal
        throw error
      }
    },

    ...(subscriber && { announcements: redisAnnouncements(send, subscriber, keyPrefix, deadlineMilliseconds) }),
  }
}

const hashAndText = (credential: Credential) => [credential.hash, credentialText(credential)]
const newSession = (session: SessionRecord, credential: Credential) => [
  session.id,
  recordText(session),
  session.storage,
  ...hashAndText(credential),
]
const sessionLimits = (limits: Limits) => [limits.sessions ?? '', limits.guests ?? '', limits.sessionsPerUser ?? '']
const credentialLimits = (limits: Limits) => [limits.credentials ?? '', limits.otps ?? '']

function credentialsFrom(parts: readonly string[]): Credential[] {
  const found: Credential[] = []
  for (let n = 0; n < parts.length; n += 2) {
    const credential = credentialFrom(parts[n] ?? '', parts[n + 1] ?? '')
    if (credential) found.push(credential)
  }
  return found.sort((a, b) => a.createdAt - b.createdAt || (a.hash < b.hash ? -1 : 1))
}

function existsAlready(id: SessionId): unknown {
  return markNothingWritten(new Error(`A session ${id} already exists.`))
}

function jsonOrNothing(text: string | undefined): string {
  return text === undefined ? '' : JSON.stringify(text)
}

function isOne(answer: unknown): boolean {
  return answer === '1'
}
