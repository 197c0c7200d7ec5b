// Times are JavaScript numbers, which double precision stores exactly. COLLATE "C" sorts text alike in every database.
// No index contains storage, version or write_id. Most writes change only these columns, so PostgreSQL can use HOT
// updates.
export const TABLES = `
CREATE TABLE session_schema (version integer NOT NULL);
INSERT INTO session_schema VALUES (0);

CREATE TABLE session_records (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  start_time double precision,
  last_access_time double precision,
  idle_milliseconds double precision NOT NULL,
  absolute_end double precision NOT NULL,
  end_at double precision NOT NULL,
  version bigint NOT NULL,
  app text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  user_name text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  grants text COLLATE "C" NOT NULL,
  write_id text COLLATE "C",
  storage text COLLATE "C" NOT NULL,
  UNIQUE (app, id)
) WITH (fillfactor = 80);
CREATE INDEX session_records_user ON session_records (app, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX session_records_guest ON session_records (app, key)
  WHERE start_time IS NOT NULL AND user_id IS NULL AND grants = '';
-- One index for each sort order of a list, and two partial indexes for rare records.
CREATE INDEX session_records_created ON session_records (app, coalesce(start_time, 0), id);
CREATE INDEX session_records_seen ON session_records (app, coalesce(last_access_time, 0), id);
CREATE INDEX session_records_end ON session_records (app, end_at, id);
CREATE INDEX session_records_rest ON session_records (app, coalesce(start_time, 0), id) WHERE kind = 'rest';
CREATE INDEX session_records_invalidated ON session_records (app, end_at, id) WHERE start_time IS NULL;

-- Written only while the row of the session is locked.
CREATE TABLE session_credentials (
  session_key bigint NOT NULL,
  created_at double precision NOT NULL,
  last_seen_at double precision,
  authenticated_at double precision,
  expires_at double precision NOT NULL,
  app text COLLATE "C" NOT NULL,
  handle text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  via text COLLATE "C" NOT NULL,
  device text COLLATE "C",
  address text COLLATE "C",
  purpose text COLLATE "C",
  details text COLLATE "C",
  PRIMARY KEY (session_key, hash)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX session_credentials_otp ON session_credentials (app, hash) WHERE kind = 'otp';
CREATE INDEX session_credentials_otp_end ON session_credentials (app, expires_at) WHERE kind = 'otp';
CREATE INDEX session_credentials_link ON session_credentials (app, session_key) WHERE via = 'link' AND kind <> 'otp';
CREATE INDEX session_credentials_token ON session_credentials (app, session_key) WHERE via = 'token' AND kind <> 'otp';

CREATE TABLE session_tombstones (
  ended_at double precision NOT NULL,
  keep_until double precision NOT NULL,
  app text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  successor text COLLATE "C",
  message text COLLATE "C",
  PRIMARY KEY (app, hash)
);
CREATE INDEX session_tombstones_session ON session_tombstones (app, id);
CREATE INDEX session_tombstones_keep_until ON session_tombstones (app, keep_until);
`
