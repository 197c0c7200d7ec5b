import { TOUCH_GRACE_MILLISECONDS } from '../../record.ts'
import {
  endCredentials,
  has,
  insertSession,
  isLive,
  LOCK_ENTRY,
  LOCK_LICENCES,
  lockSessions,
  lockUser,
  notify,
  REQUIRE_READ_COMMITTED,
  SHARE_SUCCESSION,
} from './sql-fragments.ts'

// Each count reads an index and stops at the limit.
const IS_FULL = `(p_sessions IS NOT NULL AND (SELECT count(*) FROM (
    SELECT 1 FROM session_records s WHERE s.app = p_app ORDER BY s.id LIMIT p_sessions) AS n) >= p_sessions
  OR p_guests IS NOT NULL AND is_guest AND (SELECT count(*) FROM (
    SELECT 1 FROM session_records s WHERE s.app = p_app AND s.start_time IS NOT NULL AND s.user_id IS NULL AND s.grants = ''
    ORDER BY s.key LIMIT p_guests) AS n) >= p_guests)`

export const ARRIVAL_FUNCTIONS = `
-- The user's sessions beyond the limit, if one more is added or if session p_except becomes the user's.
CREATE FUNCTION session_oldest_of_v1(p_app text, p_user text, p_per_user integer, p_except bigint, p_now double precision)
RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN array(
    SELECT s.key FROM session_records s
    WHERE s.app = p_app AND s.user_id = p_user AND s.key IS DISTINCT FROM p_except AND ${isLive('s')}
      AND NOT EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = 'token')
    ORDER BY s.start_time DESC, s.key DESC OFFSET greatest(p_per_user - 1, 0));
END $$;

-- Ends the sessions that still belong to the user. The caller has locked their rows.
CREATE FUNCTION session_end_oldest_v1(p_app text, p_user text, p_keys bigint[], p_now double precision)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
  ended jsonb := '[]';
BEGIN
  FOR entry IN SELECT * FROM session_records s WHERE s.key = ANY (p_keys) AND s.user_id = p_user AND ${isLive('s')}
    ORDER BY s.start_time, s.key
  LOOP
    ended := ended || session_end_locked_v1(p_app, entry, 'limit', p_now, NULL);
  END LOOP;
  RETURN ended;
END $$;

-- Returns the sessions that ended because of the limit, or "gone" or "moved".
CREATE FUNCTION session_replace_v1(
  p_app text, p_id text, p_version bigint, p_by text, p_session text[], p_credential text[],
  p_sessions integer, p_guests integer, p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  new_key bigint;
  new_id text := p_session[1];
  new_user text := p_session[4];
  is_guest boolean := p_session[4] IS NULL AND p_session[5] = '';
  old_key bigint;
  entry session_records;
  oldest bigint[] := '{}';
  is_short boolean;
  ended_count integer;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${SHARE_SUCCESSION}
  IF p_sessions IS NOT NULL OR p_guests IS NOT NULL THEN ${LOCK_LICENCES} END IF;
  IF p_per_user IS NOT NULL AND new_user IS NOT NULL THEN
    ${lockUser('new_user')}
    SELECT s.key INTO old_key FROM session_records s WHERE s.app = p_app AND s.id = p_id;
    oldest := session_oldest_of_v1(p_app, new_user, p_per_user, old_key, p_now);
    IF cardinality(oldest) > 0 THEN ${lockSessions('oldest || old_key')} END IF;
  END IF;
  SELECT * INTO entry FROM session_records s WHERE s.app = p_app AND s.id = p_id FOR UPDATE;
  IF NOT FOUND OR NOT ${isLive('entry')} OR NOT ${has('entry', 'p_by', 'existence')} THEN RETURN '"gone"'; END IF;
  IF entry.version <> p_version THEN RETURN '"moved"'; END IF;
  is_short := ${IS_FULL};
  ${endCredentials('c.session_key = entry.key', `'secured'`, { successor: 'new_id' })}
  IF is_short THEN
    DELETE FROM session_records s WHERE s.key = entry.key;
  ELSE
    UPDATE session_records s SET start_time = NULL, last_access_time = NULL, storage = '{}', version = s.version + 1
    WHERE s.key = entry.key;
  END IF;
  ${insertSession('p_session', 'p_credential')}
  ${notify('p_id')}
  IF cardinality(oldest) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_oldest_v1(p_app, new_user, oldest, p_now);
END $$;
`

export const CREATE_FUNCTION = `
-- Returns the sessions that ended because of the limit, or null when the session was not admitted.
CREATE FUNCTION session_create_v2(
  p_app text, p_session text[], p_credential text[],
  p_sessions integer, p_guests integer, p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  new_key bigint;
  new_user text := p_session[4];
  is_guest boolean := p_session[4] IS NULL AND p_session[5] = '';
  oldest bigint[] := '{}';
BEGIN
  ${REQUIRE_READ_COMMITTED}
  IF p_sessions IS NOT NULL OR p_guests IS NOT NULL THEN ${LOCK_LICENCES} END IF;
  IF p_per_user IS NOT NULL AND new_user IS NOT NULL THEN
    ${lockUser('new_user')}
    oldest := session_oldest_of_v1(p_app, new_user, p_per_user, NULL, p_now);
  END IF;
  IF cardinality(oldest) > 0 THEN ${lockSessions('oldest')} END IF;
  IF ${IS_FULL} THEN RETURN NULL; END IF;
  ${insertSession('p_session', 'p_credential')}
  IF cardinality(oldest) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_oldest_v1(p_app, new_user, oldest, p_now);
END $$;
`

export const CHANGE_FUNCTIONS = `
-- Returns the sessions that ended because of the limit, or null when nothing was written.
CREATE FUNCTION session_update_v1(
  p_app text, p_id text, p_version bigint, p_by text, p_write_id text,
  p_storage text, p_user_name text, p_user_id text, p_grants text, p_last_access_time double precision,
  p_idle_milliseconds double precision, p_end double precision, p_authenticated_at double precision,
  p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  own_key bigint;
  entry session_records;
  oldest bigint[] := '{}';
BEGIN
  ${REQUIRE_READ_COMMITTED}
  IF p_user_id IS NOT NULL AND p_per_user IS NOT NULL THEN
    ${lockUser('p_user_id')}
    SELECT s.key INTO own_key FROM session_records s WHERE s.app = p_app AND s.id = p_id;
    oldest := session_oldest_of_v1(p_app, p_user_id, p_per_user, own_key, p_now);
    IF cardinality(oldest) > 0 THEN ${lockSessions('oldest || own_key')} END IF;
  END IF;
  ${LOCK_ENTRY}
  IF entry.write_id = p_write_id THEN RETURN '[]'; END IF;
  IF NOT FOUND OR NOT ${isLive('entry')} OR entry.version <> p_version OR NOT ${has('entry', 'p_by', 'existence')} THEN RETURN NULL; END IF;
  UPDATE session_records s SET storage = coalesce(p_storage, s.storage), user_name = coalesce(p_user_name, s.user_name),
    user_id = coalesce(p_user_id, s.user_id), grants = coalesce(p_grants, s.grants),
    last_access_time = greatest(s.last_access_time, p_last_access_time),
    idle_milliseconds = coalesce(p_idle_milliseconds, s.idle_milliseconds), end_at = coalesce(p_end, s.end_at),
    version = s.version + 1, write_id = p_write_id
  WHERE s.key = entry.key;
  IF p_authenticated_at IS NOT NULL THEN
    UPDATE session_credentials c SET authenticated_at = p_authenticated_at, via = 'login'
    WHERE c.session_key = entry.key AND c.hash = p_by;
  END IF;
  IF cardinality(oldest) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_oldest_v1(p_app, p_user_id, oldest, p_now);
END $$;

-- Returns whether the session and the credential were updated.
CREATE FUNCTION session_touch_v1(
  p_app text, p_id text, p_hash text, p_device text, p_address text, p_now double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} THEN RETURN false; END IF;
  UPDATE session_credentials c SET last_seen_at = greatest(c.last_seen_at, p_now), device = coalesce(p_device, c.device),
    address = coalesce(p_address, c.address)
  WHERE c.session_key = entry.key AND c.hash = p_hash;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE session_records s SET last_access_time = greatest(s.last_access_time, p_now),
    end_at = greatest(s.end_at, CASE WHEN s.idle_milliseconds = 0 THEN s.absolute_end
      ELSE least(p_now + s.idle_milliseconds + ${TOUCH_GRACE_MILLISECONDS}, s.absolute_end) END)
  WHERE s.key = entry.key;
  RETURN true;
END $$;
`
