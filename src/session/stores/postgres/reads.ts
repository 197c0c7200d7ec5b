import type { Credential, SessionId, SessionRecord } from '../../record.ts'
import type { Found, FoundOTP } from '../../store.ts'
import type { PostgresCalls } from './calls.ts'
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
const FIND_TOMBSTONE = `SELECT reason, ended_at AS "endedAt", message IS NOT NULL AS message, successor AS origin FROM session_tombstones
  WHERE app = $1 AND hash = $2 AND id = $3 AND keep_until > $4`
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

type TombstoneRow = RowOf<Omit<Extract<Found, { state: 'ended' }>, 'state'>>

export function postgresReads(calls: PostgresCalls) {
  const all = <Row>(name: string, text: string, ...values: unknown[]) =>
    calls.rows({ name, text, values: toStoredValues(values) }) as Promise<Row[]>

  return {
    async find(app: string, id: SessionId, hash: string): Promise<FoundOTP | undefined> {
      const [row] = await all<RecordRow & CredentialRow>('session_find_v1', FIND, app, id, hash)
      return row && toFound(row)
    },

    async tombstone(app: string, id: SessionId, hash: string, now: number): Promise<Found | undefined> {
      const [row] = await all<TombstoneRow>('session_tombstone_v2', FIND_TOMBSTONE, app, hash, id, now)
      return (
        row && { ...row, state: 'ended', endedAt: Number(row.endedAt), origin: row.origin && fromStored(row.origin) }
      )
    },

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
