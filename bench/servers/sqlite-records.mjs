/** Stores records efficiently, with prepared statements and with an index. */
export function sqliteRecords(db) {
  db.exec(`CREATE TABLE records (id TEXT PRIMARY KEY, data TEXT NOT NULL, end_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX records_end ON records (end_at)`)
  const find = db.prepare('SELECT data FROM records WHERE id = ? AND end_at > ?').pluck()
  const save = db.prepare(
    `INSERT INTO records (id, data, end_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data, end_at = excluded.end_at`,
  )
  const remove = db.prepare('DELETE FROM records WHERE id = ?')
  return {
    async get(id) {
      const data = find.get(id, Date.now())
      return data === undefined ? undefined : JSON.parse(data)
    },
    async set(id, session, maxAge) {
      save.run(id, JSON.stringify(session), Date.now() + maxAge)
    },
    async destroy(id) {
      remove.run(id)
    },
  }
}
