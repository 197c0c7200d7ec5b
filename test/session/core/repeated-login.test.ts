import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Described, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const PASSWORD_CHECK_MILLISECONDS = 50

/** The password check of each request takes a different time, so the answers arrive in another order. */
const slowLogin: Handler = async (session, ctx) => {
  await pause(PASSWORD_CHECK_MILLISECONDS + 13 * ((Number(ctx.query.nth) * 2) % 5))
  return PAGES['/login']?.(session, ctx)
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[TURN-4] after five logins of one browser, its next page leaves one session, whichever cookie the browser kept, on the ${store} store`, async (t) => {
    const ended: string[] = []
    const { visitor, manager, clock } = await startLayer(t, PAGES, { store: open() })
    manager.on('ended', ({ reason, userId, cause }) => userId && ended.push(`${reason} ${cause?.address}`))
    for (const atOnce of [true, false]) {
      for (let kept = 0; kept < 5; kept++) {
        const ana = visitor()
        await ana.read('/write')
        const attempts = Array.from({ length: 5 }, () => ana.copy())
        if (atOnce) await Promise.all(attempts.map((attempt) => attempt.read('/login')))
        else
          for (const attempt of attempts) {
            await attempt.read('/login')
            clock.advance({ seconds: 20 })
          }
        ended.length = 0
        assert.equal(await manager.count({ userId: '4' }), 5)
        assert.equal((await attempts[kept]?.read<Described>('/read'))?.userName, 'Ana Lima')
        assert.equal(await manager.count({ userId: '4' }), 1)
        assert.deepEqual(ended, Array(4).fill('secured 127.0.0.1'))
        assert.equal((await attempts[kept]?.read<Described>('/logout'))?.isGuest, true)
      }
    }
  })

  test(`[TURN-5] repeated logins of one browser count as one session, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), maxSessionsPerUser: 2, maxSessions: 3 })
    const phone = visitor()
    await phone.read('/login')
    await phone.read('/read')
    const ana = visitor()
    await ana.read('/write')
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ana.copy().get('/login')).status, 200)
    assert.equal((await visitor().get('/login')).status, 503, 'the licences are used up')
    assert.equal((await ana.get('/login')).status, 200)
    assert.equal((await phone.read<Described>('/read')).userName, 'Ana Lima')
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
    assert.equal(await manager.count({ userId: '4' }), 2)
  })

  test(`[TURN-6] a repeated login ends no session that was used, and no login of another browser, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open() })
    const [ana, other] = [visitor(), visitor()]
    await other.read('/login')
    await ana.read('/write')
    const first = ana.copy()
    const { id: used } = await first.read<Described>('/login')
    await first.read('/read')
    const { id: again } = await ana.read<Described>('/login')
    await ana.read('/read')
    assert.equal((await first.read<Described>('/read')).id, used)
    assert.equal((await ana.read<Described>('/read')).id, again)
    assert.equal(await manager.count({ userId: '4' }), 3)
  })

  test(`[TURN-7] submitting a login form five times, at once or 20 or 150 ms apart, leaves the user signed in with one session, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, { ...PAGES, '/submit': slowLogin }, { store: open() })
    const submitFiveTimes = async (gap: number) => {
      const browser = visitor()
      const id = `gap-${gap}`
      await browser.read('/write')
      const submits = []
      for (let nth = 0; nth < 5; nth++) {
        submits.push(browser.get(`/submit?nth=${nth}&id=${id}`))
        await pause(gap)
      }
      for (const { status } of await Promise.all(submits)) assert.equal(status, 200)
      assert.equal((await browser.read<Described>('/read')).userName, 'Ana Lima', id)
      assert.equal(await manager.count({ userId: id, state: 'user' }), 1, id)
    }
    await Promise.all([0, 20, 150].map(submitFiveTimes))
  })
}
