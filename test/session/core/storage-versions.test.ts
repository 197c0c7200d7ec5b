import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessions, type SessionOf, type StorageType, storageOf } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import type { Scope } from '../../support/process.ts'
import {
  codeOf,
  gate,
  type Handler,
  type Layer,
  type LayerVisitor,
  PAGES,
  STORES,
  type Storage,
  startLayer,
} from '../support/layer.ts'
import { startRestLayer } from '../support/rest-client.ts'

interface Pen {
  name: string
}

// Three releases of an application. Release 1 stores the cart as names without a version.
const RELEASE_2: StorageType<Storage> = {
  version: 2,
  upgrade: (old) => ({ ...old, cart: old.cart && names(old.cart) }),
}
const RELEASE_3: StorageType<Storage> = {
  version: 3,
  upgrade: ({ cart, ...old }, version) => ({ ...old, basket: version < 2 ? names(cart) : cart, upgradedFrom: version }),
}
const names = (cart: unknown): Pen[] => (cart as string[]).map((name) => ({ name }))

const RELEASE_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/buy': async (session) => session.use((storage) => void (storage.cart = ['pen'])),
  '/storage': async (session) => {
    const code = await codeOf((async () => session.storage)())
    return code === 'done' ? session.storage : code
  },
  '/use': (session) => codeOf(session.use((storage) => void (storage.more = 1))),
  '/sign-in-with-basket': (session) =>
    session.setPrivileges(
      { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' },
      { login: true, storage: { basket: [] } },
    ),
  '/empty': (session) =>
    session.use((storage) => {
      for (const key of Object.keys(storage)) delete storage[key]
    }),
  '/flash': (session) => session.flash('saved'),
  '/taken': (session) => session.takeFlash(),
  '/who': (session) => [session.userName, session.getPrivileges().length > 0],
  '/sign-in': (session, ctx) => {
    const { user = '4', keep = 'null' } = ctx.query as Record<string, string>
    const keepStorage = JSON.parse(keep) ?? undefined
    const grant = { userName: 'Ana Lima', userId: user, privileges: 'viewCustomers' }
    return codeOf(session.setPrivileges(grant, { login: true, ...(keepStorage !== undefined && { keepStorage }) }))
  },
}

for (const [name, open] of Object.entries(STORES)) {
  test(`[VERSION-1] data of an older release is upgraded when it is read, and the next write stores it in the new version, on the ${name} store`, async (t) => {
    const { ana, first, third, stored } = await startReleases(t, open)
    await ana.on(first).read('/buy')
    const before = await stored()
    const upgraded = { basket: [{ name: 'pen' }], upgradedFrom: 0 }
    assert.deepEqual(await ana.on(third).read('/storage'), upgraded)
    assert.deepEqual(await third.manager.storage(await ana.id()), upgraded)
    assert.equal(await stored(), before, 'reading writes nothing')
    assert.deepEqual(
      await ana.on(first).read('/storage'),
      { cart: ['pen'] },
      'the older release still reads its own form',
    )
    assert.equal(before, '{"cart":["pen"]}')

    assert.equal(await ana.on(third).read('/use'), 'done')
    assert.deepEqual(await ana.on(third).read('/storage'), { ...upgraded, more: 1 })
    assert.match(await stored(), /^\[3,/)
  })

  test(`[VERSION-2] while two releases run side by side, the older release neither shows nor changes data of the newer release, and the user stays logged in, on the ${name} store`, async (t) => {
    const { ana, first, second, third, stored } = await startReleases(t, open)
    await ana.on(second).read('/use')
    await ana.on(third).read('/use')
    const before = await stored()
    for (const older of [first, second]) {
      const answer = await ana.on(older).get('/storage')
      assert.equal(answer.text, '"STORAGE_NEWER"')
      assert.equal(await ana.on(older).read('/use'), 'STORAGE_NEWER')
      assert.equal(await codeOf(older.manager.storage(await ana.id())), 'STORAGE_NEWER')
      assert.deepEqual(await ana.on(older).read('/who'), ['Ana Lima', true])
      await ana.on(older).read('/flash')
      assert.deepEqual(await ana.on(older).read('/taken'), ['saved'])
      const [described] = (await older.manager.list()).sessions
      assert.deepEqual([described?.isReadable, described?.storageKeys.includes('upgradedFrom')], [true, true])
      const refused = await ana.on(older).get('/write')
      assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '5'])
    }
    assert.equal(await stored(), before)
    assert.equal((await ana.on(third).read('/storage')).upgradedFrom, 2)
  })

  test(`[VERSION-1] values that a login or a new token stores have the current version, on the ${name} store`, async (t) => {
    const { ana, third, stored, storedOf } = await startReleases(t, open)
    await ana.on(third).read('/flash')
    await ana.on(third).read('/sign-in-with-basket')
    assert.match(await stored(), /^\[3,/)
    assert.deepEqual(await ana.on(third).read('/storage'), { basket: [] })
    assert.deepEqual(await ana.on(third).read('/taken'), ['saved'])
    const { id } = await third.manager.newToken('4', { storage: { basket: [] } })
    assert.equal(await storedOf(id), '[3,{"basket":[]}]')
    const guest = third.visitor()
    await guest.read('/sign-in-with-basket')
    assert.deepEqual(await guest.read('/storage'), { basket: [] })
  })

  test(`[VERSION-2] a write of the older release that a write of the newer release overtakes is refused, on the ${name} store`, async (t) => {
    const door = gate()
    const { ana, first, third } = await startReleases(t, open, {
      '/slow': (session) =>
        codeOf(
          session.use(async (storage) => {
            await door.pass()
            storage.cart = []
          }),
        ),
    })
    await ana.on(first).read('/buy')
    const slow = ana.on(first).read('/slow')
    await door.reached
    assert.equal(await ana.on(third).read('/use'), 'done')
    door.open()
    assert.equal(await slow, 'STORAGE_NEWER')
    assert.deepEqual(await ana.on(third).read('/storage'), { basket: [{ name: 'pen' }], upgradedFrom: 0, more: 1 })
  })

  test(`[VERSION-3] a login of the older release keeps newer data whole, refuses to keep a part, and gives another user an empty storage, on the ${name} store`, async (t) => {
    const { ana, second, third } = await startReleases(t, open)
    await ana.on(third).read('/use')
    assert.equal(await ana.on(second).read('/sign-in?keep=["more"]'), 'STORAGE_NEWER')
    assert.deepEqual(await ana.on(third).read('/storage'), { more: 1 })
    const before = await ana.id()
    assert.equal(await ana.on(second).read('/sign-in'), 'done')
    assert.notEqual(await ana.id(), before)
    assert.equal(await ana.on(second).read('/storage'), 'STORAGE_NEWER')
    assert.deepEqual(await ana.on(third).read('/storage'), { more: 1 })
    assert.equal(await ana.on(second).read('/sign-in?user=5'), 'done')
    assert.deepEqual(await ana.on(second).read('/storage'), {})
    assert.equal(await ana.on(second).read('/use'), 'done')
  })
}

test('[VERSION-4] if upgrade throws or returns no object, the storage is refused with the cause, nothing is lost, and the user can log in', async (t) => {
  for (const upgrade of [
    () => {
      throw new RangeError('no currency')
    },
    async () => ({}),
    async () => {
      throw new RangeError('later')
    },
    () => undefined,
    () => ({ since: new Date(0) }),
  ]) {
    const broken = { version: 3, upgrade } as unknown as StorageType<Storage>
    const { ana, first, third, stored, on } = await startReleases(t, memoryStore, {}, broken)
    await ana.on(first).read('/buy')
    const before = await stored()
    for (const path of ['/storage', '/use', '/sign-in?keep=["cart"]'])
      assert.equal(await ana.on(third).read(path), 'STORAGE_NOT_UPGRADED', path)
    const error = await third.manager.storage(await ana.id()).catch((error) => error)
    assert.match(error.message, /has version 0 and could not be upgraded to version 3/)
    assert.match(
      String(error.cause),
      /^RangeError: no currency$|^TypeError: upgrade\(\) must return the new storage, got|storage.since: a Date cannot be/,
    )
    assert.equal(await ana.on(third).read('/sign-in'), 'done')
    assert.equal(await stored(), before)
    assert.deepEqual(await ana.on(await on(RELEASE_3)).read('/storage'), { basket: [{ name: 'pen' }], upgradedFrom: 0 })
  }
})

test('[VERSION-1] sessions do not share the object that upgrade returns', async (t) => {
  const same = { list: [] as number[] }
  const third = await startLayer(
    t,
    { ...RELEASE_PAGES, '/push': (session) => session.use((storage) => storage.list.push(1)) },
    { store: memoryStore(), storage: { version: 1, upgrade: () => same } },
  )
  const { store } = third
  const first = await startLayer(t, RELEASE_PAGES, { store })
  const [ana, bob] = [first.visitor(), first.visitor()]
  for (const visitor of [ana, bob]) {
    await visitor.read('/buy')
    const there = Object.defineProperty(third.visitor(), 'cookies', { value: visitor.cookies })
    assert.equal(await there.read('/push'), 1)
  }
  assert.deepEqual(same, { list: [] })
})

test('[VERSION-5] an empty storage has no version, so every release can use a new session', async (t) => {
  const { ana, first, third, stored } = await startReleases(t, memoryStore)
  assert.deepEqual(await ana.on(third).read('/storage'), {})
  await ana.on(third).read('/use')
  await ana.on(third).read('/empty')
  assert.equal(await stored(), '{}')
  assert.equal(await ana.on(first).read('/use'), 'done')
})

test('[VERSION-5] upgrade does not get the variables of a token, and cannot lose them', async (t) => {
  const store = memoryStore()
  const pages = {
    '/api/use': (session: { use: (change: (storage: Storage) => void) => unknown }) =>
      session.use((storage) => void (storage.cart = ['pen'])),
    '/api/storage': (session: { storage: unknown }) => session.storage,
  }
  const [old, recent] = [
    await startRestLayer(t, pages, { store }),
    await startRestLayer(t, pages, { store, storage: { version: 3, upgrade: (old) => ({ had: Object.keys(old) }) } }),
  ]
  const bearer = `Bearer ${await old.signIn()}`
  await recent.ask('/api/set?name=a&value=1&save=', bearer)
  await old.ask('/api/set?name=b&value=2&save=', bearer)
  await old.ask('/api/use', bearer)
  const read = async (layer: typeof old, path: string) => JSON.parse((await layer.ask(path, bearer)).text)
  assert.deepEqual(await read(recent, '/api/storage'), { had: ['cart'], sessionVars: { a: '1', b: '2' } })
  assert.deepEqual((await read(recent, '/api/read')).variables, { a: '1', b: '2' })
})

test('[VERSION-6] a wrong version or a missing upgrade is refused at the start, and the type of the storage is inferred from upgrade', async () => {
  const options = { appName: 'X', store: memoryStore() }
  const upgrade = (): { cart: Pen[] } => ({ cart: [] })
  for (const [storage, message] of [
    [{ version: 0, upgrade }, /version is a whole number from 1, got 0/],
    [{ version: 1.5, upgrade }, /version is a whole number from 1/],
    [{ upgrade }, /version is a whole number from 1, got undefined/],
    [{ version: 1 }, /upgrade is a function/],
    [{ version: 1, upgrade, cart: [] }, /pass storageOf<…>\(\)/],
  ] as const)
    assert.throws(() => createSessions({ ...options, storage: storage as object }), message)
  const managers = [
    createSessions({ ...options, storage: { version: 1, upgrade }, roles: { clerk: ['sell'] } }),
    createSessions({
      ...options,
      storage: storageOf<{ cart: Pen[] }>({ version: 1, upgrade: () => ({ cart: [] }) }),
      roles: { clerk: ['sell'] },
    }),
  ]
  const handler = (session: SessionOf<(typeof managers)[0]>): string | undefined => {
    // @ts-expect-error: the privilege is misspelt
    session.hasPrivilege('sel')
    return session.storage.cart[0]?.name
  }
  assert.equal(typeof handler, 'function')
  for (const manager of managers) await manager.close()
})

/** Servers of three releases on one store. Ana is logged in. */
async function startReleases(
  scope: Scope,
  open: () => Layer['store'],
  pages: Record<string, Handler> = {},
  newest = RELEASE_3,
) {
  const store = open()
  const on = (storage?: StorageType<Storage>) =>
    startLayer(scope, { ...RELEASE_PAGES, ...pages }, { store, ...(storage && { storage }) })
  const [first, second, third] = [await on(), await on(RELEASE_2), await on(newest)]
  const browser = first.visitor()
  await browser.read('/sign-in')
  const id = async () => (await first.manager.list({ state: 'user' })).sessions[0]?.id ?? ''
  const storedOf = async (id: string) => (await store.get({ app: 'TEST', id }))?.storage ?? ''
  const stored = async () => storedOf(await id())
  const ana = {
    id,
    /** Ana's browser at the server of a release. */
    on(release: Layer): LayerVisitor {
      return Object.defineProperty(release.visitor(), 'cookies', { value: browser.cookies })
    },
  }
  return { ana, first, second, third, stored, storedOf, on }
}
