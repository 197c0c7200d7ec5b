import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, type Described, describe, gate, PAGES, STORES, startLayer } from '../support/layer.ts'

for (const [store, open] of Object.entries(STORES)) {
  test(`20 parallel writes to one session store 20 keys, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    for (let round = 0; round < 5; round++) {
      const ana = visitor()
      await ana.read('/login')
      await Promise.all(Array.from({ length: 20 }, (_, n) => ana.read(`/write?key=k${n}&value=${n}`)))
      assert.equal(Object.keys((await ana.read<Described>('/read')).storage).length, 20)
    }
  })

  test(`a session that is logged out during a write stays logged out, on the ${store} store`, async (t) => {
    for (const inside of [true, false]) {
      const door = gate()
      const { visitor, manager } = await startLayer(
        t,
        {
          ...PAGES,
          '/slow': async (session) => {
            if (!inside) await door.pass()
            return codeOf(
              session.use(async (storage) => {
                storage.late = 1
                if (inside) await door.pass()
              }),
            )
          },
        },
        { store: open() },
      )
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      const old = ana.copy()
      const writing = old.get('/slow')
      await door.reached
      await ana.read('/logout')
      door.open()
      const answer = await writing
      assert.deepEqual([answer.text, answer.setCookies], ['"SESSION_ENDED"', []])
      assert.equal((await old.read<Described>('/read')).isGuest, true)
      assert.equal(await manager.get(id), undefined)
      assert.equal(await manager.count(), 0)
    }
  })

  test(`a user who logs in during writes to the old session stays logged in, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/try-write': async (session, ctx) =>
          codeOf(session.use((storage) => void (storage[String(ctx.query.key)] = 1))),
      },
      { store: open(), guests: 'first-request' },
    )
    for (let round = 0; round < 5; round++) {
      const ana = visitor()
      await ana.read('/read')
      const tab = ana.copy()
      const [login, ...writes] = await Promise.all([
        ana.get('/login'),
        ...Array.from({ length: 20 }, (_, n) => tab.get(`/try-write?key=${n}`)),
      ])
      assert.equal(login.setCookies.length, 1)
      for (const write of writes) {
        assert.match(write.text, /done|SESSION_ENDED/)
        assert.deepEqual(write.setCookies, [])
      }
      const seen = await ana.read<Described>('/read')
      assert.deepEqual([seen.userName, seen.storage], ['Ana Lima', {}])
    }
  })

  test(`an old cookie replayed after a logout gives no access, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/login')
    const thief = ana.copy()
    await Promise.all([ana.get('/logout'), ana.get('/logout'), ana.get('/logout')])
    const replays = await Promise.all(Array.from({ length: 20 }, () => thief.copy().read<Described>('/read')))
    assert.ok(replays.every(({ isGuest, userName }) => isGuest && userName === ''))
  })

  test(`concurrent logins, writes, reads and logouts of one browser revive no session and never fail, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/try-write': async (session) => codeOf(session.use((storage) => void (storage.n = (storage.n ?? 0) + 1))),
        '/try-login': async (session) =>
          codeOf(session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true })),
        '/all': async (session) => describe(session),
      },
      { store: open() },
    )
    const pages = ['/try-write', '/all', '/try-login', '/try-write', '/logout', '/all']
    for (let round = 0; round < 10; round++) {
      const ana = visitor()
      await ana.read('/login')
      const tabs = Array.from({ length: 24 }, () => ana.copy())
      const answers = await Promise.all(tabs.map((tab, n) => tab.get(pages[(n + round) % pages.length] ?? '')))
      for (const answer of answers) assert.equal(answer.status, 200, answer.text)
      await manager.endMany({ userId: '4' })
      for (const tab of tabs) assert.equal((await tab.read<Described>('/read')).isGuest, true)
    }
  })
}
