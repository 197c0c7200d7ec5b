import Database from 'better-sqlite3'
import Koa from 'koa'
import { createSessions, sqliteStore } from '../../dist/src/session/index.js'
import { sessions, tokenSessions } from '../../dist/src/session/koa.js'
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
  '/api/signin': async (ctx) => {
    const options = { roles: ['salesperson'], userName: 'Ana Lima' }
    ctx.state.token = await ctx.session.newSession('4', options)
    await ctx.session.use((storage) => {
      storage.visits = 1
    })
  },
  '/api/read': (ctx) => {
    if (!ctx.session.hasPrivilege('viewCustomers')) ctx.throw(403)
  },
  '/write': (ctx) =>
    ctx.session.use((storage) => {
      storage.visits++
    }),
  '/visit': () => {},
}

const app = new Koa()
const forPages = sessions(manager)
const forTokens = tokenSessions(manager, { mount: '/api' })
app.use((ctx, next) => (ctx.path.startsWith('/api/') ? forTokens : forPages)(ctx, next))
app.use(async (ctx) => {
  await pages[ctx.path](ctx)
  const { userName, storage } = ctx.session
  ctx.body = JSON.stringify({ userName, visits: storage.visits, token: ctx.state.token })
})
serve(app)
