import Koa from 'koa'
import session from 'koa-session'
import { shownOf } from './content.ts'
import { openPostgres, openRedis, openSqlite } from './databases.mjs'
import { pages } from './pages.mjs'
import { postgresRecords } from './postgres-records.mjs'
import { redisRecords } from './redis-records.mjs'
import { kind, prefix, serve } from './serve.mjs'
import { sqliteRecords } from './sqlite-records.mjs'

const open = {
  redis: () => redisRecords(openRedis(), prefix),
  postgres: () => postgresRecords(openPostgres()),
  'sqlite-crash': () => sqliteRecords(openSqlite()),
  'sqlite-power-loss': () => sqliteRecords(openSqlite()),
}

const app = new Koa()
app.keys = ['a key for the benchmark']
app.use(session({ store: await open[kind]() }, app))
app.use((ctx) => {
  pages[ctx.path](ctx.session, ctx.query)
  ctx.body = shownOf(ctx.session)
})
serve(app.callback())
