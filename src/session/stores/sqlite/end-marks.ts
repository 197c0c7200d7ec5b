import type { EndedSession, SessionId } from '../../record.ts'
import type { EndFilter } from '../../store.ts'
import type { Ending, Tombstone } from '../shared/embedded-rows.ts'
import { tombstoneAfter } from '../shared/embedded-rules.ts'
import type { SqliteDatabase, SqliteStatement } from './batch.ts'

// Whether the mark `m` has ended the session `s`. Sessions that are added after the mark have higher keys.
const IS_MARKED = `m.app = s.app AND s.key <= m.last_key AND s.start_time IS NOT NULL AND s.end_at > m.ended_at
  AND (m.kind IS NULL OR m.kind = s.kind) AND m.except_id IS NOT s.id`

/** For statements that read few `session_records s`: no mark has ended the session. */
export const IS_NOT_MARKED = `NOT EXISTS (SELECT 1 FROM session_end_marks m WHERE ${IS_MARKED})`
/** For statements that read many sessions. While there are marks, `EndMarks.prepare` replaces it by `IS_NOT_MARKED`. */
export const NOT_MARKED = '/* not marked */ 1'

// `place` sorts a stored tombstone before the tombstones that the marks of the session will leave.
const TOMBSTONE = `SELECT * FROM (
    SELECT id, reason, ended_at AS endedAt, successor AS origin, keep_until AS keepUntil, message, 0 AS place
      FROM session_tombstones WHERE app = ? AND hash = ?
    UNION ALL
    SELECT s.id, m.reason, m.ended_at, NULL, m.keep_until, m.message, m.key
      FROM session_records s JOIN session_credentials c ON c.session_key = s.key AND c.hash = ? AND c.kind <> 'otp'
      JOIN session_end_marks m ON ${IS_MARKED} WHERE s.app = ? AND s.id = ?
  ) ORDER BY place LIMIT 1`

export type EndedRow = Omit<EndedSession, 'reason'> & { readonly key: number }

interface Mark {
  readonly app: string
  readonly id: string
}

/** A mark ends all matching sessions of an application at once. Their rows are deleted afterwards, in several steps. */
export interface EndMarks {
  /** Prepares a statement with `NOT_MARKED`. The returned function must be called immediately before each use. */
  prepare(sql: string): (app: string) => SqliteStatement
  has(mark: string): boolean
  /** Returns the marks of this application until `time`, and the marks of other applications until `othersTime`. */
  until(app: string, time: number, othersTime: number): Mark[]
  add(app: string, mark: string, filter: EndFilter, ending: Ending): void
  remove(mark: string): void
  tombstoneOf(mark: string): Omit<Tombstone, 'id' | 'origin'> | undefined
  /** Returns the tombstone of a credential. For a marked session, returns the tombstone that it will leave. */
  tombstone(app: string, id: SessionId, hash: string): Tombstone | undefined
  /** Returns at most `most` sessions of the mark that are still stored. */
  sessions(mark: string, most: number): EndedRow[]
}

export function endMarks(db: SqliteDatabase): EndMarks {
  const existStatement = db.prepare('SELECT 1 FROM session_end_marks WHERE app = ? LIMIT 1')
  const hasStatement = db.prepare('SELECT 1 FROM session_end_marks WHERE id = ?')
  const untilStatement = db.prepare(
    'SELECT app, id FROM session_end_marks WHERE ended_at <= CASE app WHEN ? THEN ? ELSE ? END ORDER BY key',
  )
  const addStatement = db.prepare(
    `INSERT INTO session_end_marks (app, id, last_key, kind, except_id, reason, ended_at, keep_until, message)
      SELECT ?, ?, coalesce(max(key), 0), ?, ?, ?, ?, ?, ? FROM session_records`,
  )
  const removeStatement = db.prepare('DELETE FROM session_end_marks WHERE id = ?')
  const tombstoneOfStatement = db.prepare(
    'SELECT reason, ended_at AS endedAt, keep_until AS keepUntil, message FROM session_end_marks WHERE id = ?',
  )
  // If several marks cover a session, it belongs to the oldest mark.
  const sessionsStatement = db.prepare(
    `SELECT s.key, s.id, s.kind, s.user_name AS userName, s.user_id AS userId
      FROM session_end_marks n CROSS JOIN session_records s ON s.app = n.app AND s.end_at > n.ended_at
      WHERE n.id = ? AND n.key = (SELECT min(m.key) FROM session_end_marks m WHERE ${IS_MARKED}) LIMIT ?`,
  )
  const tombstoneStatement = db.prepare(TOMBSTONE)
  const exist = (app: string) => existStatement.get(app) !== undefined

  return {
    prepare(sql) {
      const usual = db.prepare(sql)
      let withMarks: SqliteStatement | undefined
      return (app) => {
        if (!exist(app)) return usual
        withMarks ??= db.prepare(sql.replaceAll(NOT_MARKED, IS_NOT_MARKED))
        return withMarks
      }
    },
    has: (mark) => hasStatement.get(mark) !== undefined,
    until: (app, time, othersTime) => untilStatement.all(app, time, othersTime) as Mark[],
    add(app, mark, { kind, exceptId }, ending) {
      const { reason, endedAt, keepUntil, message } = tombstoneAfter(ending)
      addStatement.run(app, mark, kind ?? null, exceptId ?? null, reason, endedAt, keepUntil, message)
    },
    remove: (mark) => void removeStatement.run(mark),
    tombstoneOf: (mark) => tombstoneOfStatement.get(mark) as Omit<Tombstone, 'id' | 'origin'> | undefined,
    tombstone: (app, id, hash) => tombstoneStatement.get(app, hash, hash, app, id) as Tombstone | undefined,
    sessions: (mark, most) => sessionsStatement.all(mark, most) as EndedRow[],
  }
}
