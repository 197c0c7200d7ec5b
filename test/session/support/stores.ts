import { after } from 'node:test'
import Database from 'better-sqlite3'
import { Connections } from '../../../src/parts/connections.ts'
import type { SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { postgresStore, preparePostgresStore } from '../../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { postgresUrl, redisUrl } from '../../support/servers/test-servers.ts'
import { withOwnApps } from './own-app.ts'

const connections = new Connections(() => {})
after(() => connections.close())

const EMBEDDED: Record<string, () => SessionStore> = {
  memory: () => memoryStore(),
  SQLite: () => sqliteStore(new Database(':memory:')),
}

const wanted = process.env.TEST_STORES ?? 'all'

/** The session stores that tests run on. Each call opens an empty store. */
export const STORES: Record<string, () => SessionStore> = {
  ...(wanted !== 'servers' && EMBEDDED),
  ...(wanted !== 'embedded' && redisUrl && (await onRedis(redisUrl))),
  ...(wanted !== 'embedded' && postgresUrl && (await onPostgres(postgresUrl))),
}

// The tests of a file share one connection or pool. `withOwnApps` separates their sessions, because each test has its
// own clock.

async function onRedis(url: string) {
  const client = await connections.redis(url, 'TEST_REDIS_URL')
  const subscriber = await connections.redisSubscriber(url, 'TEST_REDIS_URL')
  return { Redis: () => withOwnApps(redisStore(client, { subscriber })) }
}

async function onPostgres(url: string) {
  const pool = await connections.postgres(url, 'TEST_POSTGRES_URL')
  await preparePostgresStore(pool)
  return { PostgreSQL: () => withOwnApps(postgresStore(pool, { sweepUnusedApps: false })) }
}
