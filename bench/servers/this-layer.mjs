import Koa from 'koa'
import { Connections } from '../../src/parts/connections.ts'
import { createSessions } from '../../src/session/index.ts'
import { sessions, tokenSessions } from '../../src/session/koa/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { postgresStore, preparePostgresStore } from '../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import { challengeIn, deviceKey } from '../../src/session/testing/device-key.ts'
import { contentOf, shownOf } from './content.ts'
import { address, isBound, kind, prefix, serve } from './serve.mjs'

// The connections of the demo.
const connections = new Connections(() => {})
const openStore = {
  memory: () => memoryStore(),
  'sqlite-crash': () => sqliteStore(connections.sqlite(address), { durability: 'crash' }),
  'sqlite-power-loss': () => sqliteStore(connections.sqlite(address), { durability: 'power-loss' }),
  async redis() {
    const subscriber = await connections.redisSubscriber(address)
    return redisStore(await connections.redis(address), { prefix, subscriber })
  },
  async postgres() {
    const pool = await connections.postgres(address)
    await preparePostgresStore(pool)
    return postgresStore(pool)
  },
}
const manager = createSessions({
  appName: 'BENCH',
  store: await openStore[kind](),
  roles: { salesperson: ['viewCustomers'] },
  guests: 'first-request',
  ...(isBound ? { deviceBinding: { minutes: 60 } } : { secureCookie: false }),
})

const key = deviceKey()

/** Registers a key for the cookie that this response sets. */
async function bindCookie({ res }) {
  const proof = key.registration(challengeIn(res.getHeader('Secure-Session-Registration')))
  const [cookie] = res.getHeader('Set-Cookie')
  const { status, headers } = await manager.bindingEndpoints.bind({
    cookieHeader: cookie.split(';', 1)[0],
    proof,
    cause: {},
  })
  if (status !== 200) throw new Error('The key was not registered.')
  res.appendHeader('Set-Cookie', headers['Set-Cookie'])
}

const pages = {
  async '/login'(ctx) {
    const { session, query } = ctx
    const { userName, visits, items } = contentOf(query)
    const user = { roles: ['salesperson'], userName, userId: userName }
    await session.setPrivileges(user, { login: true })
    await session.use((storage) => {
      Object.assign(storage, { visits, items })
    })
    if (isBound) await bindCookie(ctx)
  },
  async '/api/signin'({ session, query, state }) {
    const { userName, visits, items } = contentOf(query)
    state.token = await session.newSession(userName, { roles: ['salesperson'], userName })
    await session.use((storage) => {
      Object.assign(storage, { visits, items })
    })
  },
  '/read': readPage,
  '/api/read': readPage,
  '/write': ({ session }) =>
    session.use((storage) => {
      storage.visits = (storage.visits ?? 0) + 1
    }),
  '/visit': () => {},
}

function readPage(ctx) {
  if (!ctx.session.hasPrivilege('viewCustomers')) ctx.throw(403)
}

const app = new Koa()
const forPages = sessions(manager)
const forTokens = tokenSessions(manager, { mount: '/api' })
app.use((ctx, next) => (ctx.path.startsWith('/api/') ? forTokens : forPages)(ctx, next))
app.use(async (ctx) => {
  await pages[ctx.path](ctx)
  const { userName, storage } = ctx.session
  ctx.body = ctx.state.token ?? shownOf({ ...storage, userName })
})
serve(app.callback())
