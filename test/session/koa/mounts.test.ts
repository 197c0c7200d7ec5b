import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import Koa from 'koa'
import { createSessions, type Session, type SessionOptions, type TokenSession } from '../../../src/session/index.ts'
import { type SessionContext, sessions, tokenSessions } from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { LayerVisitor } from '../support/layer.ts'

type Storage = Record<string, unknown>
type Context = Koa.Context & SessionContext<Storage>

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

const current = (ctx: Koa.Context) => ctx.session as Session<Storage>

for (const guests of ['first-request', 'first-write'] as const) {
  test(`[RESP-5] a second mount with the same manager uses the session of the first, with ${guests} guests`, async (t) => {
    const manager = open(t, { guests, roles: { clerk: ['viewOrders'] } })
    const events: string[] = []
    for (const name of ['created', 'linkRefused', 'ended'] as const) manager.on(name, ({ type }) => events.push(type))
    const inner = new Koa<Koa.DefaultState, Context>()
    inner.use(sessions<Storage, string, Context>(manager))
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
    app.use(sessions<Storage, string, Context>(manager, { onRequestEnd: () => ended.push('first') }))
    app.use(sessions<Storage, string, Context>(manager, { onRequestEnd: () => ended.push('second') }))
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

test('[RESP-6] two managers in one application each keep their own session and cookie', async (t) => {
  const one = open(t)
  const two = open(t, { appName: 'TWO' })
  const app = new Koa<Koa.DefaultState, Context>()
  let outer: Session<Storage>
  app.use(sessions<Storage, string, Context>(one))
  app.use(async (ctx, next) => {
    outer = current(ctx)
    await next()
  })
  app.use(sessions<Storage, string, Context>(two))
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

test('[RESP-6] tokenSessions and sessions, each mounted twice, open one session for each kind of request', async (t) => {
  const manager = open(t)
  const app = new Koa<Koa.DefaultState, Context>()
  app.silent = true
  app.use(tokenSessions<Storage, string, Context>(manager, { mount: '/api', autoSave: true }))
  app.use(sessions<Storage, string, Context>(manager))
  app.use(tokenSessions<Storage, string, Context>(manager, { mount: '/api', anonymous: ['signin'] }))
  app.use(sessions<Storage, string, Context>(manager))
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
