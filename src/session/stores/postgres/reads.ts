import type { Credential, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, Found, FoundOTP } from '../../store.ts'
import { foundState } from '../shared/found.ts'
import type { PostgresCalls } from './calls.ts'
import { gatherCalls } from './gathered-calls.ts'
import type { PostgresStatement } from './pool.ts'
import {
  CREDENTIAL,
  type CredentialRow,
  fromStored,
  RECORD,
  type RecordRow,
  type RowOf,
  toCredential,
  toFound,
  toRecord,
  toStoredValues,
} from './rows.ts'

const FIND = `SELECT ${RECORD}, ${CREDENTIAL} FROM session_records s JOIN session_credentials c ON c.session_key = s.key
  WHERE s.app = $1 AND s.id = $2 AND c.hash = $3`
const FIND_MANY = `SELECT f.place, ${RECORD}, ${CREDENTIAL}
  FROM session_find_many_v1($1, $2, $3) f, LATERAL (SELECT (f.session).*) s, LATERAL (SELECT (f.credential).*) c`
const TOMBSTONE = 't.reason, t.ended_at AS "endedAt", t.message IS NOT NULL AS message, t.successor AS origin'
const FIND_TOMBSTONE = `SELECT ${TOMBSTONE} FROM session_tombstones t
  WHERE t.app = $1 AND t.id = $2 AND t.hash = $3 AND t.keep_until > $4`
const FIND_TOMBSTONES = `SELECT f.place, ${TOMBSTONE}
  FROM session_find_tombstones_v1($1, $2, $3, $4) f, LATERAL (SELECT (f.tombstone).*) t`
const FIND_RECORD = `SELECT ${RECORD} FROM session_records s WHERE s.app = $1 AND s.id = $2`
const FIND_CREDENTIALS = `SELECT s.id AS "sessionId", ${CREDENTIAL}
  FROM session_records s JOIN session_credentials c ON c.session_key = s.key
  WHERE s.app = $1 AND s.id = ANY ($2) ORDER BY c.created_at, c.hash`
const FIND_OTP = `SELECT ${RECORD}, ${CREDENTIAL} FROM session_credentials c JOIN session_records s ON s.key = c.session_key
  WHERE c.app = $1 AND c.hash = $2 AND c.kind = 'otp'`
const REDEEM = `SELECT ${RECORD} FROM session_redeem_v2($1, $2, $3, $4, $5, $6) s`
// FOR UPDATE makes a second caller wait for the first caller. The second caller then finds no message.
const TAKE_MESSAGE = `WITH taken AS (
    SELECT app, hash, message FROM session_tombstones
    WHERE app = $1 AND hash = $2 AND keep_until > $3 AND message IS NOT NULL FOR UPDATE
  )
  UPDATE session_tombstones t SET message = NULL FROM taken
  WHERE t.app = taken.app AND t.hash = taken.hash RETURNING taken.message`

type FindCall = CallOf<'find'>
type TombstoneRow = RowOf<Omit<Extract<Found, { state: 'ended' }>, 'state'>>

export function postgresReads(calls: PostgresCalls) {
  const all = <Row>(name: string, text: string, ...values: unknown[]) =>
    calls.rows(statement(name, text, values)) as Promise<Row[]>

  const session = gatherCalls(calls, {
    one: {
      statementFor: ({ app, id, hash }: FindCall) => statement('session_find_v1', FIND, [app, id, hash]),
      answerIn: ([row]) => (row ? toFound(row as RecordRow & CredentialRow) : null),
    },
    many: {
      groupOf: ({ app }) => app,
      statementFor: (asked) => statement('session_find_many_v1', FIND_MANY, secretsOf(asked)),
      answersIn: (rows, count) => answersAt(rows as (RecordRow & CredentialRow & AtPlace)[], count, toFound),
    },
  })

  const tombstone = gatherCalls(calls, {
    one: {
      statementFor: ({ app, id, hash, now }: FindCall) =>
        statement('session_tombstone_v3', FIND_TOMBSTONE, [app, id, hash, now]),
      answerIn: ([row]) => (row ? toEnded(row as TombstoneRow) : null),
    },
    many: {
      groupOf: ({ app }) => app,
      statementFor: (asked) =>
        statement('session_find_tombstones_v1', FIND_TOMBSTONES, [...secretsOf(asked), asked.map(({ now }) => now)]),
      answersIn: (rows, count) => answersAt(rows as (TombstoneRow & AtPlace)[], count, toEnded),
    },
  })

  return {
    find: (asked: FindCall): Promise<Found | undefined> =>
      calls.open(async (call) => {
        const found = await session(call, asked)
        return (found && foundState(found, asked.now)) ?? (await tombstone(call, asked)) ?? undefined
      }),

    async record(app: string, id: SessionId): Promise<SessionRecord | undefined> {
      const [row] = await all<RecordRow>('session_record_v1', FIND_RECORD, app, id)
      return row && toRecord(row)
    },

    async credentials(app: string, ids: readonly SessionId[]): Promise<Map<SessionId, Credential[]>> {
      type Row = CredentialRow & { sessionId: string }
      const rows = await all<Row>('session_credentials_v1', FIND_CREDENTIALS, app, ids)
      const found = new Map<SessionId, Credential[]>(ids.map((id) => [id, []]))
      for (const row of rows) found.get(fromStored(row.sessionId))?.push(toCredential(row))
      return found
    },

    async otp(app: string, hash: string): Promise<FoundOTP | undefined> {
      const [row] = await all<RecordRow & CredentialRow>('session_otp_v1', FIND_OTP, app, hash)
      return row && toFound(row)
    },

    async redeem(...values: unknown[]): Promise<SessionRecord | undefined> {
      const [row] = await all<RecordRow>('session_redeem_v2', REDEEM, ...values)
      return row && toRecord(row)
    },

    async takeMessage(app: string, hash: string, now: number): Promise<string | undefined> {
      const [row] = await all<{ message: string }>('session_take_message_v1', TAKE_MESSAGE, app, hash, now)
      return row && fromStored(row.message)
    },
  }
}

function statement(name: string, text: string, values: readonly unknown[]): PostgresStatement {
  return { name, text, values: toStoredValues(values) }
}

function secretsOf(asked: readonly FindCall[]): unknown[] {
  return [asked[0]?.app, asked.map(({ id }) => id), asked.map(({ hash }) => hash)]
}

interface AtPlace {
  place: number | string
}

/** The answer of each call. The answer null means that PostgreSQL found nothing. */
function answersAt<Row extends AtPlace, Answer>(
  rows: readonly Row[],
  count: number,
  toAnswer: (row: Row) => Answer,
): (Answer | null)[] {
  const answers = new Array<Answer | null>(count).fill(null)
  for (const row of rows) answers[Number(row.place) - 1] = toAnswer(row)
  return answers
}

function toEnded({ reason, endedAt, message, origin }: TombstoneRow): Found {
  return { state: 'ended', reason, endedAt: Number(endedAt), message, origin: origin && fromStored(origin) }
}
