import { RateLimiterPostgres, RateLimiterRedis, RateLimiterSQLite } from 'rate-limiter-flexible'
import { limiterInMemory, type MakeLimiter } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import type { Connections } from './connections.ts'

const TABLE = 'rate_limits'
const VARIABLE = 'SESSION_STORE'

/** Processes that share a session store share its rate limits. */
export async function openLimiters(
  { sessionStore, appName, webConcurrency }: Config,
  connections: Connections,
): Promise<MakeLimiter> {
  if (sessionStore.kind === 'redis') {
    const storeClient = await connections.redis(sessionStore.url, VARIABLE)
    return ({ keyPrefix, ...options }) =>
      new RateLimiterRedis({ ...options, storeClient, keyPrefix: `limits:${appName}:${keyPrefix}` })
  }
  if (sessionStore.kind === 'postgres') {
    const pool = await connections.postgres(sessionStore.url, VARIABLE)
    const table = { storeClient: pool, storeType: 'pool', tableName: TABLE }
    await ready((done) => new RateLimiterPostgres({ ...table, ...ANY }, done))
    return ({ keyPrefix, ...options }) =>
      new RateLimiterPostgres({ ...table, ...LATER, ...options, keyPrefix: `${appName}:${keyPrefix}` })
  }
  if (sessionStore.kind === 'sqlite' && webConcurrency > 1) {
    // The session store runs transactions on its own connection, so the rate limiters use another one.
    const storeClient = connections.sqlite(sessionStore.file, VARIABLE)
    const table = { storeClient, storeType: 'better-sqlite3', tableName: TABLE }
    await ready((done) => new RateLimiterSQLite({ ...table, ...ANY }, done))
    return ({ keyPrefix, ...options }) =>
      new RateLimiterSQLite({ ...table, ...LATER, ...options, keyPrefix: `${appName}:${keyPrefix}` })
  }
  return limiterInMemory
}

// A limiter with these options creates the table and removes expired rows for all limiters. It limits nothing.
const ANY = { points: 1, duration: 1 }
const LATER = { tableCreated: true, clearExpiredByTimeout: false }

function ready(open: (done: (error?: Error) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    open((error) => (error ? reject(error) : resolve()))
  })
}
