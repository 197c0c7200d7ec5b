import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { DatabaseSetting } from '../../../src/config/config-values.ts'
import { keepPristine, lendDatabase, removeLentDatabases } from './lent-databases.ts'
import { administer, databaseUrl, ownName } from './test-servers.ts'

/** `filled`: with the accounts and customers of the demo. `empty`: without rows. */
type Beginning = 'filled' | 'empty'

export interface OwnDatabase {
  setting: DatabaseSetting
  /** Drops the database or prepares it for another test. */
  drop(): Promise<void>
}

const isOnPostgres = process.env.TEST_CRM_DATABASE === 'postgres'
// The templates to copy. Without templates, each test creates and fills its own database.
const TEMPLATES = process.env.TEST_CRM_TEMPLATES
const FILES = process.env.TEST_CRM_FILES

/** A database for one test: SQLite, or PostgreSQL with TEST_CRM_DATABASE=postgres. */
export async function ownCrmDatabase(beginning: Beginning, file?: string): Promise<OwnDatabase> {
  if (!isOnPostgres)
    return file === undefined ? ownFile(beginning) : { setting: { kind: 'sqlite', file }, async drop() {} }
  if (TEMPLATES !== undefined) {
    const { url, giveBack } = await lendDatabase(templateName(TEMPLATES, beginning))
    return { setting: { kind: 'postgres', url }, drop: giveBack }
  }
  const name = ownName()
  await administer(`CREATE DATABASE ${name}`)
  return {
    setting: { kind: 'postgres', url: databaseUrl(name) },
    drop: () => administer(`DROP DATABASE ${name} WITH (FORCE)`),
  }
}

// Most production databases sort text by the rules of a language, so the tests use such a collation if possible.
const AS_PEOPLE_SORT = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"

function ownFile(beginning: Beginning): OwnDatabase {
  if (FILES === undefined) return { setting: { kind: 'sqlite', file: ':memory:' }, async drop() {} }
  const folder = mkdtempSync(join(tmpdir(), 'crm-test-'))
  const file = join(folder, 'crm.sqlite')
  copyFileSync(templateFile(FILES, beginning), file)
  return { setting: { kind: 'sqlite', file }, drop: async () => rmSync(folder, { recursive: true, force: true }) }
}

export function templateFile(folder: string, beginning: Beginning): string {
  return join(folder, `${beginning}.sqlite`)
}

/** `fill` gets the address of each new template. Returns the common part of their names. */
export async function makeTemplates(fill: (beginning: Beginning, url: string) => Promise<void>): Promise<string> {
  const name = ownName()
  for (const beginning of ['filled', 'empty'] as const) {
    const create = `CREATE DATABASE ${templateName(name, beginning)}`
    await administer(`${create} ${AS_PEOPLE_SORT}`).catch(() => administer(create))
    await fill(beginning, databaseUrl(templateName(name, beginning)))
    await keepPristine(templateName(name, beginning))
  }
  return name
}

export async function dropTemplates(name: string): Promise<void> {
  for (const beginning of ['filled', 'empty'] as const)
    await administer(`DROP DATABASE ${templateName(name, beginning)} WITH (FORCE)`)
}

function templateName(name: string, beginning: Beginning): string {
  return `${name}_${beginning}`
}

const left: (() => Promise<void>)[] = []

/** Drops a database after all tests of the file, because a server may use the database after the end of its test. */
export function dropAtTheEnd(drop: () => Promise<void>): void {
  left.push(drop)
}

process.once('beforeExit', async () => {
  for (const drop of left) await drop()
  await removeLentDatabases()
})

/** Makes PostgreSQL reuse the id of the newest row after that row was deleted, because SQLite does so. */
export async function letNumbersComeAgain(
  database: Kysely<Database>,
  table: 'customers' | 'operations',
): Promise<void> {
  if (!(database.getExecutor().adapter instanceof PostgresAdapter)) return
  const next = sql`(select coalesce(max(id), 0) + 1 from ${sql.table(table)})`
  await sql`select setval(pg_get_serial_sequence(${table}, 'id'), ${next}, false)`.execute(database)
}

/** Runs a statement on a new connection. Returns the rows. */
export async function queryAt(url: string, statement: string): Promise<unknown[]> {
  const { Client } = await import('pg')
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
