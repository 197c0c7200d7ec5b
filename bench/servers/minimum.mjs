// The least that a session on SQLite needs, without a library: no expiry, no limits, no lists and no check for
// conflicts. It shows what is possible with Koa and SQLite.
import { createHash, randomBytes } from 'node:crypto'
import Koa from 'koa'
import { shownOf } from './content.ts'
import { openSqlite } from './databases.mjs'
import { pages } from './pages.mjs'
import { serve } from './serve.mjs'

const db = openSqlite()
db.exec('CREATE TABLE sessions (hash BLOB PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID')
const find = db.prepare('SELECT data FROM sessions WHERE hash = ?').pluck()
const save = db.prepare('INSERT INTO sessions VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET data = excluded.data')
const saveAll = db.transaction((writes) => {
  for (const [hash, session] of writes) save.run(hash, JSON.stringify(session))
})
let batch

const app = new Koa()
app.use(async (ctx) => {
  const page = pages[ctx.path]
  const token = tokenOf(ctx)
  const hash = createHash('sha256').update(token).digest()
  const session = isNewVisitor(ctx) ? {} : JSON.parse(find.get(hash))
  page(session, ctx.query)
  if (ctx.path !== '/read') await stored(hash, session)
  ctx.body = shownOf(session)
})
serve(app.callback())

function isNewVisitor({ path }) {
  return path === '/login' || path === '/visit'
}

function tokenOf(ctx) {
  if (!isNewVisitor(ctx)) return ctx.get('cookie').slice('id='.length)
  const token = randomBytes(32).toString('base64url')
  ctx.set('Set-Cookie', `id=${token}; path=/; httponly`)
  return token
}

/** Stores all sessions of one turn of the event loop in one transaction. */
function stored(hash, session) {
  batch ??= startBatch()
  batch.writes.push([hash, session])
  return batch.committed
}

function startBatch() {
  const writes = []
  const committed = new Promise((resolve, reject) => {
    setImmediate(() => {
      batch = undefined
      try {
        resolve(saveAll(writes))
      } catch (error) {
        reject(error)
      }
    })
  })
  return { writes, committed }
}
