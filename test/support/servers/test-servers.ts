import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Scope } from '../process.ts'

/** `undefined`: this run has no such server. */
export const redisUrl = process.env.TEST_REDIS_URL || undefined
export const postgresUrl = process.env.TEST_POSTGRES_URL || undefined

/** A unique name for data on a shared server. */
export function ownName(): string {
  return `t${randomBytes(8).toString('hex')}`
}

/** Creates a database that is dropped after the test. Returns its address. */
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

export async function administer(sql: string): Promise<void> {
  administration ??= onePool(requiredPostgresUrl())
  await (await administration).query(sql)
}

/** A pool of one connection that does not keep the process alive. */
export async function onePool(url: string): Promise<Pool> {
  // Most test files do not need the driver.
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true })
  // After an error, the next statement fails.
  pool.on('error', () => {})
  return pool
}

/** Reads the variable at each call, because the gate starts the servers after it has loaded this file. */
function requiredPostgresUrl(): string {
  const url = process.env.TEST_POSTGRES_URL
  if (!url) throw new Error('This test needs PostgreSQL: run it with npm test, or set TEST_POSTGRES_URL.')
  return url
}
