import { MOST_UNUSED_LOGINS, TOUCH_GRACE_MILLISECONDS } from '../../record.ts'
import {
  type Checks,
  endCredentials,
  has,
  insertSession,
  isLive,
  isValid,
  LOCK_ENTRY,
  LOCK_LICENCES,
  lockSessions,
  lockUser,
  notify,
  originOf,
  REQUIRE_READ_COMMITTED,
  report,
  SHARE_SUCCESSION,
  unusedLogins,
} from './sql-fragments.ts'

const KEPT_ORIGIN = `CASE WHEN gone.kind = 'cookie' THEN gone.details END`
const returned = 'c.session_key, c.hash, c.kind, c.details'

const newOrigin = `origin text := CASE WHEN p_credential[3] = 'cookie' AND p_credential[6] IS NULL THEN p_credential[12] END;`

const beyondTheMost = (except: string) => `array(
    SELECT s.key FROM session_records s
    WHERE s.key IN (${unusedLogins('origin')}) AND s.key IS DISTINCT FROM ${except} AND ${isLive('s')} AND ${originOf('s')} = origin
    ORDER BY s.start_time DESC, s.key DESC OFFSET ${MOST_UNUSED_LOGINS - 1})`

const callerFunctions = (
  version: 'v2' | 'v3',
  checks: Checks,
) => `-- Returns the sessions that ended because of a limit, or "gone" or "moved".
CREATE FUNCTION session_replace_${version}(
  p_app text, p_id text, p_version bigint, p_by text, p_session text[], p_credential text[],
  p_sessions integer, p_guests integer, p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  new_key bigint;
  new_user text := p_session[4];
  is_guest boolean := p_session[4] IS NULL AND p_session[5] = '';
  ${newOrigin}
  old_key bigint;
  entry session_records;
  oldest bigint[] := '{}';
  repeated bigint[] := '{}';
  is_short boolean;
  ended_count integer;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${SHARE_SUCCESSION}
  IF p_sessions IS NOT NULL OR p_guests IS NOT NULL THEN ${LOCK_LICENCES} END IF;
  IF p_per_user IS NOT NULL AND new_user IS NOT NULL OR origin IS NOT NULL THEN
    SELECT s.key INTO old_key FROM session_records s WHERE s.app = p_app AND s.id = p_id;
  END IF;
  IF p_per_user IS NOT NULL AND new_user IS NOT NULL THEN
    ${lockUser('new_user')}
    oldest := session_oldest_of_v2(p_app, new_user, p_per_user, old_key, origin, p_now);
  END IF;
  IF origin IS NOT NULL THEN repeated := ${beyondTheMost('old_key')}; END IF;
  IF cardinality(oldest || repeated) > 0 THEN ${lockSessions('oldest || repeated || old_key')} END IF;
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} OR NOT ${has('entry', 'p_by', checks)} THEN RETURN '"gone"'; END IF;
  IF entry.version <> p_version THEN RETURN '"moved"'; END IF;
  is_short := session_is_full_v1(p_app, is_guest, p_sessions, p_guests);
  ${endCredentials('c.session_key = entry.key', `'secured'`, { successor: KEPT_ORIGIN, returned })}
  IF is_short THEN
    DELETE FROM session_records s WHERE s.key = entry.key;
  ELSE
    UPDATE session_records s SET start_time = NULL, last_access_time = NULL, storage = '{}', version = s.version + 1
    WHERE s.key = entry.key;
  END IF;
  ${insertSession('p_session', 'p_credential')}
  ${notify('p_id')}
  IF cardinality(oldest || repeated) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_oldest_v1(p_app, new_user, oldest, p_now) || session_end_unused_v1(p_app, repeated, 'limit', false, p_now);
END $$;

-- Returns the sessions that ended because of the limit, or null when nothing was written.
CREATE FUNCTION session_update_${version}(
  p_app text, p_id text, p_version bigint, p_by text, p_write_id text,
  p_storage text, p_user_name text, p_user_id text, p_grants text, p_last_access_time double precision,
  p_idle_milliseconds double precision, p_end double precision, p_authenticated_at double precision,
  p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  own_key bigint;
  own_origin text;
  entry session_records;
  oldest bigint[] := '{}';
BEGIN
  ${REQUIRE_READ_COMMITTED}
  IF p_user_id IS NOT NULL AND p_per_user IS NOT NULL THEN
    ${lockUser('p_user_id')}
    SELECT s.key, ${originOf('s')} INTO own_key, own_origin FROM session_records s WHERE s.app = p_app AND s.id = p_id;
    oldest := session_oldest_of_v2(p_app, p_user_id, p_per_user, own_key, own_origin, p_now);
    IF cardinality(oldest) > 0 THEN ${lockSessions('oldest || own_key')} END IF;
  END IF;
  ${LOCK_ENTRY}
  IF entry.write_id = p_write_id THEN RETURN '[]'; END IF;
  IF NOT FOUND OR NOT ${isLive('entry')} OR entry.version <> p_version OR NOT ${has('entry', 'p_by', checks)} THEN RETURN NULL; END IF;
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

-- Returns the unused logins that ended because this login was used for the first time.
CREATE FUNCTION session_touch_${version}(
  p_app text, p_id text, p_hash text, p_device text, p_address text, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  own_key bigint;
  origin text;
  entry session_records;
  unused bigint[] := '{}';
BEGIN
  ${REQUIRE_READ_COMMITTED}
  SELECT s.key, c.details INTO own_key, origin
  FROM session_records s JOIN session_credentials c ON c.session_key = s.key AND c.hash = p_hash
  WHERE s.app = p_app AND s.id = p_id AND c.kind = 'cookie' AND c.last_seen_at IS NULL;
  IF origin IS NOT NULL THEN
    unused := array(SELECT s.key FROM session_records s WHERE s.key IN (${unusedLogins('origin')}) AND s.key <> own_key AND ${originOf('s')} = origin);
  END IF;
  IF cardinality(unused) > 0 THEN ${lockSessions('unused || own_key')} END IF;
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} THEN RETURN '[]'; END IF;
  UPDATE session_credentials c SET last_seen_at = greatest(c.last_seen_at, p_now), device = coalesce(p_device, c.device),
    address = coalesce(p_address, c.address)
  WHERE c.session_key = entry.key AND c.hash = p_hash${isValid(checks)};
  IF NOT FOUND THEN RETURN '[]'; END IF;
  UPDATE session_records s SET last_access_time = greatest(s.last_access_time, p_now),
    end_at = greatest(s.end_at, CASE WHEN s.idle_milliseconds = 0 THEN s.absolute_end
      ELSE least(p_now + s.idle_milliseconds + ${TOUCH_GRACE_MILLISECONDS}, s.absolute_end) END)
  WHERE s.key = entry.key;
  IF cardinality(unused) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_unused_v1(p_app, unused, 'secured', true, p_now);
END $$;`

/**
 * The functions that handle unused logins (see `touch` in `store.ts`). The column `successor` of a tombstone contains
 * the origin of the login. The index does not contain `last_seen_at`, because each touch changes this column. A touch
 * therefore remains a HOT update.
 */
export const LOGIN_FUNCTIONS = `
CREATE INDEX session_credentials_login ON session_credentials (app, details, session_key)
  WHERE kind = 'cookie' AND details IS NOT NULL;

CREATE FUNCTION session_is_full_v1(p_app text, p_is_guest boolean, p_sessions integer, p_guests integer)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  repeated bigint;
BEGIN
  IF (SELECT count(*) FROM (SELECT 1 FROM session_records s WHERE s.app = p_app ORDER BY s.id LIMIT p_sessions) n) >= p_sessions THEN
    SELECT count(u.origin) - count(DISTINCT u.origin) INTO repeated FROM (
      SELECT ${originOf('s')} AS origin FROM session_records s WHERE s.key IN (${unusedLogins()})) u;
    IF (SELECT count(*) FROM (SELECT 1 FROM session_records s WHERE s.app = p_app ORDER BY s.id LIMIT p_sessions + repeated) n)
      >= p_sessions + repeated THEN RETURN true; END IF;
  END IF;
  RETURN p_guests IS NOT NULL AND p_is_guest AND (SELECT count(*) FROM (
    SELECT 1 FROM session_records s WHERE s.app = p_app AND s.start_time IS NOT NULL AND s.user_id IS NULL AND s.grants = ''
    ORDER BY s.key LIMIT p_guests) AS n) >= p_guests;
END $$;

-- The user's sessions beyond the limit, if one more is added or if session p_except becomes the user's. Unused logins of
-- one origin count as one session. Those of p_origin count with the added session.
CREATE FUNCTION session_oldest_of_v2(
  p_app text, p_user text, p_per_user integer, p_except bigint, p_origin text, p_now double precision
) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN array(
    WITH others AS (
      SELECT s.key, s.start_time, ${originOf('s')} AS origin FROM session_records s
      WHERE s.app = p_app AND s.user_id = p_user AND s.key IS DISTINCT FROM p_except AND ${isLive('s')}
        AND NOT EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = 'token')
    ), counted AS (
      SELECT o.key, min(o.start_time) OVER same AS first_start, min(o.key) OVER same AS first_key
      FROM others o WHERE (o.origin = p_origin) IS NOT TRUE
      WINDOW same AS (PARTITION BY o.origin, CASE WHEN o.origin IS NULL THEN o.key END)
    ), ranked AS (
      SELECT d.key, dense_rank() OVER (ORDER BY d.first_start DESC, d.first_key DESC) AS newest FROM counted d
    )
    SELECT r.key FROM ranked r WHERE r.newest > greatest(p_per_user - 1, 0));
END $$;

-- Ends the unused logins among these sessions. The caller has locked their rows.
CREATE FUNCTION session_end_unused_v1(p_app text, p_keys bigint[], p_reason text, p_keeps_origin boolean, p_now double precision)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
  ended jsonb := '[]';
  ended_count integer;
BEGIN
  FOR entry IN SELECT * FROM session_records s WHERE s.key = ANY (p_keys) AND ${isLive('s')} AND ${originOf('s')} IS NOT NULL
    ORDER BY s.start_time, s.key
  LOOP
    ${endCredentials('c.session_key = entry.key', 'p_reason', { successor: `CASE WHEN p_keeps_origin THEN ${KEPT_ORIGIN} END`, returned })}
    DELETE FROM session_records s WHERE s.key = entry.key;
    ${notify('entry.id')}
    ended := ended || ${report('entry', 'p_reason')};
  END LOOP;
  RETURN ended;
END $$;

-- Returns the sessions that ended because of a limit, or null when the session was not admitted.
CREATE FUNCTION session_create_v3(
  p_app text, p_session text[], p_credential text[],
  p_sessions integer, p_guests integer, p_per_user integer, p_now double precision
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  new_key bigint;
  new_user text := p_session[4];
  is_guest boolean := p_session[4] IS NULL AND p_session[5] = '';
  ${newOrigin}
  is_repeated boolean := false;
  oldest bigint[] := '{}';
  repeated bigint[] := '{}';
BEGIN
  ${REQUIRE_READ_COMMITTED}
  IF p_sessions IS NOT NULL OR p_guests IS NOT NULL THEN ${LOCK_LICENCES} END IF;
  IF p_per_user IS NOT NULL AND new_user IS NOT NULL THEN
    ${lockUser('new_user')}
    oldest := session_oldest_of_v2(p_app, new_user, p_per_user, NULL, origin, p_now);
  END IF;
  IF origin IS NOT NULL THEN repeated := ${beyondTheMost('NULL')}; END IF;
  IF cardinality(oldest || repeated) > 0 THEN ${lockSessions('oldest || repeated')} END IF;
  IF origin IS NOT NULL AND (p_sessions IS NOT NULL OR p_guests IS NOT NULL) THEN
    is_repeated := EXISTS (SELECT 1 FROM session_records s WHERE s.key IN (${unusedLogins('origin')}) AND ${originOf('s')} = origin);
  END IF;
  IF NOT is_repeated AND session_is_full_v1(p_app, is_guest, p_sessions, p_guests) THEN RETURN NULL; END IF;
  ${insertSession('p_session', 'p_credential')}
  IF cardinality(oldest || repeated) = 0 THEN RETURN '[]'; END IF;
  RETURN session_end_oldest_v1(p_app, new_user, oldest, p_now) || session_end_unused_v1(p_app, repeated, 'limit', false, p_now);
END $$;

${callerFunctions('v2', 'existence')}
`

/** The functions that check whether the caller's credential has expired. */
export const CALLER_FUNCTIONS = callerFunctions('v3', 'expiry')
