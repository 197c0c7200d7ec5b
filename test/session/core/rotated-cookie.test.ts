import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, type Described, describe, gate, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

/** Adds a page `/late/…` for each page. Each added page waits at `door` before it runs the original page. */
function pagesWith(door: ReturnType<typeof gate>): Record<string, Handler> {
  const pages: Record<string, Handler> = {
    ...PAGES,
    '/renew': (session) => session.renew({ login: true }),
    '/try-write': (session) => codeOf(session.use((storage) => void (storage.late = 1))),
    '/try-link': (session) => codeOf(session.createOTP()),
    '/try-renew': (session) => codeOf(session.renew()),
  }
  const late = Object.entries(pages).map(([path, page]): [string, Handler] => [
    `/late${path}`,
    async (session, ctx) => {
      await door.pass()
      return page(session, ctx)
    },
  ])
  return { ...pages, ...Object.fromEntries(late) }
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[TURN-8] once renew() has resolved, requests with the old cookie change nothing and set no cookie, even if they began earlier, on the ${store} store`, async (t) => {
    const door = gate()
    const { visitor, manager } = await startLayer(t, pagesWith(door), { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    await ana.read('/write')
    const tab = ana.copy()
    const paths = ['/try-write', '/try-link', '/try-renew']
    const underWay = paths.map((path) => tab.copy().get(`/late${path}`))
    await door.reached
    await ana.read('/renew')
    door.open()
    for (const answer of [...(await Promise.all(underWay)), ...(await Promise.all(paths.map((path) => tab.get(path))))])
      assert.deepEqual([answer.text, answer.setCookies], ['"SESSION_ENDED"', []])
    const seen = await tab.get('/read')
    assert.deepEqual([JSON.parse(seen.text).userName, seen.setCookies], ['', []])
    const current = await ana.read<Described>('/read')
    assert.deepEqual([current.id, current.userName, current.storage], [id, 'Ana Lima', { key: '1' }])
    assert.equal((await manager.get(id))?.devices.length, 1)
  })

  test(`[TURN-9] a log out with a cookie that another request has just rotated ends the session, on the ${store} store`, async (t) => {
    for (const arrives of ['before', 'after']) {
      const door = gate()
      const { visitor, manager } = await startLayer(t, pagesWith(door), { store: open() })
      const ended: string[] = []
      manager.on('ended', ({ id, reason }) => ended.push(`${id} ${reason}`))
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      const tab = ana.copy()
      const underWay = arrives === 'before' ? tab.get('/late/logout') : undefined
      if (underWay) await door.reached
      await ana.read('/renew')
      door.open()
      const answer = await (underWay ?? tab.get('/logout'))
      assert.equal(answer.setCookies.length, 1)
      assert.match(answer.setCookies[0] ?? '', /^4DSID_TEST=;/)
      assert.deepEqual(ended, [`${id} closed`])
      assert.equal((await ana.read<Described>('/read')).isGuest, true)
    }
  })

  test(`[TURN-9] a log out with a cookie that was signed out, or that a login replaced, ends no other session, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, { ...PAGES, '/me': describe }, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const phone = visitor()
    await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
    const handle = (await manager.get(id))?.devices.find(({ via }) => via === 'link')?.handle ?? ''
    await manager.detach(id, handle)
    assert.deepEqual((await phone.get('/logout')).setCookies, [])
    assert.equal((await ana.read<Described>('/read')).id, id)
    const tab = ana.copy()
    await ana.read('/login?user=Bo&id=5')
    assert.deepEqual((await tab.get('/logout')).setCookies, [])
    assert.equal((await ana.read<Described>('/read')).userName, 'Bo')
  })
}

test('a request learns for a minute that a login or a rotation has replaced its cookie, but not that its session was closed', async (t) => {
  const pages = {
    ...pagesWith(gate()),
    '/replaced': (session: { cookieWasReplaced: boolean }) => session.cookieWasReplaced,
  }
  for (const [path, isReplaced] of [
    ['/login', true],
    ['/renew', true],
    ['/logout', false],
  ] as const) {
    const { visitor, clock } = await startLayer(t, pages)
    const ana = visitor()
    await ana.read('/login')
    const tab = ana.copy()
    assert.equal(await tab.copy().read('/replaced'), false)
    await ana.get(path)
    clock.advance({ milliseconds: 59_999 })
    assert.equal(await tab.copy().read('/replaced'), isReplaced, path)
    clock.advance({ milliseconds: 1 })
    assert.equal(await tab.copy().read('/replaced'), false, path)
  }
})
