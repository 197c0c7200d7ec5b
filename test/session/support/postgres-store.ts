import { Pool, type PoolConfig } from 'pg'
import type { SessionStore } from '../../../src/session/index.ts'
import { postgresStore, preparePostgresStore } from '../../../src/session/stores/postgres/index.ts'
import type { Scope } from '../../support/process.ts'
import { ownDatabase } from '../../support/servers/test-servers.ts'

export function openPool(scope: Scope, url: string, config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...config })
  // Some tests end connections on purpose.
  pool.on('error', () => {})
  scope.after(() => pool.end())
  return pool
}

/** A new database with the store's tables. `another` opens a second store, as in another process. */
export async function preparedDatabase(scope: Scope) {
  const url = await ownDatabase(scope)
  const pool = openPool(scope, url)
  await preparePostgresStore(pool)
  const another = (config?: PoolConfig): SessionStore => postgresStore(openPool(scope, url, config))
  return { url, pool, store: postgresStore(pool), another }
}
