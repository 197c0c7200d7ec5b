import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, type Described, describe, gate, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

/** Pages with JADE's order of a login: check the password, call `secureSession`, then store the user. */
const JADE_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/secure': async (session, ctx) => {
    const keep = ctx.query.keep
    const old = session
    const next = await session.secureSession(
      keep === undefined ? {} : { keepStorage: keep === 'all' ? true : String(keep).split(',') },
    )
    return {
      oldTimes: [old.startTime, old.lastAccessTime],
      oldId: old.id,
      oldStorage: old.storage,
      isCurrent: ctx.session === next,
      next: describe(next),
    }
  },
  '/check': async (session, ctx) => {
    if (ctx.query.password !== 'right') return 'wrong'
    const secured = await session.secureSession()
    await secured.setPrivileges({ userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' })
    return describe(secured)
  },
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[SECURE-1] [SECURE-2] secureSession makes a new session the current session and invalidates the old session, on the ${store} store`, async (t) => {
    for (const guests of ['first-request', 'first-write'] as const) {
      const { visitor, manager } = await startLayer(t, JADE_PAGES, { store: open(), guests })
      const guest = visitor()
      const before = await guest.read<Described>('/write')
      const device = guest.copy()
      const answer = await guest.get('/secure')
      const { oldTimes, oldId, oldStorage, isCurrent, next } = JSON.parse(answer.text)
      assert.equal(answer.setCookies.length, 1, 'a new cookie in the same response')
      assert.deepEqual([oldTimes, oldId, oldStorage, isCurrent], [[null, null], before.id, {}, true])
      assert.notEqual(next.id, before.id)
      assert.ok(next.startTime !== null && next.lastAccessTime !== null)
      assert.equal((await guest.read<Described>('/read')).id, next.id)
      const old = await manager.get(before.id)
      assert.deepEqual([old?.state, old?.startTime, old?.lastAccessTime, old?.devices], ['invalidated', null, null, []])
      assert.equal(await manager.storage(before.id), undefined)
      assert.deepEqual((await device.read<Described>('/read')).storage, {})
    }
  })

  test(`[SECURE-3] later writes go to the new session only, and storage is kept only on request, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, JADE_PAGES, { store: open() })
    for (const [keep, expected] of [
      ['', {}],
      ['?keep=all', { a: '1', b: '2' }],
      ['?keep=a,c', { a: '1' }],
    ] as const) {
      const guest = visitor()
      await guest.read('/write?key=a&value=1')
      await guest.read('/write?key=b&value=2')
      const device = guest.copy()
      assert.deepEqual((await guest.read(`/secure${keep}`)).next.storage, expected)
      await guest.read('/write?key=after&value=1')
      assert.deepEqual((await guest.read<Described>('/read')).storage, { ...expected, after: '1' })
      assert.deepEqual((await device.read<Described>('/read')).storage, {})
    }
  })

  test(`[SECURE-4] a login with a wrong password changes nothing, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, JADE_PAGES, { store: open() })
    const guest = visitor()
    const before = await guest.read<Described>('/write')
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await guest.get('/check?password=guess')
      assert.deepEqual([answer.text, answer.setCookies], ['"wrong"', []])
    }
    const after = await guest.read<Described>('/read')
    assert.deepEqual(
      [after.id, after.startTime, after.lastAccessTime],
      [before.id, before.startTime, before.lastAccessTime],
    )
    assert.equal((await guest.read<Described>('/check?password=right')).userName, 'Ana Lima')
  })

  test(`[SECURE-8] a request with an invalidated session’s cookie gets no data, revives nothing and sets no cookie, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(
      t,
      {
        ...JADE_PAGES,
        '/try': async (session) =>
          Promise.all([
            codeOf(session.use((storage) => void (storage.back = 1))),
            codeOf(session.setPrivileges('viewStart')),
            codeOf(session.setIdleTimeout(90)),
          ]),
      },
      { store: open(), guests: 'first-request' },
    )
    const ana = visitor()
    const { id } = await ana.read<Described>('/write')
    const late = ana.copy()
    await ana.read('/login')
    const tried = await late.get('/try')
    assert.deepEqual([JSON.parse(tried.text), tried.setCookies], [Array(3).fill('SESSION_ENDED'), []])
    const read = await late.get('/read')
    assert.deepEqual([(JSON.parse(read.text) as Described).storage, read.setCookies], [{}, []])
    assert.equal((await manager.get(id))?.state, 'invalidated')
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  })

  test(`[SECURE-9] a write in flight on the old session is refused, and the user stays logged in, on the ${store} store`, async (t) => {
    const door = gate()
    const { visitor } = await startLayer(
      t,
      {
        ...JADE_PAGES,
        '/slow-write': async (session) => {
          await door.pass()
          const refused = await codeOf(session.use((storage) => void (storage.late = 1)))
          return { refused, ...describe(session) }
        },
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/write')
    const writing = ana.copy().get('/slow-write')
    await door.reached
    await ana.read('/login')
    door.open()
    const answer = await writing
    const late = JSON.parse(answer.text)
    assert.deepEqual([late.refused, late.isGuest, answer.setCookies], ['SESSION_ENDED', true, []])
    assert.deepEqual(await ana.read<Described>('/read').then(({ userName, storage }) => [userName, storage]), [
      'Ana Lima',
      {},
    ])
  })

  test(`[SECURE-12] two concurrent logins leave the user signed in, whichever response’s cookie the browser keeps, on the ${store} store`, async (t) => {
    for (const path of ['/login', '/check?password=right']) {
      const doors = [gate(), gate()]
      const { visitor } = await startLayer(
        t,
        {
          ...JADE_PAGES,
          '/twice': async (session, ctx) => {
            await doors[Number(ctx.query.nth)]?.pass()
            ctx.query = Object.fromEntries(new URLSearchParams(path.split('?')[1]))
            return JADE_PAGES[path.split('?')[0] ?? '']?.(session, ctx)
          },
        },
        { store: open(), guests: 'first-request' },
      )
      for (const [kept, ...order] of [
        [0, 0, 1],
        [1, 0, 1],
        [0, 1, 0],
        [1, 1, 0],
      ]) {
        doors.splice(0, 2, gate(), gate())
        const ana = visitor()
        await ana.read('/write')
        const first = ana.copy()
        const second = ana.copy()
        const answers = [first.get('/twice?nth=0'), second.get('/twice?nth=1')]
        await Promise.all(doors.map((door) => door.reached))
        for (const which of order) {
          doors[which]?.open()
          const answer = await answers[which]
          assert.equal(answer?.setCookies.length, 1)
        }
        const browser = kept === 0 ? first : second
        assert.equal((await browser.read<Described>('/read')).userName, 'Ana Lima')
      }
    }
  })

  test(`a verified login succeeds even if the guest’s session ended or was replaced meanwhile, but never revives an ended session of a user, on the ${store} store`, async (t) => {
    for (const [how, began] of [
      ['/logout', '/write'],
      ['/login?user=Bo&id=5', '/write'],
      ['expire', '/write'],
      ['end', '/login'],
    ] as const) {
      const door = gate()
      const { visitor, clock, manager } = await startLayer(
        t,
        {
          ...JADE_PAGES,
          '/slow-login': async (session, ctx) => {
            await door.pass()
            return PAGES['/login']?.(session, ctx)
          },
          '/slow-raise': async (session) => {
            await door.pass()
            return {
              codes: [await codeOf(session.setPrivileges('manageCustomers')), await codeOf(session.secureSession())],
              ...describe(session),
            }
          },
        },
        { store: open() },
      )
      const ana = visitor()
      const { id } = await ana.read<Described>(began)
      const other = ana.copy()
      const answer = ana.get(how === 'end' ? '/slow-raise' : '/slow-login')
      await door.reached
      if (how === 'expire') clock.advance({ minutes: 62 })
      else if (how === 'end') await manager.end(id)
      else await other.get(how)
      door.open()
      const seen = JSON.parse((await answer).text)
      if (how === 'end') {
        assert.deepEqual([seen.codes[0], seen.isGuest, seen.userName], ['SESSION_ENDED', true, ''])
        assert.deepEqual((await answer).setCookies.length <= 1, true)
        assert.deepEqual((await ana.read<Described>('/read')).userName, '')
      } else {
        assert.equal(seen.userName, 'Ana Lima')
        assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
      }
    }
  })
}

test('after secureSession, a call on the old session object is refused and does not affect the new session', async (t) => {
  const { visitor, manager } = await startLayer(t, {
    ...JADE_PAGES,
    '/stale': async (session, ctx) => {
      const next = await session.secureSession()
      return {
        codes: [
          await codeOf(session.secureSession()),
          await codeOf(session.use(() => {})),
          await codeOf(session.setPrivileges('viewStart', { login: true })),
          await codeOf(session.close()),
        ],
        kept: ctx.session === next,
        id: next.id,
      }
    },
  })
  const ana = visitor()
  await ana.read('/login')
  const { codes, kept, id } = await ana.read('/stale')
  assert.deepEqual([codes, kept], [Array(4).fill('SESSION_ENDED'), true])
  assert.equal((await ana.read<Described>('/read')).id, id)
  assert.equal((await manager.get(id))?.userName, 'Ana Lima')
})

test('secureSession keeps user and privileges, and only re-authentication restarts the absolute timeout', async (t) => {
  const { visitor, clock } = await startLayer(t, JADE_PAGES, { absoluteHours: { web: 2 } })
  const ana = visitor()
  const first = await ana.read<Described>('/login')
  clock.advance({ minutes: 50 })
  const secured = (await ana.read('/secure')).next as Described
  assert.deepEqual([secured.userName, secured.privileges], [first.userName, first.privileges])
  clock.advance({ minutes: 50 })
  assert.equal((await ana.read<Described>('/read')).isGuest, false)
  clock.advance({ minutes: 20 })
  assert.equal((await ana.read<Described>('/read')).isGuest, true, 'the limit counts from the login')
  await ana.read('/login')
  clock.advance({ minutes: 50 })
  await ana.read('/login')
  for (let visit = 0; visit < 2; visit++) {
    clock.advance({ minutes: 50 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
  }
})

test('replacing a session does not restore privileges that another device removed', async (t) => {
  const door = gate()
  const { visitor } = await startLayer(t, {
    ...JADE_PAGES,
    '/slow-secure': async (session) => {
      await door.pass()
      return describe(await session.secureSession())
    },
    '/clear': async (session) => session.clearPrivileges(),
  })
  const ana = visitor()
  await ana.read('/login')
  const securing = ana.copy().read<Described>('/slow-secure')
  await door.reached
  await ana.read('/clear')
  door.open()
  assert.deepEqual((await securing).privileges, [])
})

test('a login does not wait for a slow write on the session that it replaces', async (t) => {
  const door = gate()
  const { visitor } = await startLayer(t, {
    ...JADE_PAGES,
    '/slow-write': async (session) =>
      codeOf(
        session.use(async (storage) => {
          await door.pass()
          storage.late = 1
        }),
      ),
  })
  const ana = visitor()
  await ana.read('/write')
  const writing = ana.copy().read('/slow-write')
  await door.reached
  assert.equal((await ana.read<Described>('/login')).userName, 'Ana Lima')
  door.open()
  assert.equal(await writing, 'SESSION_ENDED')
})
