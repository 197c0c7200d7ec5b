import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import type { SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { codeOf, type Described, gate, PAGES, startLayer } from '../support/layer.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('watching a session reports each change, including changes by another process, and ends with the session', async (t) => {
  const store = memoryStore()
  const clock = manualClock()
  const here = await startLayer(t, PAGES, { store, clock })
  const there = await startLayer(t, PAGES, { store, clock })
  const ana = here.visitor()
  const { id } = await ana.read<Described>('/login')
  const elsewhere = there.visitor()
  for (const [name, value] of ana.cookies) elsewhere.cookies.set(name, value)
  let seen = 0
  const watching = (async () => {
    for await (const _ of here.manager.watch(id, new AbortController().signal)) seen++
  })()
  await turn()
  await ana.read('/write?key=a')
  while (seen < 1) await turn()
  await elsewhere.read('/write?key=b')
  await turn()
  assert.equal(seen, 1)
  clock.advance({ seconds: 1 })
  while (seen < 2) await turn()
  await ana.read('/logout')
  await watching
  assert.equal(seen, 2)
})

test('watching stops on request, and ends at once for a session that does not exist', async (t) => {
  const { manager, visitor } = await startLayer(t, PAGES)
  const { id } = await visitor().read<Described>('/login')
  const controller = new AbortController()
  const watching = (async () => {
    for await (const _ of manager.watch(id, controller.signal)) assert.fail('nothing changed')
  })()
  await turn()
  controller.abort()
  await watching
  for await (const _ of manager.watch('0'.repeat(32), new AbortController().signal)) assert.fail('nothing is there')
})

test('a signal that is read after the end of the session aborts at once, also if the store announces ends', async (t) => {
  const [begins, goesOn] = [gate(), gate()]
  const store = sqliteStore(new Database(':memory:'))
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/stream': async (session) => {
        await begins.pass()
        const { signal } = session
        await goesOn.pass()
        return signal.aborted
      },
    },
    { store },
  )
  const ana = visitor()
  await ana.read('/login')
  const isAborted = ana.read('/stream')
  await begins.reached
  await ana.read('/logout')
  begins.open()
  await goesOn.reached
  await turn()
  goesOn.open()
  assert.equal(await isAborted, true)
})

test('if other writes win for ten seconds, a write fails with 503 and changes nothing', async (t) => {
  const clock = manualClock()
  const real = memoryStore()
  let contested = false
  const store: SessionStore = new Proxy(real, {
    get(target, name: keyof SessionStore) {
      const method = target[name]
      if (name === 'update' && contested) {
        return async () => {
          clock.advance({ seconds: 1 })
          return { updated: false, ended: [] }
        }
      }
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
  const { visitor } = await startLayer(
    t,
    { ...PAGES, '/try': async (session) => codeOf(session.use((storage) => void (storage.a = 1))) },
    { store, clock },
  )
  const ana = visitor()
  await ana.read('/login')
  contested = true
  assert.equal(await ana.read('/try'), 'SESSION_BUSY')
  contested = false
  assert.deepEqual((await ana.read<Described>('/read')).storage, {})
})

test('at the licence limit a page is shown without a session, a write gets 503 with error 5503, and a login replaces a guest’s session', async (t) => {
  const { visitor, manager } = await startLayer(
    t,
    {
      ...PAGES,
      '/try': async (session) =>
        session
          .use((storage) => void (storage.a = 1))
          .then(
            () => 'stored',
            ({ code, number, status }) => ({ code, number, status }),
          ),
    },
    { guests: 'first-request', maxSessions: 2, maxGuests: 1 },
  )
  const first = visitor()
  await first.read('/read')
  const second = visitor()
  const answer = await second.get('/read')
  assert.deepEqual([answer.status, answer.setCookies], [200, []])
  assert.deepEqual(await second.read('/try'), { code: 'SESSION_LIMIT', number: 5503, status: 503 })
  await second.read('/login?user=Bo&id=5')
  assert.equal(await manager.count(), 2)
  assert.equal((await visitor().get('/login')).status, 503)
  await first.read('/login')
  assert.equal((await first.read<Described>('/read')).userName, 'Ana Lima')
  assert.equal((await second.read<Described>('/read')).userName, 'Bo')
  assert.equal(await manager.count(), 2)
})

test('after a request ends, no timer and no listener of the request remain', async (t) => {
  const clock = manualClock()
  let waiting = 0
  const counting = {
    ...clock,
    after(milliseconds: number, run: () => void) {
      waiting++
      let done = false
      const finish = () => {
        if (!done) waiting--
        done = true
      }
      const cancel = clock.after(milliseconds, () => {
        finish()
        run()
      })
      return () => {
        finish()
        cancel()
      }
    },
  }
  const door = gate()
  const { visitor, manager } = await startLayer(
    t,
    {
      ...PAGES,
      '/signal': async (session) => session.signal.aborted,
      '/slow': async (session) => session.use(door.pass),
      '/late-signal': (session, ctx) => {
        ctx.res.once('close', () => void session.signal)
      },
    },
    { clock: counting },
  )
  const ana = visitor()
  await ana.read('/login')
  const before = waiting
  for (const page of ['/signal', '/late-signal', '/write', '/read']) await ana.get(page)
  const slow = ana.read('/slow')
  await door.reached
  door.open()
  await slow
  for (let rest = 0; rest < 5; rest++) await turn()
  assert.equal(waiting, before)
  await manager.close()
  assert.equal(waiting, 0)
})
