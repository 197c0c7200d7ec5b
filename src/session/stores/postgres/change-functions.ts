import { TOUCH_GRACE_MILLISECONDS } from '../../record.ts'
import { has, isLive, LOCK_ENTRY, LOOKS_AFRESH, lockSessions, lockUser } from './steps.ts'

/** What changes a session while it lives. */
export const CHANGE_FUNCTIONS = `
-- Answers the sessions that had to go, or null when nothing was written.
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
  ${LOOKS_AFRESH}
  IF p_user_id IS NOT NULL AND p_per_user IS NOT NULL THEN
    ${lockUser('p_user_id')}
    SELECT s.key INTO own_key FROM session_records s WHERE s.app = p_app AND s.id = p_id;
    oldest := session_oldest_of_v1(p_app, p_user_id, p_per_user, own_key, p_now);
    IF cardinality(oldest) > 0 THEN ${lockSessions('oldest || own_key')} END IF;
  END IF;
  ${LOCK_ENTRY}
  IF entry.write_id = p_write_id THEN RETURN '[]'; END IF;
  IF NOT FOUND OR NOT ${isLive('entry')} OR entry.version <> p_version OR NOT ${has('entry', 'p_by')} THEN RETURN NULL; END IF;
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

-- Answers whether it was noted.
CREATE FUNCTION session_touch_v1(
  p_app text, p_id text, p_hash text, p_device text, p_address text, p_now double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${LOOKS_AFRESH}
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
