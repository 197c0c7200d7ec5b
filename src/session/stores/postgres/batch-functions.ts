import {
  CREDENTIAL_COLUMNS,
  credentialFields,
  has,
  isLive,
  LOCK_LICENCES,
  REQUIRE_READ_COMMITTED,
  SESSION_COLUMNS,
  sessionFields,
} from './sql-fragments.ts'

// A session and a credential have twelve fields each. A list of them has a row for each field.
const PLACES = Array.from({ length: 12 }, (_, index) => index + 1)
const rowsOf = (list: string) => PLACES.map((place) => `${list}[${place}:${place}]`)
const names = PLACES.map((place) => `f${place}`)

// PostgreSQL plans each statement of these functions once for each connection. The plan uses the indexes, even if it is
// made for small tables or without statistics.
const PLANNED_ONCE = 'SET plan_cache_mode = force_generic_plan SET enable_seqscan = off'
const JOINED_BY_INDEX = 'SET enable_hashjoin = off SET enable_mergejoin = off'

/**
 * The functions that answer several calls at once. A call does not delay the other calls of its batch: they wait for no
 * row, and for the licences only if each of them needs one.
 */
export const BATCH_FUNCTIONS = `
CREATE FUNCTION session_find_many_v1(p_app text, p_ids text[], p_hashes text[])
RETURNS TABLE (place bigint, session session_records, credential session_credentials) LANGUAGE plpgsql STABLE ${PLANNED_ONCE} AS $$
BEGIN
  RETURN QUERY SELECT a.place, f.s, f.c FROM unnest(p_ids, p_hashes) WITH ORDINALITY a(id, hash, place), LATERAL (
    SELECT s, c FROM session_records s JOIN session_credentials c ON c.session_key = s.key
    WHERE s.app = p_app AND s.id = a.id AND c.hash = a.hash OFFSET 0) f;
END $$;

CREATE FUNCTION session_find_tombstones_v1(p_app text, p_ids text[], p_hashes text[], p_nows double precision[])
RETURNS TABLE (place bigint, tombstone session_tombstones) LANGUAGE plpgsql STABLE ${PLANNED_ONCE} AS $$
BEGIN
  RETURN QUERY SELECT a.place, f.t FROM unnest(p_ids, p_hashes, p_nows) WITH ORDINALITY a(id, hash, now, place), LATERAL (
    SELECT t FROM session_tombstones t WHERE t.app = p_app AND t.hash = a.hash AND t.id = a.id AND t.keep_until > a.now OFFSET 0) f;
END $$;

-- Updates the storage of several sessions, at most once each. Returns the places of the calls that it has carried out.
CREATE FUNCTION session_update_many_v1(
  p_app text, p_ids text[], p_versions bigint[], p_bys text[], p_write_ids text[], p_storages text[], p_nows double precision[]
) RETURNS jsonb LANGUAGE plpgsql ${PLANNED_ONCE} ${JOINED_BY_INDEX} AS $$
DECLARE
  keys bigint[];
  places jsonb;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  keys := array(SELECT (SELECT s.key FROM session_records s WHERE s.app = p_app AND s.id = a.id FOR UPDATE SKIP LOCKED)
    FROM unnest(p_ids) WITH ORDINALITY a(id, place) ORDER BY a.place);
  WITH updated AS (
    UPDATE session_records s SET storage = a.storage, version = s.version + 1, write_id = a.write_id
    FROM unnest(keys, p_versions, p_bys, p_write_ids, p_storages, p_nows) WITH ORDINALITY a(key, version, by, write_id, storage, now, place)
    WHERE s.key = a.key AND ${isLive('s', 'a.now')} AND (a.version IS NULL OR a.version = s.version)
      AND s.write_id IS DISTINCT FROM a.write_id
      AND ${has('s', 'a.by', 'expiry', 'a.now')}
    RETURNING a.place
  )
  SELECT jsonb_agg(updated.place) INTO places FROM updated;
  RETURN coalesce(places, '[]');
END $$;

-- Adds several sessions. Returns null, and adds none of them, if the limits do not certainly admit all of them.
CREATE FUNCTION session_create_many_v1(
  p_app text, p_sessions text[], p_credentials text[], p_licences integer, p_guests integer
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  others integer := array_length(p_sessions, 2) - 1;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  IF p_licences IS NOT NULL OR p_guests IS NOT NULL THEN
    IF p_licences <= others OR p_guests <= others THEN RETURN NULL; END IF;
    ${LOCK_LICENCES}
    IF session_is_full_v1(p_app, true, p_licences - others, p_guests - others) THEN RETURN NULL; END IF;
  END IF;
  WITH made AS (
    INSERT INTO session_records (${SESSION_COLUMNS})
    SELECT ${sessionFields((place) => `s.f${place}`)} FROM unnest(${rowsOf('p_sessions')}) s(${names})
    RETURNING key, id
  )
  INSERT INTO session_credentials (${CREDENTIAL_COLUMNS})
  SELECT made.key, ${credentialFields((place) => `c.f${place}`)}
  FROM made JOIN unnest(p_sessions[1:1], ${rowsOf('p_credentials')}) c(id, ${names}) ON c.id = made.id;
  RETURN true;
END $$;
`
