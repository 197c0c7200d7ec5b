import { existsSync, rmSync } from 'node:fs'
import { type Config, readConfig } from '../src/config.js'
import { createParts, openSqlite } from '../src/parts.js'
import { StartError } from '../src/start-error.js'
import { runCommand } from './run-command.js'

interface DatabaseFile {
  path: string
  variable: string
  /** A table that tells ours from a file that DATABASE_URL names by mistake. */
  table: string
}

await runCommand(resetDemo)

/** npm run demo:reset. Deletes the demo's databases and makes them anew, as at the very first start. */
async function resetDemo(): Promise<void> {
  const config = readConfig(process.env)
  if (config.profile !== 'demo')
    throw new StartError(
      'demo:reset deletes all customers, accounts and sessions, so it refuses in the production profile.',
    )

  const files = filesOf(config).filter(({ path }) => existsSync(path))
  for (const file of files) refuseIfNeeded(file)
  for (const { path } of files) {
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${ending}`, { force: true })
    process.stdout.write(`deleted ${path}\n`)
  }
  const parts = await createParts({ ...config, sessions: 'none' })
  await parts.close({ endSessions: false })
  process.stdout.write(`filled ${config.databaseFile} with the demo’s accounts and customers\n`)
}

function filesOf({ databaseFile, sessionStore }: Config): DatabaseFile[] {
  const files = [{ path: databaseFile, variable: 'DATABASE_URL', table: 'sales_persons' }]
  if (sessionStore.kind === 'sqlite')
    files.push({ path: sessionStore.file, variable: 'SESSION_STORE', table: 'session_records' })
  return files
}

function refuseIfNeeded({ path, variable, table }: DatabaseFile): void {
  const database = openSqlite(path, { variable })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
    if (tables.length > 0 && !tables.includes(table))
      throw new StartError(`${path} is not a database of this demo (${variable}). Nothing was deleted.`)
    // Only the last one that has the file open may leave the mode that lets several share it.
    database.pragma('busy_timeout = 0')
    database.pragma('journal_mode = DELETE')
  } catch (error) {
    if (!String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) throw error
    throw new StartError(`A server is using ${path}. Stop it first; nothing was deleted.`, { cause: error })
  } finally {
    database.close()
  }
}
