import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ReleasedSessions } from './released-sessions.ts'

interface ReleasedRedis {
  sessions: ReleasedSessions
  commands: [command: string, key: string, ...parameters: string[]][]
}

/** The data that version 0.5.0 wrote with `writeSessions`. The last line has the cookies and tokens of the clients. */
export function releasedSql(store: 'sqlite' | 'postgres'): { sql: string; sessions: ReleasedSessions } {
  const sql = read(`${store}-0.5.0.sql`)
  return { sql, sessions: JSON.parse(sql.slice(sql.lastIndexOf('-- {') + 3)) as ReleasedSessions }
}

export function releasedRedis(): ReleasedRedis {
  return JSON.parse(read('redis-0.5.0.json')) as ReleasedRedis
}

function read(name: string): string {
  return readFileSync(new URL(`../fixtures/released/${name}`, import.meta.url), 'utf8')
}

/** A hash of the SQL text without comments and redundant white space. */
export function fingerprint(sql: string): string {
  const bare = sql.replace(/--.*$/gm, '').replace(/\s+/g, ' ').trim()
  return createHash('sha256').update(bare).digest('hex').slice(0, 16)
}
