import { existsSync, rmSync } from 'node:fs'
import { type Config, readConfig } from '../config/config.ts'
import { StartError } from '../config/start-error.ts'
import { Connections } from '../parts/connections.ts'
import { openSqlite } from '../parts/open-sqlite.ts'
import { createParts } from '../parts/parts.ts'
import { openToReset } from './reset-postgres.ts'
import { runCommand } from './run-command.ts'

interface DatabaseFile {
  path: string
  variable: string
  /** A table of this demo. If a file has tables but not this table, the file belongs to another program and is kept. */
  table: string
}

await runCommand(resetDemo)

async function resetDemo(): Promise<void> {
  const config = readConfig(process.env)
  if (config.profile !== 'demo')
    throw new StartError(
      'demo:reset deletes all customers, accounts and sessions, so it refuses in the production profile.',
    )
  const connections = new Connections(() => {})
  try {
    await deleteEverything(config, connections)
  } finally {
    await connections.close()
  }
  const parts = await createParts({ ...config, sessions: 'none' })
  await parts.close({ endSessions: false })
  process.stdout.write(
    `filled ${config.database.kind === 'sqlite' ? config.database.file : 'the database'} with the demo’s accounts and customers\n`,
  )
}

async function deleteEverything(config: Config, connections: Connections): Promise<void> {
  const files = filesOf(config).filter(({ path }) => existsSync(path))
  for (const file of files) refuseIfNeeded(file)
  const { database } = config
  const postgres = database.kind === 'postgres' ? await openToReset(database.url, connections) : undefined
  await postgres?.refuseIfNeeded()

  if (['postgres', 'redis'].includes(config.sessionStore.kind)) await endAllSessions(config)
  for (const { path } of files) {
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${ending}`, { force: true })
    process.stdout.write(`deleted ${path}\n`)
  }
  if (postgres) process.stdout.write(`emptied ${await postgres.empty()}\n`)
}

/** Ends only this application's sessions, because other applications may store sessions on the same server. */
async function endAllSessions(config: Config): Promise<void> {
  const parts = await createParts({ ...config, sessions: 'scalable' })
  try {
    process.stdout.write(`ended ${await parts.sessions?.endMany({})} sessions\n`)
  } finally {
    await parts.close({ endSessions: false })
  }
}

function filesOf({ database, sessionStore }: Config): DatabaseFile[] {
  const files: DatabaseFile[] = []
  if (database.kind === 'sqlite') files.push({ path: database.file, variable: 'DATABASE_URL', table: 'sales_persons' })
  if (sessionStore.kind === 'sqlite')
    files.push({ path: sessionStore.file, variable: 'SESSION_STORE', table: 'session_records' })
  return files
}

function refuseIfNeeded({ path, variable, table }: DatabaseFile): void {
  const database = openSqlite(path, variable)
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
    if (tables.length > 0 && !tables.includes(table))
      throw new StartError(`${path} is not a database of this demo (${variable}). Nothing was deleted.`)
    // Changing the journal mode throws SQLITE_BUSY when another process has the file open.
    database.pragma('busy_timeout = 0')
    database.pragma('journal_mode = DELETE')
  } catch (error) {
    if (!String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) throw error
    throw new StartError(`A server is using ${path}. Stop it first; nothing was deleted.`, { cause: error })
  } finally {
    database.close()
  }
}
