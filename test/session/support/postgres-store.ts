import { Pool, type PoolConfig } from 'pg'
import type { SessionStore } from '../../../src/session/index.ts'
import { postgresStore, preparePostgresStore } from '../../../src/session/stores/postgres/index.ts'
import type { Scope } from '../../support/process.ts'
import { ownDatabase } from '../../support/servers/test-servers.ts'

/** A pool that is closed when the test is over. */
export function openPool(scope: Scope, url: string, config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...config })
  // Some tests end the connections of others on purpose.
  pool.on('error', () => {})
  scope.after(() => pool.end())
  return pool
}

/** A database with the store's tables, a store, and more stores as in other processes. */
export async function preparedDatabase(scope: Scope) {
  const url = await ownDatabase(scope)
  const pool = openPool(scope, url)
  await preparePostgresStore(pool)
  const another = (config?: PoolConfig): SessionStore => postgresStore(openPool(scope, url, config))
  return { url, pool, store: postgresStore(pool), another }
}
