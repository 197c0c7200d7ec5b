import { MESSAGE_MILLISECONDS, NEVER, SWEEP_MARGIN_MILLISECONDS } from '../../record.ts'
import {
  type Checks,
  endCredentials,
  has,
  isLive,
  LOCK_ENTRY,
  LOCK_SUCCESSION,
  notify,
  REQUIRE_READ_COMMITTED,
  report,
} from './sql-fragments.ts'

// If more sessions end at once, one notification without an id is sent. Each listener then reads its session again.
const MOST_NOTIFICATIONS = 100
// One sweep removes at most this many credentials and this many tombstones.
const MOST_EXPIRED = 20_000

const IS_SELECTED = `s.app = p_app AND ${isLive('s')} AND s.kind = coalesce(p_kind, s.kind) AND s.id IS DISTINCT FROM p_except_id`
const reasonOf = (record: string) =>
  `CASE WHEN ${record}.start_time IS NULL THEN 'secured' WHEN ${record}.end_at >= ${record}.absolute_end THEN 'absolute' ELSE 'idle' END`

const endFunction = (version: 'v1' | 'v2', checks: Checks) => `-- Returns the ended session, or null.
CREATE FUNCTION session_end_${version}(
  p_app text, p_id text, p_reason text, p_by text, p_unseen boolean, p_message text, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} OR NOT ${has('entry', 'p_by', checks)} THEN RETURN NULL; END IF;
  IF p_unseen AND (entry.last_access_time > entry.start_time
    OR EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = entry.key AND c.last_seen_at IS NOT NULL))
  THEN RETURN NULL; END IF;
  RETURN session_end_locked_v1(p_app, entry, p_reason, p_now, p_message);
END $$;`

const sweepFunction = (
  version: 'v1' | 'v2',
  isExpiring: string,
) => `-- Never waits for a lock. The next sweep removes the rows that are locked now.
CREATE FUNCTION session_sweep_${version}(p_app text, p_limit integer, p_now double precision) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  keys bigint[];
  swept jsonb;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  keys := array(SELECT s.key FROM session_records s WHERE s.app = p_app AND s.end_at <= p_now - ${SWEEP_MARGIN_MILLISECONDS}
    ORDER BY s.end_at, s.id LIMIT p_limit FOR UPDATE SKIP LOCKED);
  DELETE FROM session_credentials c WHERE c.session_key = ANY (keys);
  WITH gone AS (DELETE FROM session_records s WHERE s.key = ANY (keys) RETURNING s.*)
  SELECT coalesce(jsonb_agg(${report('gone', reasonOf('gone'))}), '[]') INTO swept FROM gone;
  -- Deleted last, because another sweep may wait for these rows. After this, no lock is waited for, so there is no deadlock.
  DELETE FROM session_credentials c WHERE c.ctid = ANY (array(
    SELECT o.ctid FROM session_credentials o
    WHERE o.app = p_app AND ${isExpiring} AND o.expires_at <= p_now - ${SWEEP_MARGIN_MILLISECONDS}
    ORDER BY o.expires_at LIMIT ${MOST_EXPIRED} FOR UPDATE SKIP LOCKED));
  DELETE FROM session_tombstones t WHERE t.ctid = ANY (array(
    SELECT o.ctid FROM session_tombstones o WHERE o.app = p_app AND o.keep_until <= p_now
    ORDER BY o.keep_until LIMIT ${MOST_EXPIRED} FOR UPDATE SKIP LOCKED));
  RETURN swept;
END $$;`

export const END_FUNCTIONS = `
-- Ends a session whose row the caller has locked, and deletes the record.
CREATE FUNCTION session_end_locked_v1(
  p_app text, p_entry session_records, p_reason text, p_now double precision, p_message text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  ended_count integer;
BEGIN
  ${endCredentials('c.session_key = p_entry.key', 'p_reason', { message: 'p_message' })}
  DELETE FROM session_records s WHERE s.key = p_entry.key;
  ${notify('p_entry.id')}
  RETURN ${report('p_entry', 'p_reason')};
END $$;

${endFunction('v1', 'existence')}

CREATE FUNCTION session_end_many_v1(
  p_app text, p_user_id text, p_kind text, p_except_id text, p_reason text, p_message text, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  keys bigint[];
  ids text[];
  ended_id text;
  ended jsonb;
  ended_count integer;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_SUCCESSION}
  IF p_user_id IS NULL THEN
    keys := array(SELECT s.key FROM session_records s WHERE ${IS_SELECTED} ORDER BY s.key FOR UPDATE);
  ELSE
    keys := array(SELECT s.key FROM session_records s WHERE ${IS_SELECTED} AND s.user_id = p_user_id ORDER BY s.key FOR UPDATE);
  END IF;
  ${endCredentials('c.session_key = ANY (keys)', 'p_reason', { message: 'p_message' })}
  WITH gone AS (DELETE FROM session_records s WHERE s.key = ANY (keys) RETURNING s.*)
  SELECT array_agg(gone.id), jsonb_agg(${report('gone', 'p_reason')} ORDER BY gone.key) INTO ids, ended FROM gone;
  IF cardinality(ids) > ${MOST_NOTIFICATIONS} THEN
    ids := ARRAY[NULL];
  END IF;
  FOREACH ended_id IN ARRAY coalesce(ids, '{}') LOOP ${notify('ended_id')} END LOOP;
  RETURN coalesce(ended, '[]');
END $$;

-- Returns the removed session, or null.
CREATE FUNCTION session_remove_v1(p_app text, p_id text, p_message text, p_now double precision)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM session_end_locked_v1(p_app, entry, 'revoked', p_now, p_message);
  IF p_message IS NOT NULL THEN
    UPDATE session_tombstones t SET message = p_message, keep_until = p_now + ${MESSAGE_MILLISECONDS}
    WHERE t.app = p_app AND t.id = p_id;
  END IF;
  RETURN ${report('entry', `CASE WHEN ${isLive('entry')} THEN 'revoked' ELSE ${reasonOf('entry')} END`)};
END $$;

${sweepFunction('v1', `o.kind = 'otp'`)}
`

/** The functions that handle credentials that expire before their session. */
export const CREDENTIAL_EXPIRY_FUNCTIONS = `
-- Most cookies never expire, so they are not in the index.
CREATE INDEX session_credentials_expiry ON session_credentials (app, expires_at) WHERE expires_at < ${NEVER};

${endFunction('v2', 'expiry')}

${sweepFunction('v2', `o.expires_at < ${NEVER}`)}
`
