import { explainSqliteError } from '../../db/database-file.ts'
import type { SessionStoreSetting } from '../config/config-values.ts'
import { StartError } from '../config/start-error.ts'
import type { SessionStore } from '../session/index.ts'
import { memoryStore } from '../session/stores/memory/index.ts'
import { postgresStore, preparePostgresStore } from '../session/stores/postgres/index.ts'
import { redisStore } from '../session/stores/redis/index.ts'
import { sqliteStore } from '../session/stores/sqlite/index.ts'
import type { Connections } from './connections.ts'

/** Rejects with a `StartError` that names `variable`. `isPrepared` skips creating the tables in PostgreSQL. */
export async function openSessionStore(
  setting: SessionStoreSetting,
  connections: Connections,
  { variable = 'SESSION_STORE', isPrepared = false } = {},
): Promise<SessionStore> {
  switch (setting.kind) {
    case 'memory':
      return memoryStore()
    case 'sqlite':
      return openFile(setting.file, connections, variable)
    case 'redis': {
      const client = await connections.redis(setting.url, variable)
      return redisStore(client, { subscriber: await connections.redisSubscriber(setting.url, variable) })
    }
    case 'postgres': {
      const pool = await connections.postgres(setting.url, variable)
      if (!isPrepared) await orStartError(preparePostgresStore(pool), hostOf(setting.url), variable)
      return postgresStore(pool)
    }
  }
}

async function openFile(file: string, connections: Connections, variable: string): Promise<SessionStore> {
  const sqlite = connections.sqlite(file, variable)
  const open = async () => sqliteStore(sqlite)
  return orStartError(open(), file, variable, (error) => explainSqliteError(error, file, variable))
}

/** Only the host, because the address may contain a password. */
function hostOf(url: string): string {
  return `PostgreSQL at ${new URL(url).host}`
}

async function orStartError<T>(
  opening: Promise<T>,
  where: string,
  variable: string,
  explain: (error: unknown) => unknown = (error) => error,
): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const explained = explain(error)
    if (explained !== error || !(error instanceof Error)) throw explained
    throw new StartError(`${where} (${variable}) cannot be used. ${error.message}`, { cause: error })
  }
}
