/** Stores records in the usual way. Each operation is one prepared statement, and each write is one commit. */
export async function postgresRecords(pool) {
  await pool.query(`CREATE TABLE records (id text PRIMARY KEY, data json NOT NULL, end_at timestamptz NOT NULL);
    CREATE INDEX ON records (end_at)`)
  const find = 'SELECT data FROM records WHERE id = $1 AND end_at > now()'
  const save = `INSERT INTO records (id, data, end_at) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET data = excluded.data, end_at = excluded.end_at`
  const remove = 'DELETE FROM records WHERE id = $1'
  return {
    async get(id) {
      const { rows } = await pool.query({ name: 'find', text: find, values: [id] })
      return rows[0]?.data
    },
    async set(id, session, maxAge) {
      const values = [id, JSON.stringify(session), new Date(Date.now() + maxAge)]
      await pool.query({ name: 'save', text: save, values })
    },
    async destroy(id) {
      await pool.query({ name: 'remove', text: remove, values: [id] })
    },
  }
}
