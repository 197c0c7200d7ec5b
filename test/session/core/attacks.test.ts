import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import {
  codeOf,
  type Described,
  describe,
  gate,
  type Handler,
  type LayerSession,
  PAGES,
  STORES,
  startLayer,
} from '../support/layer.ts'

test('an error object that is thrown for two visitors does not pass a cookie from one visitor to the other', async (t) => {
  const down = Object.defineProperty(new Error('the catalogue is down'), 'headers', {
    get: () => ({ 'X-Why': 'down' }),
  })
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/login-down': async (session) => {
      await session.setPrivileges({ userName: 'Ana', userId: '4' })
      throw down
    },
    '/catalogue': () => {
      throw down
    },
  })
  const ana = visitor()
  const login = await ana.get('/login-down')
  assert.deepEqual([login.status, login.setCookies.length, login.headers['x-why']], [500, 1, 'down'])
  const stranger = await visitor().get('/catalogue')
  assert.deepEqual([stranger.status, stranger.setCookies], [500, []])
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana')
})

test('a handler that sets its own cookies after the login does not remove the session’s cookie', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/theme': async (session, ctx) => {
      await session.setPrivileges({ userName: 'Ana', userId: '4' })
      ctx.set('Set-Cookie', 'theme=dark')
    },
  })
  const ana = visitor()
  const { setCookies } = await ana.get('/theme')
  assert.equal(setCookies.length, 2)
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana')
})

for (const [store, open] of Object.entries(STORES)) {
  test(`an answered write is not lost when a login keeps the storage, on the ${store} store`, async (t) => {
    const secure: Handler = async (session) => describe(await session.secureSession({ keepStorage: true }))
    const again: Handler = async (session) => {
      await session.setPrivileges({ userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }, { login: true })
      return describe(session)
    }
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/secure': secure,
        '/again': again,
        '/cart': async (session) => codeOf(session.use((storage) => void (storage.cart = 'tea'))),
        '/zero': async (session) => session.use((storage) => void delete storage.key),
      },
      { store: open() },
    )
    for (const page of ['/secure', '/again']) {
      for (let round = 0; round < 10; round++) {
        const ana = visitor()
        await ana.read(page === '/again' ? '/login' : '/write')
        await ana.read('/zero')
        const tab = ana.copy()
        const [written] = await Promise.all([tab.read<string>('/cart'), ana.read(page)])
        const { storage } = await ana.read<Described>('/read')
        assert.deepEqual(storage, written === 'done' ? { cart: 'tea' } : {}, `${page}: ${written}`)
      }
    }
  })

  test(`a session that an administrator ended is not revived by a concurrent change of its user name, on the ${store} store`, async (t) => {
    const door = gate()
    const rename = (session: LayerSession) =>
      session.setPrivileges({ userName: 'Ana Maria', userId: '4', roles: 'manager' })
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/rename': async (session) => {
          await door.pass()
          return [
            await codeOf(rename(session)),
            await codeOf(rename(session)),
            await codeOf(session.secureSession()),
            session.userName,
          ]
        },
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    const answer = ana.get('/rename')
    await door.reached
    await manager.endMany({ userId: '4' })
    door.open()
    assert.deepEqual(JSON.parse((await answer).text), ['SESSION_ENDED', 'SESSION_ENDED', 'SESSION_ENDED', ''])
    assert.deepEqual((await answer).setCookies, [])
    assert.equal(await manager.count({ userId: '4' }), 0)
  })

  test(`data that one user stored never goes to another user in the same request, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/switch': async (session) => {
          await session.setPrivileges({ userName: 'A', userId: '1', privileges: 'viewStart' })
          await session.use((storage) => void (storage.secretOfA = 42))
          const before = session.id
          await session.setPrivileges({ userName: 'B', userId: '2', privileges: 'viewStart' })
          return { ...describe(session), sameId: before === session.id }
        },
        '/forget': async (session) => {
          await session.use((storage) => void (storage.planted = 1))
          await session.setPrivileges({ userName: 'A', userId: '1' }, { keepStorage: false })
          return describe(session)
        },
      },
      { store: open() },
    )
    const ana = visitor()
    const switched = await ana.read('/switch')
    assert.deepEqual([switched.storage, switched.sameId], [{}, false])
    assert.deepEqual((await ana.read<Described>('/read')).storage, {})
    assert.deepEqual((await visitor().read<Described>('/forget')).storage, {})
  })

  test(`a use that changes nothing still reads the newest storage, and checks that the session is alive, on the ${store} store`, async (t) => {
    const doors = [gate(), gate()]
    let asked = 0
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/redeem': async (session) => {
          await doors[asked++]?.pass()
          return codeOf(session.use((storage) => storage.code ?? 'unknown').then((seen) => Promise.reject(seen)))
        },
        '/issue': async (session) => session.use((storage) => void (storage.code = 'K')),
      },
      { store: open() },
    )
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const redeeming = ana.read<string>('/redeem')
    await doors[0]?.reached
    await ana.read('/issue')
    doors[0]?.open()
    assert.equal(await redeeming, 'K')
    const late = ana.read<string>('/redeem')
    await doors[1]?.reached
    await manager.end(id)
    doors[1]?.open()
    assert.equal(await late, 'SESSION_ENDED')
  })
}

test('a filter with an undefined or an unknown value is refused, because it would match every session', async (t) => {
  const { manager, visitor } = await startLayer(t, PAGES)
  await visitor().read('/login')
  for (const filter of [{ userId: undefined }, { userId: 4 }, { kind: null }] as never[]) {
    await assert.rejects(manager.endMany(filter), { name: 'TypeError', message: /Leave the key out to match all/ })
    await assert.rejects(manager.list(filter), TypeError)
    await assert.rejects(manager.count(filter), TypeError)
  }
  for (const filter of [{ state: 'live' }, { via: 'cookie' }, { kind: 'soap' }] as never[]) {
    await assert.rejects(manager.list(filter), { name: 'TypeError', message: /filter: (state|via|kind) is '/ })
    await assert.rejects(manager.count(filter), TypeError)
  }
  await assert.rejects(manager.list({}, { sort: 'name' as never }), /sort is/)
  await assert.rejects(manager.list({}, { after: { value: Number.NaN, id: '' } }), /after must be the value of next/)
  assert.deepEqual(await manager.list({}, { after: { value: 1, id: "' --" } }), { sessions: [] })
  assert.equal(await manager.count({ userId: '4' }), 1)
})

test('when many planted cookies hide the cookie of a login, no response overwrites that cookie', async (t) => {
  const { visitor } = await startLayer(t, PAGES, { guests: 'first-request' })
  const ana = visitor()
  await ana.read('/login')
  const [live] = [...ana.cookies].map((pair) => pair.join('='))
  const flood = Array.from({ length: 6 }, (_, n) => `4DSID_TEST=junk${n}`).join('; ')
  assert.deepEqual((await visitor().get('/read', { Cookie: `${flood}; ${live}` })).setCookies, [])
})

test('concurrent calls within one request have the same result as calls one after the other', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/login-and-secure': async (session, ctx) => {
      await Promise.all([
        session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true }),
        session.secureSession(),
      ])
      return describe(ctx.session as LayerSession)
    },
    '/login-and-close': async (session) => {
      const login = session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true })
      await session.close()
      await login
      return describe(session)
    },
    '/forgotten': (session) => {
      void session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true })
    },
  })
  const one = visitor()
  assert.equal((await one.read<Described>('/login-and-secure')).userName, 'Ana')
  assert.equal((await one.read<Described>('/read')).userName, 'Ana')
  const two = visitor()
  assert.equal((await two.read<Described>('/login-and-close')).isGuest, true)
  assert.equal((await two.read<Described>('/read')).userName, '')
  const three = visitor()
  assert.equal((await three.get('/forgotten')).setCookies.length, 1)
  assert.equal((await three.read<Described>('/read')).userName, 'Ana')
})

test('inside a guest’s first write, a call that would wait for this write is refused at once', async (t) => {
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    '/inside': async (session) => {
      const codes: string[] = []
      await session.use(async (storage) => {
        for (const call of [
          () => session.setIdleTimeout(90),
          () => session.reload(),
          () => session.clearPrivileges(),
          () => session.close(),
          () => session.use(() => {}),
          () => session.secureSession(),
        ]) {
          codes.push(await codeOf(call()))
        }
        storage.a = 1
      })
      return codes
    },
  })
  const guest = visitor()
  assert.deepEqual(await guest.read('/inside'), Array(6).fill('USE_NESTED'))
  assert.deepEqual((await guest.read<Described>('/read')).storage, { a: 1 })
  assert.equal(await manager.count(), 1)
})

/** Wraps a store: a call in `lost` takes effect, but then throws. */
function losing(real: SessionStore, lost: Set<string>): SessionStore {
  return new Proxy(real, {
    get(target, name: keyof SessionStore) {
      const method = target[name] as unknown
      if (typeof method !== 'function') return method
      return async (...parameters: unknown[]) => {
        const answer = await method.apply(target, parameters)
        if (lost.delete(name)) throw new Error('the connection was cut')
        return answer
      }
    },
  })
}

test('a lost reply of the store logs no user out, neither at a login nor when privileges are raised', async (t) => {
  const lost = new Set<string>()
  const { visitor, manager } = await startLayer(t, PAGES, { store: losing(memoryStore(), lost) })
  const ana = visitor()
  lost.add('create')
  await ana.read('/login')
  lost.add('replace')
  await ana.read('/login?privileges=manageCustomers')
  const { userName, privileges } = await ana.read<Described>('/read')
  assert.deepEqual([userName, privileges.includes('manageCustomers')], ['Ana Lima', true])
  assert.equal(await manager.count({ state: 'user' }), 1)
})

test('a page is shown even if its activity cannot be recorded, and an event reports the failure', async (t) => {
  const real = memoryStore()
  const store = new Proxy(real, {
    get(target, name: keyof SessionStore) {
      if (name === 'touch') return () => Promise.reject(new Error('disk full'))
      const method = target[name]
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
  const { visitor, clock, manager } = await startLayer(t, PAGES, { store })
  const warnings: string[] = []
  manager.on('warning', ({ message }) => warnings.push(message))
  const ana = visitor()
  await ana.read('/login')
  clock.advance({ minutes: 5 })
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  assert.equal(warnings.length, 1)
})

test('an error that a listener throws, synchronously or later, is reported and has no other effect', async (t) => {
  const { visitor, manager } = await startLayer(t, PAGES)
  const warnings: string[] = []
  manager.on('warning', ({ message }) => warnings.push(message))
  manager.on('created', () => {
    throw new Error('at once')
  })
  manager.on('created', (async () => {
    throw new Error('later')
  }) as () => void)
  assert.equal((await visitor().read<Described>('/login')).userName, 'Ana Lima')
  assert.deepEqual(warnings, Array(2).fill('A listener for "created" failed.'))
})

test('after a logout by fetch, no later call in the request sets a guest’s cookie', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/leave': async (session) => {
      await session.close()
      return codeOf(session.use((storage) => void (storage.a = 1)))
    },
  })
  const ana = visitor()
  await ana.read('/login')
  const answer = await ana.get('/leave', {
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Dest': 'empty',
    'Sec-Fetch-Site': 'same-origin',
  })
  assert.equal(answer.text, '"GUEST_NOT_STARTED"')
  assert.match(answer.setCookies.join(), /Max-Age=0/)
})

test('a session.signal that is read after a login belongs to the new session', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/signals': async (session) => {
      const guest = session.signal
      await session.use((storage) => void (storage.a = 1))
      const first = session.signal
      await session.setPrivileges({ userName: 'Ana', userId: '4' }, { keepStorage: false })
      const second = session.signal
      const before = [guest.aborted, first.aborted, second.aborted]
      await session.close()
      return [before, second.aborted]
    },
  })
  assert.deepEqual(await visitor().read('/signals'), [[false, true, false], true])
})

test('storage that refers to one object a million times is refused before it is serialised', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/bomb': async (session) => {
      let bomb: unknown = 1
      for (let level = 0; level < 60; level++) bomb = [bomb, bomb]
      return codeOf(session.use((storage) => void (storage.bomb = bomb)))
    },
  })
  assert.equal(await visitor().read('/bomb'), 'STORAGE_TOO_LARGE')
})

test('codecs store values that JSON cannot store, at any depth, and client data cannot imitate encoded values', async (t) => {
  const codecs = [
    {
      tag: 'bigint',
      test: (value: unknown) => typeof value === 'bigint',
      encode: String,
      decode: (text: string) => BigInt(text),
    },
    {
      tag: 'date',
      test: (value: unknown) => value instanceof Date,
      encode: (date: Date) => date.toISOString(),
      decode: (text: string) => new Date(text),
    },
    {
      tag: 'map',
      test: (value: unknown) => value instanceof Map,
      encode: (map: Map<string, unknown>) => [...map],
      decode: (pairs: [string, unknown][]) => new Map(pairs),
    },
    {
      tag: 'bytes',
      test: Buffer.isBuffer,
      encode: (bytes: Buffer) => bytes.toString('base64'),
      decode: (text: string) => Buffer.from(text, 'base64'),
    },
  ]
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/put': async (session) => {
        await session.use((storage) => {
          storage.map = new Map([['when', new Date(5)]])
          storage.list = [10n, Buffer.from('x')]
        })
        const { map, list } = session.storage as { map: Map<string, Date>; list: [bigint, Buffer] }
        return [map.get('when')?.getTime(), String(list[0]), list[1].toString()]
      },
      '/pose': async (session) =>
        codeOf(session.use((storage) => void (storage.map = new Map([['x', { $codec: 'date', value: '' }]])))),
    },
    { codecs },
  )
  const guest = visitor()
  assert.deepEqual(await guest.read('/put'), [5, '10', 'x'])
  assert.equal(await guest.read('/pose'), 'VALUE_NOT_SHAREABLE')
})
