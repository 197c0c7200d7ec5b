import assert from 'node:assert/strict'
import { type ChannelListener, channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type TestContext, test } from 'node:test'
import type { ConflictMessage, SessionStore, TraceMessage } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { codeOf, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const OPERATIONS = ['find', 'write', 'login', 'end']
const PAGES_OF_TRACES: Record<string, Handler> = {
  ...PAGES,
  '/confirm': (session) => session.renew({ login: true, proof: 'password' }),
  '/same': (session) => session.use(() => {}),
  '/throw': (session) =>
    codeOf(
      session.use(() => {
        throw new Error('the secret of the callback')
      }),
    ),
  '/tell': async (session) => {
    await session.use((storage) => {
      storage.note = 'the secret of the storage'
    })
  },
}

type Heard = TraceMessage & { at: string }

/** Subscribes to all channels, and returns copies of the messages in the order in which they came. */
function listen(t: TestContext, events = ['start', 'asyncEnd', 'error']): Heard[] {
  const heard: Heard[] = []
  const hear = (name: string, listener: ChannelListener) => {
    subscribe(name, listener)
    t.after(() => void unsubscribe(name, listener))
  }
  for (const operation of OPERATIONS)
    for (const at of events)
      hear(`tracing:session.${operation}:${at}`, (message) => void heard.push({ ...(message as TraceMessage), at }))
  hear('session.conflict', (message) => void heard.push({ ...(message as TraceMessage), at: 'conflict' }))
  return heard
}

/** Returns what ended since the last call, without the durations. */
function taken(heard: Heard[]): Partial<Heard>[] {
  return heard
    .splice(0)
    .filter(({ at }) => at !== 'start')
    .map(({ durationMilliseconds, app, store, at, ...facts }) => {
      if (at === 'conflict') return { at, ...facts }
      assert.ok(Number(durationMilliseconds) >= 0 && Number(durationMilliseconds) < 60_000)
      return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
    })
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[TRACE-1] find, write, login and end tell the application, the store, the session, the outcome and the duration, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES_OF_TRACES, { store: open() })
    const heard = listen(t)
    const ana = visitor()
    const guest = await ana.read('/write')
    const [created] = heard
    assert.deepEqual([created?.app.endsWith('TEST'), created?.store], [true, store.toLowerCase()])
    assert.deepEqual(taken(heard), [{ operation: 'write', sessionId: guest.id, outcome: 'created', attempts: 1 }])
    const found = { operation: 'find', outcome: 'live' }
    const { id } = await ana.read('/login')
    assert.deepEqual(taken(heard), [
      { ...found, sessionId: guest.id },
      { operation: 'login', replaced: guest.id, sessionId: id, outcome: 'logged-in' },
    ])
    for (const [path, message] of [
      ['/write', { operation: 'write', outcome: 'written', attempts: 1 }],
      ['/same', { operation: 'write', outcome: 'unchanged', attempts: 0 }],
      ['/throw', { operation: 'write', outcome: 'failed' }],
      ['/confirm', { operation: 'login', outcome: 'logged-in' }],
    ] as const) {
      await ana.get(path)
      const told = taken(heard).filter(({ operation }) => operation !== 'find')
      assert.deepEqual(told, [{ ...message, sessionId: id }], path)
    }
    const before = ana.copy()
    await ana.get('/logout')
    const ended = { operation: 'end', sessionId: id, reason: 'closed', outcome: 'ended', count: 1 }
    assert.deepEqual(taken(heard), [{ ...found, sessionId: id }, ended])
    await before.get('/read')
    assert.deepEqual(taken(heard), [{ operation: 'find', outcome: 'ended', reason: 'closed', sessionId: id }])
    assert.equal(await manager.end(id), false)
    await manager.endMany({ userId: 'none' })
    assert.deepEqual(taken(heard), [
      { operation: 'end', sessionId: id, reason: 'revoked', outcome: 'not-live', count: 0 },
      { operation: 'end', reason: 'revoked', outcome: 'not-live', count: 0 },
    ])
  })
}

test('[TRACE-2] a write that meets another write tells the conflict and the number of its attempts', async (t) => {
  const real = memoryStore()
  let conflicts = 2
  const store: SessionStore = {
    ...real,
    update: async (call) => (conflicts-- > 0 ? { updated: false, ended: [] } : real.update(call)),
  }
  const { visitor } = await startLayer(t, PAGES_OF_TRACES, { store })
  const ana = visitor()
  const { id } = await ana.read('/login')
  const heard = listen(t)
  await ana.get('/write')
  const conflict = { at: 'conflict', sessionId: id, gaveUp: false } satisfies Partial<ConflictMessage> & { at: string }
  const told = taken(heard).filter(({ operation }) => operation !== 'find')
  assert.deepEqual(told, [conflict, conflict, { operation: 'write', sessionId: id, outcome: 'written', attempts: 3 }])
})

test('[TRACE-3] no message has a secret, a hash, a user, stored data or the error of a store', async (t) => {
  const real = memoryStore()
  const hashes = new Set<string>()
  let isDown = false
  const store: SessionStore = {
    ...real,
    find: (call) => {
      hashes.add(call.hash)
      return isDown ? Promise.reject(Object.assign(new Error('down'), { parameters: call })) : real.find(call)
    },
  }
  const { visitor } = await startLayer(t, PAGES_OF_TRACES, { store })
  const heard: unknown[] = []
  for (const at of ['start', 'end', 'asyncStart', 'asyncEnd', 'error'])
    for (const operation of OPERATIONS) {
      const listener: ChannelListener = (message) => {
        const all = message as Record<string, unknown>
        for (const value of Object.values(all)) assert.notEqual(typeof value, 'object', JSON.stringify(all))
        heard.push(JSON.stringify(message))
      }
      subscribe(`tracing:session.${operation}:${at}`, listener)
      t.after(() => void unsubscribe(`tracing:session.${operation}:${at}`, listener))
    }
  const ana = visitor()
  const cookies: string[] = []
  for (const path of ['/write', '/login', '/tell', '/throw', '/confirm', '/read']) {
    await ana.get(path)
    cookies.push(...ana.cookies.values())
  }
  isDown = true
  assert.equal((await ana.get('/read')).status, 503)
  const text = heard.join('\n')
  assert.match(text, /"outcome":"failed","code":"STORE_UNAVAILABLE"/)
  const secrets = cookies.map((cookie) => cookie.slice(cookie.indexOf('.') + 1))
  assert.ok(secrets.length > 5 && hashes.size > 1)
  for (const word of [...secrets, ...hashes, 'Ana Lima', 'the secret of', 'password', 'parameters'])
    assert.ok(!text.includes(word), word)
})

test('[TRACE-4] an operation runs in the context that a subscriber binds, so traces nest', async (t) => {
  const { AsyncLocalStorage } = await import('node:async_hooks')
  const current = new AsyncLocalStorage<string>()
  const start = channel('tracing:session.find:start')
  start.bindStore(current, (message) => `find ${(message as TraceMessage).store}`)
  t.after(() => void start.unbindStore(current))
  const real = memoryStore()
  const seen = new Set<string | undefined>()
  const find: SessionStore['find'] = async (call) => {
    seen.add(current.getStore())
    return real.find(call)
  }
  const { visitor } = await startLayer(t, PAGES_OF_TRACES, { store: { ...real, find } })
  const ana = visitor()
  await ana.get('/login')
  await ana.get('/read')
  assert.deepEqual([...seen], ['find memory'])
})

test('[TRACE-5] without a subscriber, nothing is measured and no message is made', async (t) => {
  const real = memoryStore()
  let conflicts = 1
  const update: SessionStore['update'] = async (call) =>
    conflicts-- > 0 ? { updated: false, ended: [] } : real.update(call)
  const { visitor, manager } = await startLayer(t, PAGES_OF_TRACES, { store: { ...real, update } })
  const measured = t.mock.method(performance, 'now')
  const made = t.mock.method(Object.getPrototypeOf(channel('session.conflict')), 'publish')
  const ana = visitor()
  for (const path of ['/write', '/login', '/tell', '/throw', '/confirm', '/logout']) await ana.get(path)
  await manager.endMany({})
  const own = measured.mock.calls.filter(({ stack }) => String(stack.stack).includes('src/session'))
  assert.deepEqual([own.length, made.mock.callCount()], [0, 0])
  assert.ok(conflicts < 0, 'a write had a conflict')
})

test('[TRACE-6] a sign-in over REST is a login', async (t) => {
  const { startRestLayer } = await import('../support/rest-client.ts')
  const { ask, signIn } = await startRestLayer(t, { '/api/me': (session) => session.id })
  const heard = listen(t)
  const token = await signIn()
  const { text } = await ask('/api/me', `Bearer ${token}`)
  assert.deepEqual(taken(heard), [
    { operation: 'login', sessionId: JSON.parse(text), outcome: 'logged-in' },
    { operation: 'find', sessionId: JSON.parse(text), outcome: 'live' },
  ])
})
