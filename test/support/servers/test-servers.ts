import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Scope } from '../process.ts'

/** The addresses of Redis and PostgreSQL for this run; undefined when this machine has none. `npm run test:all` starts them. */
export const redisUrl = process.env.TEST_REDIS_URL || undefined
export const postgresUrl = process.env.TEST_POSTGRES_URL || undefined

/** A unique name, for data in a server that other tests use too. */
export function ownName(): string {
  return `t${randomBytes(8).toString('hex')}`
}

/**
 * Makes a database of a test's own in the run's PostgreSQL, empty or as a copy of another one, and returns its address. It is
 * dropped when the test ends.
 */
export async function ownDatabase(scope: Scope, template = 'template1'): Promise<string> {
  const name = ownName()
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  scope.after(() => administer(`DROP DATABASE ${name} WITH (FORCE)`))
  return databaseUrl(name)
}

export function databaseUrl(name: string): string {
  const url = new URL(requiredPostgresUrl())
  url.pathname = `/${name}`
  return url.href
}

let administration: Promise<Pool> | undefined

/** Runs one statement in the server's own database. */
export async function administer(sql: string): Promise<void> {
  administration ??= onePool(requiredPostgresUrl())
  await (await administration).query(sql)
}

/** A pool of one connection, which does not keep the process alive. */
export async function onePool(url: string): Promise<Pool> {
  // Loaded late: most test files do not use PostgreSQL.
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true })
  // The next statement fails when the server is gone.
  pool.on('error', () => {})
  return pool
}

/** The gate starts the servers after it has loaded this file, so it looks again. */
function requiredPostgresUrl(): string {
  const url = process.env.TEST_POSTGRES_URL
  if (!url) throw new Error('This test needs PostgreSQL: run it with npm test, or set TEST_POSTGRES_URL.')
  return url
}
