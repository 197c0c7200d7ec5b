import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import Koa from 'koa'
import { createSessions, type SessionOf, type SessionStore } from '../../src/session/index.ts'
import { sessions } from '../../src/session/koa/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { traceSessions } from './session-spans.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('shop')
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

/** Starts a shop with a span for each request. Returns a browser with one cookie. */
async function startShop(t: TestContext, store: SessionStore) {
  const manager = createSessions({ appName: 'SHOP', store, secureCookie: false })
  manager.on('warning', () => {})
  const app = new Koa<Koa.DefaultState, { session: SessionOf<typeof manager> }>()
  app.silent = true
  app.use((ctx, next) =>
    tracer.startActiveSpan(`${ctx.method} ${ctx.path}`, (span) => next().finally(() => span.end())),
  )
  app.use(sessions(manager))
  app.use(async ({ path, session }) => {
    if (path === '/login') await session.setPrivileges({ userId: '4' }, { login: true, proof: 'password' })
    if (path === '/cart')
      await session.use((storage) => {
        storage.cart = ['tea']
      })
    if (path === '/logout') await session.close()
  })
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    await manager.close()
    server.closeAllConnections()
    server.close()
  })
  let cookie = ''
  return async (path: string) => {
    exporter.reset()
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return answer.status
  }
}

/** Returns each span with its parent and its outcome, in the order of their ends. */
function spans() {
  const finished = exporter.getFinishedSpans()
  const nameOf = (id: string | undefined) => finished.find((span) => span.spanContext().spanId === id)?.name
  return finished.map(({ name, parentSpanContext, attributes }) => [
    name,
    nameOf(parentSpanContext?.spanId),
    attributes['session.outcome'],
  ])
}

test('the operations of a session are child spans of their request', async (t) => {
  t.after(traceSessions(tracer))
  const get = await startShop(t, memoryStore())
  await get('/login')
  assert.deepEqual(spans(), [
    ['session login', 'GET /login', 'logged-in'],
    ['GET /login', undefined, undefined],
  ])
  await get('/cart')
  assert.deepEqual(spans(), [
    ['session find', 'GET /cart', 'live'],
    ['session write', 'GET /cart', 'written'],
    ['GET /cart', undefined, undefined],
  ])
  await get('/logout')
  assert.deepEqual(spans(), [
    ['session find', 'GET /logout', 'live'],
    ['session end', 'GET /logout', 'ended'],
    ['GET /logout', undefined, undefined],
  ])
})

test('a conflict is an event of the write, whose span also has the look-up after it', async (t) => {
  t.after(traceSessions(tracer))
  const real = memoryStore()
  let conflicts = 0
  const get = await startShop(t, {
    ...real,
    update: async (call) => (conflicts-- > 0 ? { updated: false, ended: [] } : real.update(call)),
  })
  await get('/login')
  conflicts = 1
  await get('/cart')
  assert.deepEqual(spans().slice(1, 3), [
    ['session find', 'session write', 'live'],
    ['session write', 'GET /cart', 'written'],
  ])
  const write = exporter.getFinishedSpans().find(({ name }) => name === 'session write')
  assert.deepEqual(
    write?.events.map(({ name }) => name),
    ['session.conflict'],
  )
  assert.equal(write?.attributes['session.write.attempts'], 2)
})

test('a failure of the store is an error of the span, without the arguments of the call', async (t) => {
  const stop = traceSessions(tracer)
  const real = memoryStore()
  let isDown = false
  const get = await startShop(t, {
    ...real,
    find: (call) => (isDown ? Promise.reject(Object.assign(new Error('down'), { call })) : real.find(call)),
  })
  await get('/login')
  isDown = true
  assert.equal(await get('/'), 503)
  const [find] = exporter.getFinishedSpans()
  assert.deepEqual([find?.status.code, find?.attributes['error.type']], [2, 'STORE_UNAVAILABLE'])
  assert.deepEqual(find?.events, [])
  stop()
  await get('/')
  assert.deepEqual(
    exporter.getFinishedSpans().map(({ name }) => name),
    ['GET /'],
  )
})

test('no span has a cookie or its hash', async (t) => {
  t.after(traceSessions(tracer))
  const real = memoryStore()
  const hashes: string[] = []
  const get = await startShop(t, {
    ...real,
    find: (call) => {
      hashes.push(call.hash)
      return real.find(call)
    },
  })
  await get('/login')
  await get('/cart')
  const told = exporter.getFinishedSpans().map(({ name, attributes }) => JSON.stringify({ name, attributes }))
  assert.equal(hashes.length, 1)
  assert.ok(!told.join().includes(String(hashes[0])))
  assert.ok(trace.getActiveSpan() === undefined)
})
