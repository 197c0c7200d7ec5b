import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { codeOf, type Handler, type LayerVisitor, PAGES, STORES, startLayer } from '../support/layer.ts'
import { type RestHandler, startRestLayer } from '../support/rest-client.ts'

const ANA = { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }
const LOGIN = { login: true }

const FLASH_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/flash': async (session, ctx) => {
    await session.flash(String(ctx.query.text ?? 'saved'))
    ctx.redirect('/taken')
  },
  '/taken': (session) => session.takeFlash(),
  '/taken-one': (session) => session.takeFlash(['saved', 'sent']),
  '/storage': (session) => [session.storage, session.isNew],
  '/log-in': (session, ctx) => session.setPrivileges({ ...ANA, userId: String(ctx.query.user ?? '4') }, LOGIN),
  '/log-in-and-flash': async (session) => {
    await session.setPrivileges(ANA, LOGIN)
    await session.flash('welcome')
  },
  '/flash-and-log-in': async (session) => {
    await session.flash('welcome')
    await session.setPrivileges(ANA, LOGIN)
  },
  '/flash-and-secure': async (session) => {
    await session.flash('safe')
    await session.secureSession()
  },
  '/secure': async (session) => (await session.secureSession()).id,
  '/renew': (session) => session.renew({ login: true, others: 'end' }),
  '/log-in-and-keep': (session) => session.setPrivileges(ANA, { login: true, keepStorage: true }),
  '/log-in-and-keep-key': (session) => session.setPrivileges(ANA, { login: true, keepStorage: ['key', '$flash'] }),
  '/log-in-without-storage': (session) => session.setPrivileges(ANA, { login: true, keepStorage: false }),
  '/more-rights': (session) => session.setPrivileges({ privileges: 'manageCustomers' }, { keepStorage: false }),
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[FLASH-1] a flash message is shown once after a redirect, also if two tabs ask at the same time, on the ${store} store`, async (t) => {
    let waiting: (() => void)[] = []
    const pages: Record<string, Handler> = {
      ...FLASH_PAGES,
      // Takes the messages when five requests have read the session.
      '/taken-by-five': async (session) => {
        await new Promise<void>((resolve) => {
          if (waiting.push(resolve) < 5) return
          for (const go of waiting) go()
          waiting = []
        })
        return session.takeFlash()
      },
    }
    const { visitor } = await startLayer(t, pages, { store: open() })
    const ana = visitor()
    for (let round = 0; round < 5; round++) {
      assert.equal((await ana.get('/flash')).location, '/taken')
      await ana.get('/flash?text=sent')
      const tabs = await Promise.all(Array.from({ length: 5 }, () => ana.copy().read<string[]>('/taken-by-five')))
      assert.deepEqual(
        tabs.filter(({ length }) => length > 0),
        [['saved', 'sent']],
      )
    }
    assert.deepEqual(await ana.read('/taken'), [])
  })

  test(`[FLASH-2] messages stay through a rotation and a new login of the same user, and a message of the login's own request stays too, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, FLASH_PAGES, { store: open() })
    const ana = visitor()
    for (const path of ['/flash-and-log-in', '/log-in-and-flash']) {
      for (const hasSession of [false, true]) {
        ana.cookies.clear()
        if (hasSession) await ana.read('/write')
        await ana.read(path)
        assert.deepEqual(await ana.read('/storage'), [{}, false])
        assert.deepEqual(await ana.read('/taken'), ['welcome'], `${path}, ${hasSession}`)
      }
    }
    for (const path of ['/renew', '/secure', '/more-rights', '/log-in']) {
      await ana.get('/flash')
      await ana.read(path)
      await ana.read('/flash-and-secure')
      assert.deepEqual(await ana.read('/taken'), ['saved', 'safe'], path)
    }
  })

  test(`[FLASH-3] a message that was planted before the login of another user is not shown after the login, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, FLASH_PAGES, { store: open() })
    const keeping = ['/log-in-and-keep', '/log-in-and-keep-key']
    for (const path of ['/log-in', '/flash-and-log-in', '/log-in-and-flash', '/secure', '/log-in?user=5', ...keeping]) {
      const attacker = visitor()
      await attacker.read('/write')
      if (path === '/log-in?user=5') await attacker.read('/log-in')
      await attacker.get('/flash?text=call+this+number')
      const victim = attacker.copy()
      await victim.read(path)
      assert.deepEqual(await victim.read('/taken'), path.includes('flash') ? ['welcome'] : [], path)
      if (keeping.includes(path)) assert.deepEqual(await victim.read('/storage'), [{ key: '1' }, false])
    }
  })

  test(`[FLASH-4] messages do not appear in the storage, and a write and a message at the same time keep both, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, FLASH_PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/write?key=a')
    await Promise.all(
      ['/flash', '/write?key=b', '/flash?text=sent', '/write?key=c'].map((path) => ana.copy().get(path)),
    )
    const [described] = (await manager.list()).sessions
    assert.deepEqual(described?.storageKeys.toSorted(), ['a', 'b', 'c'])
    assert.equal(described?.storageBytes, '{"a":"1","b":"1","c":"1"}'.length)
    assert.deepEqual(await ana.read('/storage'), [{ a: '1', b: '1', c: '1' }, false])
    assert.deepEqual((await ana.read<string[]>('/taken')).sort(), ['saved', 'sent'])
    assert.deepEqual(await ana.read('/storage'), [{ a: '1', b: '1', c: '1' }, false])
  })
}

test('[FLASH-4] a message that another tab queues during a login of the same user is kept', async (t) => {
  const store = memoryStore()
  let during: () => Promise<unknown> = async () => {}
  const slow = Object.assign(Object.create(store), {
    async replace(call: Parameters<typeof store.replace>[0]) {
      await during()
      return store.replace(call)
    },
  })
  const { visitor } = await startLayer(t, FLASH_PAGES, { store: slow })
  const ana = visitor()
  await ana.read('/log-in')
  const tab = ana.copy()
  during = async () => {
    during = async () => {}
    await tab.get('/flash')
  }
  await ana.read('/log-in-without-storage')
  assert.deepEqual(await ana.read('/taken'), ['saved'])
})

test('[FLASH-1] a message that was taken is not shown again by a login of the same request', async (t) => {
  const { visitor } = await startLayer(t, {
    ...FLASH_PAGES,
    '/taken-before-login': async (session) => {
      await session.flash('for Bo')
      const taken = await session.takeFlash()
      await session.close()
      await session.setPrivileges(ANA, LOGIN)
      return [taken, await session.takeFlash()]
    },
  })
  const browser = visitor()
  await browser.get('/log-in?user=5')
  assert.deepEqual(await browser.read('/taken-before-login'), [['for Bo'], []])
})

test('[FLASH-5] a message begins the session of a guest like a write, and a request that shows no page takes no message', async (t) => {
  const { visitor, manager } = await startLayer(t, {
    ...FLASH_PAGES,
    '/poll': (session) => codeOf(session.flash('saved')),
  })
  const guest = visitor()
  assert.equal(await guest.read('/poll', { 'Sec-Fetch-Mode': 'cors' }), 'GUEST_NOT_STARTED')
  assert.deepEqual(await guest.read('/taken'), [])
  assert.equal(await manager.count(), 0)
  await guest.get('/flash')
  assert.deepEqual(await guest.read('/storage'), [{}, false])
  await guest.send('/taken', { method: 'HEAD' })
  assert.deepEqual(await guest.read('/taken', { 'Sec-Purpose': 'prefetch' }), [])
  assert.deepEqual(await guest.read('/taken'), ['saved'])
})

test('[FLASH-6] a page takes only its own messages, and a session keeps the newest ten', async (t) => {
  const { visitor } = await startLayer(t, FLASH_PAGES)
  const ana = visitor()
  const flash = (text: string, by: LayerVisitor = ana) => by.get(`/flash?text=${text}`)
  for (const text of ['other', 'saved']) await flash(text)
  assert.deepEqual(await ana.read('/taken-one'), ['saved'])
  assert.deepEqual(await ana.read('/taken-one'), [])
  assert.deepEqual(await ana.read('/taken'), ['other'])
  const texts = Array.from({ length: 12 }, (_, n) => `text-${n}`)
  for (const text of texts) await flash(text)
  assert.deepEqual(await ana.read('/taken'), texts.slice(2))
})

test('[FLASH-6] a message that is no text, is empty or is too long, and a message of a REST session are refused', async (t) => {
  const wrong: unknown[][] = [[5], [''], [undefined], ['type', 'text'], [{ text: 'x' }]]
  const errorOf = (work: Promise<unknown>) =>
    work.then(String, (error) => `${error.name}: ${error.code ?? error.message}`)
  const pages: Record<string, RestHandler> = {
    '/wrong': async (session) => {
      const flash = session.flash.bind(session) as (...values: unknown[]) => Promise<void>
      const take = session.takeFlash.bind(session) as (only: unknown) => Promise<unknown>
      const calls = [...wrong.map((values) => flash(...values)), flash('x'.repeat(1001)), take('saved')]
      return Promise.all(calls.map(errorOf))
    },
    '/reserved': (session) => errorOf(session.use((storage) => void (storage.$flash = 'x'))),
    '/api/flash': async (session) => [await errorOf(session.flash('x')), await session.takeFlash()],
  }
  const layer = await startRestLayer(t, pages)
  assert.deepEqual(await layer.visitor().read('/wrong'), [
    'TypeError: flash() takes one text, got a number.',
    'TypeError: flash() takes one text, got an empty text.',
    'TypeError: flash() takes one text, got undefined.',
    'TypeError: flash() takes one text, got 2 values.',
    'TypeError: flash() takes one text, got an object.',
    'SessionError: STORAGE_TOO_LARGE',
    'TypeError: takeFlash() takes a list of texts, got a string.',
  ])
  assert.equal(await layer.visitor().read('/reserved'), 'SessionError: VALUE_NOT_SHAREABLE')
  const { text } = await layer.ask('/api/flash', `Bearer ${await layer.signIn()}`)
  assert.deepEqual(JSON.parse(text), ['SessionError: FEATURE_NOT_AVAILABLE', []])
})
