import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import Koa from 'koa'
import { createSessions, type Session, type SessionOptions, type TokenSession } from '../../../src/session/index.ts'
import { requireUser, type SessionContext, sessions, tokenSessions } from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { LayerVisitor } from '../support/layer.ts'

type Storage = Record<string, unknown>
type Context = Pick<SessionContext<Storage>, 'session'>

async function serve(t: TestContext, listener: RequestListener): Promise<LayerVisitor> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return new LayerVisitor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function open(t: TestContext, options: Partial<SessionOptions> = {}) {
  const manager = createSessions<Storage>({ appName: 'ONE', store: memoryStore(), secureCookie: false, ...options })
  t.after(() => manager.close())
  return manager
}

/** A response that no client receives, as in a server that renders a page in advance. */
class Captured extends ServerResponse {
  constructor(req: IncomingMessage) {
    super(req)
    this.assignSocket(new PassThrough().resume() as never)
  }
}

const current = (ctx: Context) => ctx.session

for (const guests of ['first-request', 'first-write'] as const) {
  test(`[RESP-5] a second mount with the same manager uses the session of the first mount, with ${guests} guests`, async (t) => {
    const manager = open(t, { guests, roles: { clerk: ['viewOrders'] } })
    const events: string[] = []
    for (const name of ['created', 'linkRefused', 'ended'] as const) manager.on(name, ({ type }) => events.push(type))
    const inner = new Koa<Koa.DefaultState, Context>()
    inner.use(sessions(manager))
    inner.use(async (ctx) => {
      const session = current(ctx)
      if (ctx.path === '/login')
        await session.setPrivileges({ roles: ['clerk'], userId: '4' }, { login: true, keepStorage: true })
      if (ctx.path === '/secure') await session.secureSession({ keepStorage: true })
      await current(ctx).use((storage) => void (storage.inner = storage.outer))
      ctx.body = JSON.stringify({ id: current(ctx).id, restored: session.restored !== false })
    })
    const app = new Koa<Koa.DefaultState, Context>()
    const ended: string[] = []
    app.use(sessions(manager, { onRequestEnd: () => ended.push('first') }))
    app.use(sessions(manager, { onRequestEnd: () => ended.push('second') }))
    app.use(async (ctx) => {
      const before = current(ctx)
      await before.use((storage) => void (storage.outer = 1))
      ctx.respond = false
      await inner.callback()(ctx.req, ctx.res)
      assert.deepEqual(current(ctx).storage, { outer: 1, inner: 1 })
      assert.equal(current(ctx) === before, ctx.path !== '/secure')
    })
    const visitor = await serve(t, app.callback())
    const first = await visitor.get('/')
    assert.equal(first.setCookies.length, 1)
    assert.equal(await manager.count(), 1)
    const { id } = JSON.parse(first.text)
    assert.equal((await visitor.read('/')).id, id)
    assert.deepEqual(events, ['created'])
    for (const path of ['/login', '/secure']) {
      const { text, setCookies } = await visitor.get(path)
      assert.equal(setCookies.length, 1)
      assert.equal((await visitor.read('/')).id, JSON.parse(text).id)
    }
    const link = await manager.createOTP((await visitor.read('/')).id)
    const phone = visitor.copy()
    phone.cookies.clear()
    assert.equal((await phone.read(`/?$4DSID=${link}`)).restored, true)
    assert.ok(!events.includes('linkRefused'))
    assert.equal((await manager.list({ userId: '4' })).sessions.filter(({ startTime }) => startTime).length, 1)
    assert.deepEqual(new Set(ended), new Set(['first', 'second']))
  })
}

test('[RESP-5] mounts with copies of one manager, and mounts that run at the same time, share one session', async (t) => {
  const manager = open(t, { guests: 'first-request' })
  const copy = { ...manager, end: manager.end }
  const app = new Koa<Koa.DefaultState, Context>()
  for (const one of [manager, copy]) app.use(tokenSessions(one, { mount: '/api', anonymous: ['page'] }))
  app.use((ctx, next) => {
    if (ctx.path !== '/twice') return sessions(manager)(ctx, () => sessions(copy)(ctx, next))
    const other = Object.create(ctx)
    const write = (one: Context) => current(one).use((storage) => void (storage.page = 1))
    return Promise.all([ctx, other].map((one) => sessions(manager)(one, () => write(one)))).then(next)
  })
  app.use((ctx) => {
    ctx.body = JSON.stringify(ctx.session instanceof Object)
  })
  const visitor = await serve(t, app.callback())
  for (const [index, path] of ['/copy', '/twice'].entries()) {
    visitor.cookies.clear()
    assert.deepEqual([(await visitor.get(path)).setCookies.length, await manager.count()], [1, index + 1], path)
  }
  assert.equal(await visitor.read('/api/page'), true)
})

test('[RESP-5] a mount asks the store again after an earlier mount failed', async (t) => {
  const store = memoryStore()
  let failures = 1
  const find: typeof store.find = async (call) => {
    if (failures-- > 0) throw new Error('down')
    return store.find(call)
  }
  const manager = open(t, { store: { ...store, find } })
  const app = new Koa<Koa.DefaultState, Context>()
  app.use(async (ctx, next) => {
    await assert.rejects(async () => sessions(manager)(ctx, next), { code: 'STORE_UNAVAILABLE' })
    await sessions(manager)(ctx, next)
  })
  app.use((ctx) => {
    ctx.body = JSON.stringify(current(ctx).isNew)
  })
  const visitor = await serve(t, app.callback())
  const id = 'A'.repeat(32)
  assert.equal(await visitor.read('/', { Cookie: `4DSID_ONE=${id}.${'a'.repeat(43)}` }), true)
})

test('[RESP-5] a second response to one request gets the cookie of its own login', async (t) => {
  const manager = open(t)
  const app = new Koa<Koa.DefaultState, Context>()
  app.use(sessions(manager))
  app.use(async (ctx) => {
    if (ctx.res instanceof Captured) await current(ctx).use((storage) => void (storage.page = 1))
    else await current(ctx).setPrivileges({ userName: 'Ana', userId: '4' }, { login: true })
    ctx.body = JSON.stringify(current(ctx).userName)
  })
  const visitor = await serve(t, async (req, res) => {
    await app.callback()(req, new Captured(req))
    await app.callback()(req, res)
  })
  const { text, setCookies } = await visitor.get('/')
  assert.deepEqual([text, setCookies.length, await manager.count({ userId: '4' })], ['"Ana"', 1, 1])
})

test('[ADAPT-7] in a mount that shortens the path, the redirect to the login page names the requested URL', async (t) => {
  const app = new Koa<Koa.DefaultState, Context>()
  app.use(async (ctx, next) => {
    ctx.path = ctx.path.slice('/shop'.length)
    await next()
  })
  app.use(sessions(open(t))).use(requireUser({ loginPath: '/login' }))
  const visitor = await serve(t, app.callback())
  assert.equal((await visitor.get('/shop/orders?page=2')).location, '/login?next=%2Fshop%2Forders%3Fpage%3D2')
})

test('[RESP-6] two managers in one application each keep their own session and cookie', async (t) => {
  const one = open(t)
  const two = open(t, { appName: 'TWO' })
  const app = new Koa<Koa.DefaultState, Context>()
  let outer: Session<Storage>
  app.use(sessions(one))
  app.use(async (ctx, next) => {
    outer = current(ctx)
    await next()
  })
  app.use(sessions(two))
  app.use(async (ctx) => {
    const inner = current(ctx)
    if (ctx.path === '/write') {
      await outer.use((storage) => void (storage.name = 'one'))
      await inner.use((storage) => void (storage.name = 'two'))
    }
    if (ctx.path === '/secure') {
      outer = await outer.secureSession({ keepStorage: true })
      assert.equal(current(ctx), inner, 'the other manager’s session is still the current one')
      ctx.respond = false
      ctx.res.writeHead(200, { 'Set-Cookie': 'theme=dark' }).end('null')
      return
    }
    ctx.body = JSON.stringify([outer.id, outer.storage.name, inner.id, current(ctx).storage.name])
  })
  const visitor = await serve(t, app.callback())
  assert.equal((await visitor.get('/write')).setCookies.length, 2)
  const [oneId, oneName, twoId, twoName] = await visitor.read('/')
  assert.deepEqual([oneName, twoName], ['one', 'two'])
  assert.equal((await visitor.get('/secure')).setCookies.length, 2)
  const [nextId, nextName, sameId, sameName] = await visitor.read('/')
  assert.deepEqual([nextId === oneId, nextName, sameId, sameName], [false, 'one', twoId, 'two'])
  assert.deepEqual([await one.count({ userId: '' }), await two.count()], [0, 1])
  assert.equal(await two.end(sameId), true)
  assert.deepEqual((await visitor.read('/')).slice(0, 2), [nextId, 'one'])
})

test('[RESP-6] after the middleware of the inner manager has run, ctx.session is the outer manager’s session again', async (t) => {
  const one = open(t)
  const two = open(t, { appName: 'TWO' })
  const app = new Koa<Koa.DefaultState, Context>()
  app.silent = true
  let outer: unknown
  let after: unknown
  let replaceOuter: () => Promise<void>
  app.use(sessions(one))
  app.use(async (ctx, next) => {
    const first = current(ctx)
    outer = first
    replaceOuter = async () => {
      outer = await first.secureSession()
    }
    try {
      await next()
    } finally {
      after = current(ctx)
    }
  })
  app.use(tokenSessions(two, { mount: '/api', anonymous: ['page'] }))
  app.use((ctx, next) => (ctx.path === '/none' ? sessions(null)(ctx as never, next) : next()))
  app.use((ctx, next) => (/api|none/.test(ctx.path) ? next() : sessions(two)(ctx, next)))
  app.use(async (ctx) => {
    assert.notEqual(ctx.session, outer)
    if (ctx.path === '/thrown') throw new Error('thrown')
    if (ctx.path === '/replaced') await replaceOuter()
    ctx.body = 'null'
  })
  const visitor = await serve(t, app.callback())
  for (const path of ['/', '/thrown', '/replaced', '/none', '/api/page']) {
    await visitor.get(path)
    assert.ok(outer && after === outer, path)
  }
})

test('[RESP-6] tokenSessions and sessions, each mounted twice, open only one session for each request', async (t) => {
  const manager = open(t)
  const app = new Koa<Koa.DefaultState, Context>()
  app.silent = true
  app.use(tokenSessions(manager, { mount: '/api', autoSave: true }))
  app.use(sessions(manager))
  app.use(tokenSessions(manager, { mount: '/api', anonymous: ['signin'] }))
  app.use(sessions(manager))
  app.use(async (ctx) => {
    if (!ctx.path.startsWith('/api')) {
      await current(ctx).use((storage) => void (storage.page = 1))
      ctx.body = JSON.stringify(current(ctx).kind)
      return
    }
    const session = ctx.session as TokenSession<Storage>
    if (ctx.path === '/api/signin') ctx.body = JSON.stringify(await session.newSession('4'))
    else {
      const before = session.getSessionVar('page')
      session.setSessionVar('page', '3')
      ctx.body = JSON.stringify([session.kind, before])
    }
  })
  const visitor = await serve(t, app.callback())
  const token = await visitor.read('/api/signin')
  const headers = { Authorization: `Bearer ${token}` }
  assert.deepEqual(await visitor.read('/api/page', headers), ['rest', ''])
  assert.deepEqual(await visitor.read('/api/page', headers), ['rest', '3'], 'the first mount saves the variables')
  for (const path of ['/api/page', '/api/testpage']) assert.equal((await visitor.get(path)).status, 401, path)
  const page = await visitor.get('/')
  assert.deepEqual([page.text, page.setCookies.length], ['"web"', 1])
  assert.deepEqual(await visitor.read('/api/page', headers), ['rest', '3'])
  assert.deepEqual([await manager.count({ kind: 'web' }), await manager.count({ kind: 'rest' })], [1, 1])
})
