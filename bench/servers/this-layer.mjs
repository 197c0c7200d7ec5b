import Database from 'better-sqlite3'
import Koa from 'koa'
import { createSessions, sqliteStore } from '../../dist/src/session/index.js'
import { sessions } from '../../dist/src/session/koa.js'
import { serve } from './serve.mjs'

const [file, durability] = process.argv.slice(2)
const manager = createSessions({
  appName: 'BENCH',
  store: sqliteStore(new Database(file), { durability }),
  roles: { salesperson: ['viewCustomers'] },
  guests: 'first-request',
  secureCookie: false,
})

const pages = {
  '/login': async (ctx) => {
    await ctx.session.setPrivileges({ roles: ['salesperson'], userName: 'Ana Lima', userId: '4' }, { login: true })
    await ctx.session.use((storage) => {
      storage.visits = 1
    })
  },
  '/read': (ctx) => {
    if (!ctx.session.hasPrivilege('viewCustomers')) ctx.throw(403)
  },
  '/write': (ctx) =>
    ctx.session.use((storage) => {
      storage.visits++
    }),
  '/visit': () => {},
}

const app = new Koa()
app.use(sessions(manager))
app.use(async (ctx) => {
  await pages[ctx.path](ctx)
  ctx.body = JSON.stringify({ userName: ctx.session.userName, visits: ctx.session.storage.visits })
})
serve(app)
