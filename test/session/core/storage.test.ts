import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionStore, StorageCodec } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { codeOf, type Described, describe, gate, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const pause = () => new Promise((resolve) => setTimeout(resolve, 1))

for (const [store, open] of Object.entries(STORES)) {
  test(`[STORAGE-1] storage is empty at first and shared by all requests of the session, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    const ana = visitor()
    assert.deepEqual((await ana.read<Described>('/login')).storage, {})
    const tab = ana.copy()
    await tab.read('/write?key=from&value=tab')
    assert.deepEqual((await ana.read<Described>('/read')).storage, { from: 'tab' })
  })

  test(`[STORAGE-2] writing outside use throws at any depth, and reading is possible while another request is inside use, on the ${store} store`, async (t) => {
    const door = gate()
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/deep': async (session) => session.use((storage) => void (storage.a = { list: [{ b: 1 }] })),
        '/outside': async (session) => {
          const storage = session.storage as Record<string, any>
          const attempts = [
            () => (storage.x = 1),
            () => delete storage.a,
            () => (storage.a.y = 1),
            () => storage.a.list.push(1),
            () => (storage.a.list[0].b = 2),
          ]
          return attempts.map((attempt) => {
            try {
              return String(attempt())
            } catch (error) {
              return (error as Error).name
            }
          })
        },
        '/hold': async (session) =>
          session.use(async (storage) => {
            await door.pass()
            storage.held = true
          }),
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    await ana.read('/deep')
    assert.deepEqual(await ana.read('/outside'), Array(5).fill('TypeError'))
    const held = ana.read('/hold')
    await door.reached
    assert.deepEqual((await ana.read<Described>('/read')).storage, { a: { list: [{ b: 1 }] } })
    door.open()
    await held
    assert.equal((await ana.read<Described>('/read')).storage.held, true)
  })

  test(`[STORAGE-3] use is exclusive, and a use that throws writes nothing and lets the next request run, on the ${store} store`, async (t) => {
    let inside = 0
    let most = 0
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/in': async (session, ctx) =>
          codeOf(
            session.use(async (storage) => {
              most = Math.max(most, ++inside)
              storage[String(ctx.query.key)] = 1
              await pause()
              inside--
              if (ctx.query.fail) throw new Error('changed my mind')
            }),
          ),
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    await Promise.all(['a', 'b&fail=1', 'c', 'd&fail=1', 'e'].map((key) => ana.read(`/in?key=${key}`)))
    assert.equal(most, 1)
    assert.deepEqual((await ana.read<Described>('/read')).storage, { a: 1, c: 1, e: 1 })
  })

  test(`[STORAGE-4] 200 parallel increments in one process, each with an await inside use, leave the value 200, on the ${store} store`, async (t) => {
    const shared = open()
    const pages: Record<string, Handler> = {
      ...PAGES,
      '/more': async (session) =>
        session.use(async (storage) => {
          const before = storage.n ?? 0
          await pause()
          storage.n = before + 1
        }),
    }
    const one = await startLayer(t, pages, { store: shared })
    const two = await startLayer(t, pages, { store: shared })
    const ana = one.visitor()
    await ana.read('/login')
    const there = two.visitor()
    for (const [name, value] of ana.cookies) there.cookies.set(name, value)
    await Promise.all(Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? ana : there).read('/more')))
    assert.deepEqual((await ana.read<Described>('/read')).storage, { n: 200 })
  })

  test(`[STORAGE-6] storage above its limit is refused with its size, and the old storage is kept, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/big': async (session, ctx) => {
          try {
            await session.use((storage) => void (storage.big = 'ü'.repeat(Number(ctx.query.length))))
            return 'stored'
          } catch (error) {
            return { code: (error as { code: string }).code, message: (error as Error).message }
          }
        },
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    await ana.read('/write')
    const refused = await ana.read('/big?length=40000')
    assert.equal(refused.code, 'STORAGE_TOO_LARGE')
    assert.match(refused.message, /80020 bytes; 65536 are allowed/)
    assert.deepEqual((await ana.read<Described>('/read')).storage, { key: '1' })
    assert.equal(await ana.read('/big?length=32000'), 'stored')
  })

  test(`[STORAGE-8] the storage of another session can be read by the session’s id, and an unknown id returns undefined, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    await ana.read('/write?key=a&value=1')
    const storage = await manager.storage(id)
    assert.deepEqual(storage, { a: '1' })
    assert.throws(() => Object.assign(storage ?? {}, { b: 1 }), TypeError)
    for (const unknown of ['', 'x', '0'.repeat(32), id.toLowerCase(), undefined as never])
      assert.equal(await manager.storage(unknown), undefined)
    await ana.read('/logout')
    assert.equal(await manager.storage(id), undefined)
  })

  test(`[STORAGE-9] a write whose reply from the store is lost does not take effect twice, on the ${store} store`, async (t) => {
    const real = open()
    let losing = 0
    const lossy: SessionStore = new Proxy(real, {
      get(target, name: keyof SessionStore) {
        const method = target[name]
        if (name !== 'update') return typeof method === 'function' ? method.bind(target) : method
        return async (...parameters: Parameters<SessionStore['update']>) => {
          const answer = await target.update(...parameters)
          if (losing-- > 0) throw new Error('the connection was cut')
          return answer
        }
      },
    })
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/more': async (session) => codeOf(session.use((storage) => void (storage.n = (storage.n ?? 0) + 1))),
      },
      { store: lossy },
    )
    const ana = visitor()
    await ana.read('/login')
    losing = 1
    assert.equal(await ana.read('/more'), 'done', 'the store recognises the repeated write')
    assert.deepEqual((await ana.read<Described>('/read')).storage, { n: 1 })
    losing = 2
    assert.equal(await ana.read('/more'), 'STORE_UNAVAILABLE', 'an unknown outcome is reported as an error')
    assert.deepEqual((await ana.read<Described>('/read')).storage, { n: 2 }, 'the write took effect once')
  })
}

test('[STORAGE-3] a nested write is refused, the layer gives up a write that never ends after 10 s, and the session keeps working', async (t) => {
  const clock = manualClock()
  let stuck = () => {}
  const inside = new Promise<void>((resolve) => {
    stuck = resolve
  })
  let late: Promise<string> | undefined
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/nested': async (session) =>
        Promise.all([
          codeOf(session.use(() => session.use(() => {}))),
          codeOf(
            session.use(async () => {
              await pause()
              await session.setPrivileges('viewStart')
            }),
          ),
          codeOf(session.use(() => session.close())),
          codeOf(session.use(() => session.secureSession().then(() => {}))),
        ]),
      '/later': async (session) => {
        await session.use(() => {
          late = pause().then(() => codeOf(session.use((storage) => void (storage.late = 1))))
        })
        return late
      },
      '/stuck': async (session) =>
        codeOf(
          session.use(async (storage) => {
            storage.lost = 1
            stuck()
            await new Promise(() => {})
          }),
        ),
    },
    { clock },
  )
  const ana = visitor()
  await ana.read('/login')
  assert.deepEqual(await ana.read('/nested'), Array(4).fill('USE_NESTED'))
  assert.equal(await ana.read('/later'), 'done', 'a write that runs after the callback is not nested')
  const answer = ana.read('/stuck')
  await inside
  clock.advance({ seconds: 10 })
  assert.equal(await answer, 'USE_TIMEOUT')
  await ana.read('/write')
  assert.deepEqual((await ana.read<Described>('/read')).storage, { late: 1, key: '1' })
})

test('[STORAGE-3] a guest’s first write that throws stores nothing, and the next write is stored', async (t) => {
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    '/fail': async (session) => {
      const failed = await codeOf(
        session.use(async (storage) => {
          storage.a = 1
          throw new Error('no')
        }),
      )
      return [failed, await manager.count()]
    },
    '/both': async (session) => {
      await Promise.all([
        session.use((s) => void (s.a = 1)),
        session.use(async (s) => {
          await pause()
          s.b = 2
        }),
        session.use((s) => void (s.c = 3)),
      ])
      return describe(session)
    },
  })
  assert.deepEqual(await visitor().read('/fail'), ['Error: no', 0])
  const guest = visitor()
  assert.deepEqual((await guest.read<Described>('/both')).storage, { a: 1, b: 2, c: 3 })
  assert.deepEqual((await guest.read<Described>('/read')).storage, { a: 1, b: 2, c: 3 })
  assert.equal(await manager.count(), 1)
})

test('[STORAGE-5] a value that cannot be shared is refused with its path and number, and nothing is written', async (t) => {
  class Customer {}
  const circle: Record<string, unknown> = {}
  circle.self = { circle }
  let deep: unknown = 1
  for (let level = 0; level < 300; level++) deep = [deep]
  const values: [unknown, RegExp][] = [
    [{ when: new Date() }, /^storage\.status\.when: a Date cannot be stored/],
    [{ first: [{}], list: [1, { f() {} }] }, /^storage\.status\.list\[1\]\.f: a function/],
    [Symbol('s'), /^storage\.status: a symbol/],
    [{ [Symbol('s')]: 1 }, /^storage\.status: a symbol as a key/],
    [new Customer(), /^storage\.status: a Customer/],
    [new Map(), /a Map/],
    [10n, /a BigInt/],
    [circle, /^storage\.status\.self\.circle: an object that contains itself/],
    [[undefined], /^storage\.status\[0\]: undefined/],
    [new Array(2), /^storage\.status\[0\]: undefined/],
    [Number.NaN, /NaN/],
    [-Infinity, /-Infinity/],
    [new Proxy([], { getPrototypeOf: () => null }), /cannot be stored/],
    [Object.create({ inherited: 1 }), /a prototype of its own/],
    [deep, /deeper than 200/],
    [{ toJSON: () => 1 }, /toJSON: a function/],
  ]
  let value: unknown
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/put': async (session) =>
      session
        .use((storage) => void (storage.status = value))
        .then(
          () => 'stored',
          ({ code, number, message }) => ({ code, number, message }),
        ),
  })
  const ana = visitor()
  await ana.read('/login')
  await ana.read('/write')
  for (const [unshareable, message] of values) {
    value = unshareable
    const refused = await ana.read('/put')
    assert.deepEqual([refused.code, refused.number], ['VALUE_NOT_SHAREABLE', -10721])
    assert.match(refused.message, message)
  }
  assert.deepEqual((await ana.read<Described>('/read')).storage, { key: '1' })
  for (const shareable of [
    null,
    '',
    0,
    -1.5,
    true,
    [],
    {},
    [[null]],
    Array(2).fill({ list: [] }),
    { a: undefined },
    '\u0000\ud800',
    'x'.repeat(1000),
  ]) {
    value = shareable
    assert.equal(await ana.read('/put'), 'stored')
  }
})

test('[STORAGE-7] keys such as __proto__ and constructor cause no prototype pollution', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/own': async (session) => {
      await session.use((storage) => {
        Object.defineProperty(storage, '__proto__', {
          value: { admin: true },
          enumerable: true,
          configurable: true,
          writable: true,
        })
        Object.assign(storage, { constructor: { prototype: { admin: true } } })
        storage.nested = JSON.parse('{"__proto__": {"admin": true}}')
      })
      return {
        admin: (session.storage as { admin?: boolean }).admin ?? null,
        nested: (session.storage.nested as { admin?: boolean }).admin ?? null,
        everywhere: ({} as { admin?: boolean }).admin ?? null,
      }
    },
    '/set': async (session) =>
      codeOf(
        session.use((storage) => {
          storage.__proto__ = { admin: true }
        }),
      ),
  })
  const ana = visitor()
  await ana.read('/login')
  assert.deepEqual(await ana.read('/own'), { admin: null, nested: null, everywhere: null })
  assert.equal(await visitor().read('/set'), 'VALUE_NOT_SHAREABLE')
  assert.equal((await ana.get('/read')).status, 200)
})

test('a store that does not answer gives 503 with Retry-After, and no user becomes anonymous or loses a cookie', async (t) => {
  const store = memoryStore()
  let down = false
  const failing = new Proxy(store, {
    get(target, name: keyof SessionStore) {
      const method = target[name]
      if (typeof method !== 'function') return method
      return (...parameters: unknown[]) =>
        down
          ? Promise.reject(new Error('connection refused at 10.0.0.1'))
          : (method as (...p: unknown[]) => unknown).apply(target, parameters)
    },
  })
  const { visitor } = await startLayer(t, PAGES, { store: failing, guests: 'first-request' })
  const ana = visitor()
  await ana.read('/login')
  down = true
  for (const page of ['/read', '/write', '/logout', '/login']) {
    const answer = await ana.get(page)
    assert.equal(answer.status, 503)
    assert.equal(answer.headers['retry-after'], '5')
    assert.deepEqual(answer.setCookies, [])
    assert.doesNotMatch(answer.text, /10\.0\.0\.1/)
  }
  down = false
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
})

test('codecs store values that JSON cannot store', async (t) => {
  const date: StorageCodec = {
    tag: 'date',
    test: (value) => value instanceof Date,
    encode: (value: Date) => value.toISOString(),
    decode: (text: string) => new Date(text),
  }
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/date': async (session) => {
        await session.use((storage) => void (storage.when = [6, { note: 'noon', at: new Date(5) }]))
        return codeOf(session.use((storage) => void (storage.x = { $codec: 'date' })))
      },
      '/stored': async (session) => {
        const [first, { note, at }] = session.storage.when as [number, { note: string; at: Date }]
        return [first, note, at.getTime()]
      },
    },
    { codecs: [date] },
  )
  const ana = visitor()
  assert.equal(await ana.read('/date'), 'VALUE_NOT_SHAREABLE')
  assert.deepEqual(await ana.read('/stored'), [6, 'noon', 5])
})
