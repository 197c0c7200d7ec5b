import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requirePrivilege, requireRecentLogin, requireUser } from '../../../src/session/koa/index.ts'
import { codeOf, type Described, describe, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'
import { startRestLayer } from '../support/rest-client.ts'

const gated = requireRecentLogin({ withinMinutes: 15, confirmPath: '/confirm' })
const RECENT_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/sensitive': async (_session, ctx) => {
    let passed = false
    await gated(ctx, async () => {
      passed = true
    })
    return passed ? 'done' : undefined
  },
  '/confirm': async (session) => {
    await session.renew({ login: true })
    return describe(session)
  },
  '/only-me': async (session) => {
    await session.renew({ others: 'end' })
    return describe(session)
  },
  '/try': async (session) => codeOf(session.renew()),
}

for (const [store, open] of Object.entries(STORES)) {
  test(`a sensitive page asks for the password again, unless the user entered the password recently, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, RECENT_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    assert.equal((await ana.get('/sensitive')).text, '"done"')
    clock.advance({ minutes: 15 })
    const asked = await ana.get('/sensitive?a=1')
    assert.deepEqual([asked.status, asked.location], [303, `/confirm?next=${encodeURIComponent('/sensitive?a=1')}`])
    const before = ana.copy()
    const confirmed = await ana.get('/confirm')
    assert.equal(confirmed.setCookies.length, 1, 'a fresh cookie')
    assert.equal(JSON.parse(confirmed.text).id, id, 'for the same session')
    assert.equal((await ana.get('/sensitive')).text, '"done"')
    const old = await before.get('/read')
    assert.deepEqual([JSON.parse(old.text).isGuest, old.setCookies], [true, []])
  })

  test(`a device signed in by a link always needs the password, and entering the password counts only on that device, on the ${store} store`, async (t) => {
    const { visitor, manager, clock } = await startLayer(t, RECENT_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const phone = visitor()
    await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
    assert.equal((await phone.get('/sensitive')).status, 303)
    assert.equal((await ana.get('/sensitive')).status, 200)
    await phone.get('/confirm')
    assert.equal((await phone.get('/sensitive')).status, 200)
    assert.equal((await ana.read<Described>('/read')).id, id, 'the other device is still signed in')
    clock.advance({ minutes: 16 })
    await ana.get('/confirm')
    assert.deepEqual([(await phone.get('/sensitive')).status, (await ana.get('/sensitive')).status], [303, 200])
  })

  test(`a device can sign out all other devices and all links in one step, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, RECENT_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const phone = visitor()
    await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
    const link = await manager.createOTP(id)
    assert.equal((await ana.read<Described>('/only-me')).id, id)
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
    assert.equal((await phone.read<Described>('/read')).isGuest, true)
    assert.equal((await visitor().read<Described>(`/read?$4DSID=${link}`)).isGuest, true)
    const again = await ana.read<Described>('/only-me')
    assert.deepEqual([again.id, again.isGuest], [id, false], 'twice is harmless')
  })

  test(`of many concurrent rotations of one cookie, one rotation succeeds, and the others get SESSION_ENDED, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, RECENT_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const tabs = Array.from({ length: 10 }, () => ana.copy())
    const answers = await Promise.all(tabs.map((tab) => tab.read<string>('/try')))
    assert.deepEqual(answers.sort(), ['SESSION_ENDED', ...Array(8).fill('SESSION_ENDED'), 'done'])
    assert.equal((await manager.get(id))?.devices.length, 1)
    const states = await Promise.all(tabs.map(async (tab) => (await tab.read<Described>('/read')).isGuest))
    assert.equal(states.filter((isGuest) => !isGuest).length, 1)
    assert.equal(await visitor().read('/try'), 'SESSION_ENDED')
  })
}

test('[ROW-9] a login whose time is hours in the future, as in a damaged record, does not count as recent', async (t) => {
  const { visitor, clock } = await startLayer(t, RECENT_PAGES)
  const ana = visitor()
  clock.advance({ hours: 2 })
  await ana.read<Described>('/login')
  clock.advance({ minutes: -4 })
  assert.equal((await ana.get('/sensitive')).status, 200, 'the clocks of two processes may differ')
  clock.advance({ hours: -1 })
  assert.equal((await ana.get('/sensitive')).status, 303)
})

test('after re-authentication for a request that is not a page, the user returns to the configured path', async () => {
  const sent: string[] = []
  const context = (method: string, url = '/sessions/1/end') => ({
    method,
    url,
    status: 404,
    redirect: (to: string) => void sent.push(to),
    session: { hasPrivilege: () => true, isGuest: () => false, hasRecentLogin: () => false },
  })
  const next = () => Promise.reject(new Error('let in'))
  await requireRecentLogin({ withinMinutes: 5, confirmPath: '/confirm', comeBackTo: '/sessions' })(
    context('POST'),
    next,
  )
  await requireRecentLogin({ withinMinutes: 5, confirmPath: '/confirm?x=1' })(context('POST'), next)
  await requireRecentLogin({ withinMinutes: 5, confirmPath: '/confirm' })(context('GET', '//evil.example'), next)
  assert.deepEqual(sent, ['/confirm?next=%2Fsessions', '/confirm?x=1', '/confirm'])
  assert.throws(() => requireRecentLogin({ withinMinutes: 0, confirmPath: '/' }), { message: /withinMinutes/ })
  const gate = requireRecentLogin({ withinMinutes: 5, confirmPath: '/confirm' })
  await assert.rejects(gate({ ...context('GET'), session: null }, next), { code: 'SESSIONS_OFF' })
  const { session: _, ...bare } = context('GET')
  await assert.rejects(gate(bare, next), { name: 'TypeError', message: /mount sessions\(\) above it/ })
})

test('a request-only session cannot rotate the cookie, and a rotation does not make a device from a link count as logged in', async (t) => {
  const { visitor, manager } = await startLayer(t, RECENT_PAGES)
  const ana = visitor()
  const { id } = await ana.read<Described>('/login')
  const borrowing = await manager.createOTP(id, { requestOnly: true })
  assert.equal(await visitor().read(`/try?$4DSID=${borrowing}`), 'FEATURE_NOT_AVAILABLE')
  const phone = visitor()
  await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
  assert.equal(await phone.read('/try'), 'done')
  const devices = (await manager.get(id))?.devices.map(({ via, authenticatedAt }) => [via, authenticatedAt !== null])
  assert.deepEqual(devices?.sort(), [
    ['link', false],
    ['login', true],
  ])
})

test('a REST session cannot be rotated, because it has no cookie', async (t) => {
  const { ask, signIn } = await startRestLayer(t, { '/api/renew': (session) => codeOf(session.renew()) })
  assert.equal((await ask('/api/renew', `Bearer ${await signIn()}`)).text, '"FEATURE_NOT_AVAILABLE"')
})

test('[PRIV-10] promote adds a privilege for one request, demote removes it by its number, and other requests never have it', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/promote': async (session) => {
      const has = () => ['manageCustomers', 'viewCustomers', 'audit'].map((name) => session.hasPrivilege(name))
      const before = has()
      const first = session.promote('MANAGECustomers')
      const again = session.promote('manageCustomers')
      const unknown = session.promote('undeclared')
      const second = session.promote('audit')
      const during = { has: has(), listed: session.getPrivileges(), isGuest: session.isGuest() }
      session.demote(second)
      session.demote(second)
      session.demote(4711)
      const after = has()
      session.demote(first)
      return { before, first, again, unknown, second, during, after, end: has(), third: session.promote('audit') }
    },
    '/promote-and-leave': async (session) => {
      session.promote('audit')
      const before = session.hasPrivilege('audit')
      await session.close()
      return [before, session.hasPrivilege('audit')]
    },
    '/gate': async (session, ctx) => {
      session.promote('audit')
      let passed = false
      await requirePrivilege('audit', { loginPath: '/login' })(ctx, async () => {
        passed = true
      })
      return passed
    },
  })
  const ana = visitor()
  await ana.read('/login?privileges=viewStart')
  assert.deepEqual(await ana.copy().read('/promote-and-leave'), [true, false])
  await ana.read('/login?privileges=viewStart')
  const [answer, beside] = await Promise.all([ana.read('/promote'), ana.read<Described>('/read')])
  const { first, second, third, ...rest } = answer
  assert.deepEqual(rest, {
    before: [false, false, false],
    again: 0,
    unknown: 0,
    during: { has: [true, true, true], listed: ['viewStart'], isGuest: false },
    after: [true, true, false],
    end: [false, false, false],
  })
  assert.ok(first > 0 && second > 0 && third > 0 && new Set([first, second, third]).size === 3)
  assert.deepEqual(beside.privileges, ['viewStart'])
  assert.deepEqual((await ana.read<Described>('/read')).privileges, ['viewStart'])
  assert.equal(await ana.read('/gate'), true)
  assert.equal(await visitor().read('/gate'), true, 'for a guest too')
})

test('[NAME-4] in an application without roles users can log in, and requireUser admits users but no guest', async (t) => {
  const gate = requireUser({ loginPath: '/login?from=gate' })
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/login': (session) => session.setPrivileges({ userId: '4' }, { login: true }),
      '/orders': async (session, ctx) => {
        let passed: object | undefined
        await gate(ctx, async () => {
          passed = { userId: session.userId, isGuest: session.isGuest() }
        })
        return passed
      },
    },
    { roles: {}, privileges: {} },
  )
  const ana = visitor()
  const refused = await ana.get('/orders?page=2')
  assert.deepEqual([refused.status, refused.location], [303, '/login?from=gate&next=%2Forders%3Fpage%3D2'])
  await ana.read('/write')
  assert.equal((await ana.get('/orders')).status, 303, 'a stored guest')
  await ana.get('/login')
  assert.deepEqual(await ana.read('/orders'), { userId: '4', isGuest: true })
  await ana.read('/logout')
  assert.equal((await ana.get('/orders')).status, 303)
})
