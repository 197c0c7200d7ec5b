import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import type { SessionStore } from '../../../src/session/index.ts'
import { memoryStoreOn } from '../../../src/session/stores/memory/store.ts'
import { postgresStore, preparePostgresStore } from '../../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../../src/session/stores/redis/index.ts'
import { memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { perApp } from '../../../src/session/stores/shared/per-app.ts'
import { type SqliteDatabase, sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { type Scope, temporaryFolder } from '../../support/process.ts'
import { postgresUrl, redisUrl } from '../../support/servers/test-servers.ts'
import { withOwnApps } from './own-app.ts'
import { openPool } from './postgres-store.ts'
import { ioredisTo, ownPrefix } from './redis-connections.ts'

/**
 * `details` stands for the details of all credentials of the session. Only the SQLite stores can damage `times`. Only
 * Redis can damage `record`, `credential` and `tombstone`, because Redis stores each of them as one text.
 * `record.` is followed by the name of a column, or in Redis by the number of a line.
 */
export type Part =
  | 'storage'
  | 'privileges'
  | 'details'
  | 'times'
  | 'record'
  | 'credential'
  | 'tombstone'
  | `record.${string}`

export interface DamagedStore {
  store: SessionStore
  /** Replaces a part of the session `id` with a value, directly in the data of the store. */
  damage(part: Part, id: string, text: string | number | bigint | null): Promise<void> | void
}

const COLUMNS: Partial<Record<Part, string>> = { storage: 'storage', privileges: 'grants' }
const OPEN: Record<string, (scope: Scope) => Promise<DamagedStore> | DamagedStore> = {
  memory,
  SQLite: (scope) => SQLite(scope),
  'node:sqlite': (scope) => nodeSqlite(scope),
  Redis,
  PostgreSQL,
}

/** `store` is a name in `STORES`. */
export async function openDamagedStore(scope: Scope, store: string): Promise<DamagedStore> {
  const open = OPEN[store]
  if (!open) throw new Error(`There is no store ${store}.`)
  return open(scope)
}

function memory(): DamagedStore {
  const rows = memoryRows()
  return {
    store: memoryStoreOn(perApp(() => rows)),
    damage(part, id, text) {
      const row = rows.sessions.get(id)
      if (!row) throw new Error(`There is no session ${id}.`)
      const column = COLUMNS[part]
      if (typeof text !== 'string' && text !== null) throw new TypeError('Only a text can be damaged here.')
      if (column) row.record = { ...row.record, [column]: text }
      else for (const [hash, credential] of row.credentials) row.credentials.set(hash, { ...credential, details: text })
    },
  }
}

const SQLite = (scope: Scope) => sqlite(scope, (file) => new Database(file))
const nodeSqlite = (scope: Scope) => sqlite(scope, (file) => new DatabaseSync(file))

function sqlite(scope: Scope, open: (file: string) => SqliteDatabase): DamagedStore {
  const file = join(temporaryFolder(scope), 'sessions.sqlite')
  const store = sqliteStore(open(file), { durability: 'crash' })
  const other = new Database(file)
  return {
    store,
    damage(part, id, text) {
      if (part !== 'times') return void other.prepare(updateOf(part, '?', '?')).run(text, id)
      const values = (columns: string[]) => columns.map((column) => `${column} = @text`).join()
      const record = values(['start_time', 'last_access_time', 'absolute_end', 'end_at'])
      other.prepare(`UPDATE session_records SET ${record} WHERE id = @id`).run({ text, id })
      other.prepare(`UPDATE session_credentials SET ${values(['created_at', 'last_seen_at'])}`).run({ text })
    },
  }
}

async function PostgreSQL(scope: Scope): Promise<DamagedStore> {
  const pool = openPool(scope, String(postgresUrl))
  await preparePostgresStore(pool)
  return {
    store: withOwnApps(postgresStore(pool)),
    damage: async (part, id, text) => void (await pool.query(updateOf(part, '$1', '$2'), [text, id])),
  }
}

function updateOf(part: Part, text: string, id: string): string {
  const column = part.startsWith('record.') ? part.slice('record.'.length) : COLUMNS[part]
  return column
    ? `UPDATE session_records SET ${column} = ${text} WHERE id = ${id}`
    : `UPDATE session_credentials SET details = ${text} WHERE session_key = (SELECT key FROM session_records WHERE id = ${id})`
}

const LINES: Partial<Record<Part, number>> = { privileges: 8, details: 10 }
const LETTERS: Partial<Record<Part, string>> = {
  storage: 's',
  details: 'c',
  times: '-',
  credential: 'c',
  tombstone: 't',
}

async function Redis(scope: Scope): Promise<DamagedStore> {
  const client = await ioredisTo(String(redisUrl))
  scope.after(() => client.disconnect())
  const { prefix } = ownPrefix()
  return {
    store: redisStore(client, { prefix }),
    async damage(part, id, text) {
      const key = `{${prefix}:TEST}:s:${id}`
      const fields = await client.hgetall(key)
      const line = part.startsWith('record.') ? Number(part.slice('record.'.length)) : LINES[part]
      const letter = LETTERS[part] ?? 'r'
      for (const [field, stored] of Object.entries(fields)) {
        if (!field.startsWith(letter)) continue
        const lines = stored.split('\n')
        if (line !== undefined) lines[line] = part in LINES ? JSON.stringify(text) : String(text)
        const damaged = line === undefined ? String(text) : lines.join('\n')
        await client.hset(key, field, damaged)
      }
    },
  }
}
