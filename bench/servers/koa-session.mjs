import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import Koa from 'koa'
import session from 'koa-session'
import { redisRecords } from './redis-records.mjs'
import { serve } from './serve.mjs'
import { sqliteRecords } from './sqlite-records.mjs'

const [address] = process.argv.slice(2)
const store = address.startsWith('redis:')
  ? redisRecords(new Redis(address), `koa${process.pid}:`)
  : sqliteRecords(new Database(address.replace('sqlite:', '')))

const pages = {
  '/login': (ctx) => {
    Object.assign(ctx.session, { userName: 'Ana Lima', privileges: ['viewCustomers'], visits: 1 })
  },
  '/read': (ctx) => {
    if (!ctx.session.privileges.includes('viewCustomers')) ctx.throw(403)
  },
  '/write': (ctx) => {
    ctx.session.visits++
  },
  // koa-session stores a new session only when the session contains data.
  '/visit': (ctx) => {
    ctx.session.userName = ''
  },
}

const app = new Koa()
app.keys = ['a key for the benchmark']
app.use(session({ store }, app))
app.use((ctx) => {
  pages[ctx.path](ctx)
  ctx.body = JSON.stringify({ userName: ctx.session.userName, visits: ctx.session.visits })
})
serve(app)
