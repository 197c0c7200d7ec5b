import { statSync } from 'node:fs'
import { Redis } from 'ioredis'
import { Client } from 'pg'

const APP = 'MILLION'
const HOUR = 3_600_000
const AT_ONCE = 500
const START = Date.now()
// A prime number, so that its multiples reach every session.
const STRIDE = 7919
const SWEPT = 500
const FIRST_SWEPT = 100_000_000
const NO_LIMITS = {}

/**
 * Creates sessions, and returns the number of created sessions per second. Nine of ten sessions are sessions of guests.
 * Each session has 100 bytes of data and one cookie.
 */
export async function fill(store, filled, size) {
  const started = performance.now()
  for (let from = filled; from < size; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, size - from) }, (_, n) => from + n)
    await Promise.all(numbers.map((n) => create(store, n)))
  }
  return Math.round(((size - filled) / (performance.now() - started)) * 1000)
}

function create(store, n, changes) {
  const made = { ...session(n), ...changes }
  return store.create({ app: APP, now: START, session: made, credential: cookie(n), limits: NO_LIMITS })
}

/** Returns the median times of calls that run one after the other, and the stored bytes of a session. */
export async function measureSize(store, address, sessions) {
  const now = START + 1000
  const list = (page, filter = {}) => store.list({ app: APP, now, filter, page })
  const any = () => Math.floor(Math.random() * sessions)
  let lookups = 0
  // Visits each session at most once, because a store may remember what it has found.
  const another = () => (lookups++ * STRIDE) % sessions
  const newest = await list({ size: 50 })
  const { id, startTime } = session(sessions / 2)
  const middle = { value: startTime, id }
  return {
    'lookup µs': await median(Math.min(2000, sessions), async () => {
      const n = another()
      const found = await store.find({ app: APP, now, id: session(n).id, hash: cookie(n).hash })
      if (found?.state !== 'live') throw new Error(`session ${n} is not found`)
    }),
    'write µs': await median(500, () =>
      store.update({
        app: APP,
        now,
        id: session(any()).id,
        expected: {},
        writeId: 'w',
        changes: { storage: STORAGE },
        limits: NO_LIMITS,
      }),
    ),
    'page 1 µs': await median(50, () => list({ size: 50 })),
    'next page µs': await median(50, () => list({ size: 50, after: newest.next })),
    'middle page µs': await median(50, () => list({ size: 50, after: middle })),
    'count µs': await median(5, () => store.count({ app: APP, now, filter: {} })),
    'count of users µs': await median(5, () => store.count({ app: APP, now, filter: { state: 'user' } })),
    'of one user µs': await median(50, () => list({ size: 50 }, { userId: session(0).userId })),
    'bytes each': Math.round((await bytesOf(address)) / sessions),
  }
}

/** Returns the milliseconds of a sweep of 500 ended sessions among all others. The sessions are created for the sweep. */
export async function sweepStep(store, sessions) {
  const end = START + 60_000
  const numbers = Array.from({ length: SWEPT }, (_, n) => FIRST_SWEPT + sessions + n)
  await Promise.all(numbers.map((n) => create(store, n, { end })))
  const started = performance.now()
  const removed = await store.sweep({ app: APP, now: end + 6 * 60_000, limit: SWEPT })
  if (removed.length !== SWEPT) throw new Error(`the sweep removed ${removed.length} sessions`)
  return Number((performance.now() - started).toFixed(1))
}

/** Advances the time until `count` sessions have expired, and sweeps them in batches. */
export async function sweepMany(store, count) {
  const now = session(count - 1).end + 6 * 60_000
  let removed = 0
  let longest = 0
  const started = performance.now()
  for (let ended = ['']; ended.length > 0; removed += ended.length) {
    const step = performance.now()
    ended = await store.sweep({ app: APP, now, limit: SWEPT })
    longest = Math.max(longest, performance.now() - step)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  return `swept ${removed} sessions in ${seconds} s; the longest step of 500 took ${longest.toFixed(0)} ms`
}

const STORAGE = JSON.stringify({ visits: 1, text: 'x'.repeat(78) })

/** Session n + 1 ends a millisecond after session n. */
function session(n) {
  const isUser = n % 10 === 0
  return {
    id: n.toString(16).toUpperCase().padStart(32, '0'),
    kind: 'web',
    userName: isUser ? 'Ana Lima' : '',
    userId: isUser ? `user ${n % 100_000}` : null,
    grants: isUser ? '{"roles":["salesperson"]}' : '',
    storage: STORAGE,
    startTime: START + Math.floor(n / 1000),
    lastAccessTime: START,
    idleMilliseconds: HOUR,
    absoluteEnd: START + 12 * HOUR,
    end: START + 2 * HOUR + n,
    version: 1,
  }
}

function cookie(n) {
  return {
    handle: n.toString(16).padStart(16, '0'),
    hash: n.toString(16).padStart(64, '0'),
    kind: 'cookie',
    via: n % 10 === 0 ? 'login' : 'visit',
    createdAt: START,
    lastSeenAt: null,
    authenticatedAt: null,
    device: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    address: '192.0.2.1',
    expiresAt: Number.MAX_SAFE_INTEGER,
    purpose: null,
    details: null,
  }
}

async function median(times, call) {
  const spent = []
  for (let time = 0; time < times; time++) {
    const started = performance.now()
    await call()
    spent.push(performance.now() - started)
  }
  spent.sort((a, b) => a - b)
  return Math.round(spent[Math.floor(times / 2)] * 1000)
}

/** Returns the memory that Redis uses, or the disk space that another store uses. */
async function bytesOf(address) {
  if (address.startsWith('sqlite:')) return statSync(address.replace('sqlite:', '')).size
  if (address.startsWith('redis:')) {
    const redis = new Redis(address)
    const [, used] = /used_memory:(\d+)/.exec(await redis.info('memory'))
    redis.disconnect()
    return Number(used)
  }
  const client = new Client({ connectionString: address })
  await client.connect()
  const { rows } = await client.query('SELECT pg_database_size(current_database()) AS bytes')
  await client.end()
  return Number(rows[0].bytes)
}
