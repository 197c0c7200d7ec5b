import { MESSAGE_MILLISECONDS, TOMBSTONE_MILLISECONDS } from '../../record.ts'

/** The channel of notifications. The payload is `[application, session id]` as JSON. A null id means any session. */
export const CHANNEL = 'session_ends'

// Every function that writes checks the isolation level, then takes its locks, and then reads. In "read committed",
// each statement sees all earlier commits. At a stricter level, the function would read data from before its locks.
export const REQUIRE_READ_COMMITTED = `
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'The session store needs the isolation level "read committed", and this connection has "'
      || current_setting('transaction_isolation') || '". Give the pool: options: "-c default_transaction_isolation=read\\\\ committed".';
  END IF;`

// Functions take these advisory locks in this order, before row locks. The second parameter of the hash is the kind of
// lock.
// The succession lock prevents the replacement of sessions while `endMany` runs. Otherwise, `endMany` could miss the
// new session.
export const LOCK_SUCCESSION = 'PERFORM pg_advisory_xact_lock(hashtextextended(p_app, 1));'
export const SHARE_SUCCESSION = 'PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_app, 1));'
export const LOCK_LICENCES = 'PERFORM pg_advisory_xact_lock(hashtextextended(p_app, 2));'
export const lockUser = (user: string) => `PERFORM pg_advisory_xact_lock(hashtextextended(p_app || ' ' || ${user}, 3));`

/** All functions lock rows in the order of their keys, which prevents deadlocks. */
export const lockSessions = (keys: string) =>
  `PERFORM 1 FROM session_records WHERE key = ANY (${keys}) ORDER BY key FOR UPDATE;`

export const LOCK_ENTRY = 'SELECT * INTO entry FROM session_records s WHERE s.app = p_app AND s.id = p_id FOR UPDATE;'

/** `record` is a variable or a table alias. */
export const isLive = (record: string, now = 'p_now') =>
  `(${record}.start_time IS NOT NULL AND ${record}.end_at > ${now})`
/** The versions of an SQL function without and with a check whether the caller's credential has expired. */
export type Checks = 'existence' | 'expiry'

/** Whether the session has the valid credential with this hash. Always true when the hash is null. */
export const has = (record: string, hash: string, checks: Checks, now?: string) =>
  `(${hash} IS NULL OR EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = ${record}.key AND c.hash = ${hash}${isValid(checks, now)}))`
/** A condition on the credential `c`. */
export const isValid = (checks: Checks, now = 'p_now') => (checks === 'expiry' ? ` AND c.expires_at > ${now}` : '')

const IS_UNUSED_LOGIN = `c.kind = 'cookie' AND c.details IS NOT NULL AND c.last_seen_at IS NULL`

/** The origin of an unused login, or null for any other session. */
export const originOf = (record: string) => `CASE WHEN ${record}.last_access_time <= ${record}.start_time
    AND NOT EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = ${record}.key AND c.last_seen_at IS NOT NULL)
    THEN (SELECT min(c.details) FROM session_credentials c WHERE c.session_key = ${record}.key AND ${IS_UNUSED_LOGIN}) END`

/** Selects the keys of sessions that may be unused logins. Without `origin`, selects the keys for all origins. */
export const unusedLogins = (origin?: string) => `SELECT c.session_key FROM session_credentials c
    WHERE c.app = p_app AND ${IS_UNUSED_LOGIN} ${origin === undefined ? '' : `AND c.details = ${origin}`}`

/** An SQL expression for the field at this place in `sessionValues` or `credentialValues`. */
type FieldAt = (place: number) => string

export const CREDENTIAL_COLUMNS = `session_key, app, handle, hash, kind, via, created_at, last_seen_at, authenticated_at,
    device, address, expires_at, purpose, details`
export const credentialFields = (
  at: FieldAt,
) => `p_app, ${at(1)}, ${at(2)}, ${at(3)}, ${at(4)}, ${at(5)}::double precision, ${at(6)}::double precision,
    ${at(7)}::double precision, ${at(8)}, ${at(9)}, ${at(10)}::double precision, ${at(11)}, ${at(12)}`

export const SESSION_COLUMNS = `app, id, kind, user_name, user_id, grants, storage, start_time, last_access_time,
    idle_milliseconds, absolute_end, end_at, version`
export const sessionFields = (
  at: FieldAt,
) => `p_app, ${at(1)}, ${at(2)}, ${at(3)}, ${at(4)}, ${at(5)}, ${at(6)}, ${at(7)}::double precision, ${at(8)}::double precision,
    ${at(9)}::double precision, ${at(10)}::double precision, ${at(11)}::double precision, ${at(12)}::bigint`

export const insertCredential = (key: string, c: string) => `
  INSERT INTO session_credentials (${CREDENTIAL_COLUMNS})
  VALUES (${key}, ${credentialFields((place) => `${c}[${place}]`)});`

/** Sets the variable `new_key` to the key of the session. */
export const insertSession = (s: string, c: string) => `
  INSERT INTO session_records (${SESSION_COLUMNS})
  VALUES (${sessionFields((place) => `${s}[${place}]`)})
  RETURNING key INTO new_key;
  ${insertCredential('new_key', c)}`

/** Ends the matching credentials and sets `ended_count`. Each credential except an OTP leaves a tombstone. */
export const endCredentials = (
  which: string,
  reason: string,
  { successor = 'NULL', message = 'NULL', returned = 'c.session_key, c.hash, c.kind' } = {},
) => `
  WITH gone AS (DELETE FROM session_credentials c WHERE ${which} RETURNING ${returned}),
  tombstones AS (
    INSERT INTO session_tombstones (app, hash, id, reason, ended_at, successor, keep_until, message)
    SELECT p_app, gone.hash, (SELECT s.id FROM session_records s WHERE s.key = gone.session_key), ${reason}, p_now, ${successor},
      p_now + CASE WHEN ${message}::text IS NULL THEN ${TOMBSTONE_MILLISECONDS} ELSE ${MESSAGE_MILLISECONDS} END, ${message}
    FROM gone WHERE gone.kind <> 'otp'
    ON CONFLICT (app, hash) DO UPDATE SET id = excluded.id, reason = excluded.reason, ended_at = excluded.ended_at,
      successor = excluded.successor, keep_until = excluded.keep_until, message = excluded.message
  )
  SELECT count(*) INTO ended_count FROM gone;`

export const notify = (id: string) => `PERFORM pg_notify('${CHANNEL}', json_build_array(p_app, ${id})::text);`

/** An `EndedSession` as JSON. */
export const report = (
  record: string,
  reason: string,
) => `jsonb_build_object('id', ${record}.id, 'kind', ${record}.kind,
  'userName', ${record}.user_name, 'userId', ${record}.user_id, 'reason', ${reason})`
