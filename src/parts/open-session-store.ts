import { explainSqliteError } from '../../db/explain-sqlite.ts'
import type { SessionStoreSetting } from '../config/config-values.ts'
import { StartError } from '../config/start-error.ts'
import type { SessionStore } from '../session/index.ts'
import { memoryStore } from '../session/stores/memory/index.ts'
import { sqliteStore } from '../session/stores/sqlite/index.ts'
import type { Connections } from './connections.ts'

/**
 * Rejects with a `StartError` that names `variable`. If `isPrepared` is true, creates no tables in PostgreSQL. The
 * stores of Redis and PostgreSQL are loaded only when they are used, so that the demo starts sooner.
 */
export async function openSessionStore(
  setting: SessionStoreSetting,
  connections: Connections,
  appName: string,
  { variable = 'SESSION_STORE', isPrepared = false } = {},
): Promise<SessionStore> {
  switch (setting.kind) {
    case 'memory':
      return memoryStore()
    case 'sqlite':
      return openFile(setting.file, connections, variable)
    case 'redis': {
      const { redisStore } = await import('../session/stores/redis/index.ts')
      const client = await connections.redis(setting.url, variable)
      const store = redisStore(client, { subscriber: await connections.redisSubscriber(setting.url, variable) })
      // The first read from a store checks the layout of the stored sessions.
      await store.get({ app: appName, id: '' }).catch((error) => {
        throw unusable(`Redis at ${new URL(setting.url).host}`, variable, error)
      })
      return store
    }
    case 'postgres': {
      const { postgresStore, preparePostgresStore } = await import('../session/stores/postgres/index.ts')
      const pool = await connections.postgres(setting.url, variable)
      if (!isPrepared)
        await preparePostgresStore(pool).catch((error) => {
          // The message contains only the host of the address, because the address may contain a password.
          throw unusable(`PostgreSQL at ${new URL(setting.url).host}`, variable, error)
        })
      return postgresStore(pool)
    }
  }
}

function openFile(file: string, connections: Connections, variable: string): SessionStore {
  const sqlite = connections.sqlite(file, variable)
  try {
    return sqliteStore(sqlite)
  } catch (error) {
    const explained = explainSqliteError(error, file, variable)
    throw explained === error ? unusable(file, variable, error) : explained
  }
}

function unusable(where: string, variable: string, cause: unknown): StartError {
  return new StartError(`${where} (${variable}) cannot be used. ${Object(cause).message}`, { cause })
}
