import {
  type Checks,
  endCredentials,
  has,
  insertCredential,
  isLive,
  LOCK_ENTRY,
  notify,
  REQUIRE_READ_COMMITTED,
} from './sql-fragments.ts'

type Version = 'v1' | 'v2'

// Version 2 ends expired OTPs first.
const LIVE_FIRST: Record<Version, string> = { v1: '', v2: 'r.expires_at <= p_now, ' }

// Selects the least recently seen credentials beyond the limit. A new OTP ends only OTPs, and a new device ends only
// devices. Never selects the caller's credential, because it must stay live. Does not select OTPs with the purpose of
// the new OTP, because the function ends these OTPs in any case.
const beyondTheCap = (version: Version) => `SELECT r.hash FROM session_credentials r
  WHERE r.session_key = p_key AND (r.kind = 'otp') = is_otp AND r.hash IS DISTINCT FROM p_by AND (r.purpose = p_credential[11]) IS NOT TRUE
  ORDER BY ${LIVE_FIRST[version]}coalesce(r.last_seen_at, r.created_at) DESC, r.created_at DESC, r.hash DESC
  OFFSET greatest(cap - 1 - CASE WHEN p_by IS NULL OR is_otp THEN 0 ELSE 1 END, 0)`

const addFunction = (version: Version) => `
-- Adds a credential to a session whose row the caller has locked, and ends the credentials beyond the limit.
CREATE FUNCTION session_add_credential_${version}(
  p_app text, p_id text, p_key bigint, p_credential text[], p_by text, p_credentials integer, p_otps integer, p_now double precision
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  is_otp boolean := p_credential[3] = 'otp';
  cap integer := CASE WHEN p_credential[3] = 'otp' THEN p_otps ELSE p_credentials END;
  ended_count integer := 0;
BEGIN
  IF p_credential[11] IS NOT NULL OR cap IS NOT NULL THEN
    ${endCredentials(
      `c.session_key = p_key AND (c.purpose = p_credential[11] OR cap IS NOT NULL AND c.hash IN (${beyondTheCap(version)}))`,
      `'limit'`,
    )}
  END IF;
  IF ended_count > 0 THEN ${notify('p_id')} END IF;
  ${insertCredential('p_key', 'p_credential')}
END $$;
`

const attachFunction = (version: Version | 'v3', adds: Version, checks: Checks) => `
CREATE FUNCTION session_attach_${version}(
  p_app text, p_id text, p_credential text[], p_by text, p_credentials integer, p_otps integer, p_now double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} OR NOT ${has('entry', 'p_by', checks)} THEN RETURN false; END IF;
  PERFORM session_add_credential_${adds}(p_app, p_id, entry.key, p_credential, p_by, p_credentials, p_otps, p_now);
  RETURN true;
END $$;
`

const redeemFunction = (version: Version) => `
-- Returns the session's record, or no row.
CREATE FUNCTION session_redeem_${version}(
  p_app text, p_hash text, p_credential text[], p_credentials integer, p_otps integer, p_now double precision
) RETURNS SETOF session_records LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  SELECT * INTO entry FROM session_records s
  WHERE s.key = (SELECT c.session_key FROM session_credentials c WHERE c.app = p_app AND c.hash = p_hash AND c.kind = 'otp')
  FOR UPDATE;
  IF NOT FOUND OR NOT ${isLive('entry')} THEN RETURN; END IF;
  DELETE FROM session_credentials c
  WHERE c.session_key = entry.key AND c.hash = p_hash AND c.kind = 'otp' AND c.expires_at > p_now;
  IF NOT FOUND THEN RETURN; END IF;
  IF p_credential IS NOT NULL THEN
    PERFORM session_add_credential_${version}(p_app, entry.id, entry.key, p_credential, NULL, p_credentials, p_otps, p_now);
  END IF;
  RETURN NEXT entry;
END $$;
`

// Version 2 stores a message for the device.
const detachFunction = (version: Version) => `
CREATE FUNCTION session_detach_${version}(p_app text, p_id text, p_handle text, p_reason text${version === 'v1' ? '' : ', p_message text'}, p_now double precision)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
  ended_count integer;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} THEN RETURN false; END IF;
  ${endCredentials('c.session_key = entry.key AND c.handle = p_handle', 'p_reason', version === 'v1' ? {} : { message: 'p_message' })}
  IF ended_count > 0 THEN ${notify('p_id')} END IF;
  RETURN ended_count > 0;
END $$;
`

const rotateFunction = (version: 'v1' | 'v2', checks: Checks) => `
CREATE FUNCTION session_rotate_${version}(
  p_app text, p_id text, p_by text, p_credential text[], p_end_others boolean, p_now double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
  ended_count integer;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} OR NOT ${has('entry', 'p_by', checks)} THEN RETURN false; END IF;
  ${endCredentials(
    'c.session_key = entry.key AND (p_end_others OR c.hash = p_by)',
    `CASE WHEN gone.hash = p_by THEN 'secured' ELSE 'revoked' END`,
  )}
  ${insertCredential('entry.key', 'p_credential')}
  ${notify('p_id')}
  RETURN true;
END $$;
`

export const CREDENTIAL_FUNCTIONS =
  addFunction('v1') +
  attachFunction('v1', 'v1', 'existence') +
  detachFunction('v1') +
  rotateFunction('v1', 'existence') +
  redeemFunction('v1')

/** The functions that end expired OTPs before valid ones. */
export const OTP_FUNCTIONS = addFunction('v2') + attachFunction('v2', 'v2', 'existence') + redeemFunction('v2')

/** The function that leaves a message for a device that is signed out alone. */
export const DETACH_FUNCTION = detachFunction('v2')

/** The functions that check whether the caller's credential has expired. */
export const EXPIRY_FUNCTIONS = attachFunction('v3', 'v2', 'expiry') + rotateFunction('v2', 'expiry')

/** The function that changes the details of a credential. */
export const DETAILS_FUNCTION = `
CREATE FUNCTION session_set_details_v1(p_app text, p_id text, p_hash text, p_from text, p_to text, p_now double precision)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry session_records;
BEGIN
  ${REQUIRE_READ_COMMITTED}
  ${LOCK_ENTRY}
  IF NOT FOUND OR NOT ${isLive('entry')} THEN RETURN false; END IF;
  UPDATE session_credentials c SET details = p_to
  WHERE c.session_key = entry.key AND c.hash = p_hash AND c.expires_at > p_now AND c.last_seen_at IS NOT NULL
    AND c.details IS NOT DISTINCT FROM p_from;
  RETURN FOUND;
END $$;
`
