import Koa from 'koa'
import { Connections } from '../../src/parts/connections.ts'
import { createSessions } from '../../src/session/index.ts'
import { sessions, tokenSessions } from '../../src/session/koa/index.ts'
import { postgresStore, preparePostgresStore } from '../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import { serve } from './serve.mjs'

const [address, durability] = process.argv.slice(2)
const manager = createSessions({
  appName: 'BENCH',
  store: await openStore(),
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

/** Uses the same connections as the demo. */
async function openStore() {
  const connections = new Connections(() => {})
  if (address.startsWith('redis:')) {
    const prefix = `layer${process.pid}`
    const subscriber = await connections.redisSubscriber(address)
    return redisStore(await connections.redis(address), { prefix, subscriber })
  }
  if (address.startsWith('postgres:')) {
    const pool = await connections.postgres(address)
    await preparePostgresStore(pool)
    return postgresStore(pool)
  }
  return sqliteStore(connections.sqlite(address.replace('sqlite:', '')), { durability })
}
