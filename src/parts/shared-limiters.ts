import { RateLimiterPostgres, RateLimiterRedis, RateLimiterSQLite } from 'rate-limiter-flexible'
import { limiterInMemory, type MakeLimiter } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import type { Connections } from './connections.ts'
import { shortenLockWait } from './open-sqlite.ts'

const VARIABLE = 'SESSION_STORE'

/** If several processes share a session store, they also store the counts of the rate limiters there. */
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
    return limitersInTable(RateLimiterPostgres, pool, 'pool', appName)
  }
  if (sessionStore.kind === 'sqlite' && webConcurrency > 1) {
    // The session store runs transactions on its connection, so the rate limiters use a second connection.
    const sqlite = connections.sqlite(sessionStore.file, VARIABLE)
    const limiters = await limitersInTable(RateLimiterSQLite, sqlite, 'better-sqlite3', appName)
    shortenLockWait(sqlite)
    return limiters
  }
  return limiterInMemory
}

async function limitersInTable(
  Limiter: typeof RateLimiterPostgres | typeof RateLimiterSQLite,
  storeClient: object,
  storeType: string,
  appName: string,
): Promise<MakeLimiter> {
  const table = { storeClient, storeType, tableName: 'rate_limits' }
  // No request uses this limiter. It only creates the table and removes expired rows for all limiters.
  await new Promise<void>((resolve, reject) => {
    void new Limiter({ ...table, points: 1, duration: 1 }, (error) => (error ? reject(error) : resolve()))
  })
  const shared = { ...table, tableCreated: true, clearExpiredByTimeout: false }
  return ({ keyPrefix, ...options }) => new Limiter({ ...shared, ...options, keyPrefix: `${appName}:${keyPrefix}` })
}
