import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { newestLink, signUpAs } from '../../support/sign-up.ts'
import {
  codeOf,
  type Described,
  describe,
  type Handler,
  type LayerVisitor,
  PAGES,
  STORES,
  startLayer,
} from '../support/layer.ts'
import { startRestLayer } from '../support/rest-client.ts'

const TRUST_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/link': (session, ctx) => session.createOTP(ctx.query.confirm === undefined ? {} : { confirm: true }),
  '/offer': (session) => ({ offer: session.offer ?? null, ...describe(session) }),
  '/raise': async (session) => {
    await session.setPrivileges('audit')
    return describe(session)
  },
  '/password-again': async (session, ctx) => {
    await session.renew({ login: true, others: ctx.query.others === 'end' ? 'end' : 'keep' })
    return describe(session)
  },
  '/try-write': async (session) => ({ code: await codeOf(session.use((storage) => void (storage.mine = 'mine'))) }),
}
const MALLORY = '/login?user=Mallory&id=9&privileges=audit'

for (const [store, open] of Object.entries(STORES)) {
  test(`[PRIV-8] [SECURE-2] [SECURE-8] an attacker who planted a cookie before the login has no access after it, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, TRUST_PAGES, { store: open() })
    const attacker = visitor()
    await attacker.read('/write?key=trap&value=set')
    const victim = attacker.copy()
    const planted = await victim.read<Described>('/read')
    assert.deepEqual(planted.storage, { trap: 'set' }, 'the trap is set')
    const login = await victim.read<Described>('/login')
    assert.notEqual(login.id, planted.id)
    assert.deepEqual(login.storage, {}, 'the new storage contains no data of the attacker')
    await victim.read('/write?key=secret&value=1')
    await assertLoggedOut(attacker)
    clock.advance({ minutes: 2 })
    assert.deepEqual((await attacker.read<Described>('/read')).storage, {}, 'and nothing later')
    assert.deepEqual((await victim.read<Described>('/read')).storage, { secret: '1' })
  })

  test(`[PRIV-11] [SECURE-2] an attacker who shares a session with the victim by a link loses access when the victim logs in, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, TRUST_PAGES, { store: open() })
    for (const before of ['/write?key=trap&value=set', MALLORY]) {
      for (const rise of ['/login', '/raise?']) {
        const attacker = visitor()
        const { id } = await attacker.read<Described>(before)
        const [link, spare] = [await attacker.read<string>('/link'), await attacker.read<string>('/link')]
        const victim = visitor()
        assert.equal((await victim.read<Described>(`/read?$4DSID=${link}`)).id, id, 'the trap is set')
        if (before === MALLORY && rise === '/raise?') continue // Mallory already has this privilege.
        const risen = await victim.read<Described>(rise)
        assert.notEqual(risen.id, id)
        assert.deepEqual(risen.storage, {}, 'the new storage contains no data of the attacker')
        await victim.read('/write?key=secret&value=1')
        await assertLoggedOut(attacker)
        const third = visitor()
        assert.equal(
          (await third.read<Described>(`/read?$4DSID=${spare}`)).isGuest,
          true,
          'the attacker’s other link is dead too',
        )
        assert.deepEqual((await victim.read<Described>('/read')).storage, { secret: '1' })
      }
    }
  })

  test(`[OTP-9] an attacker’s link that a victim opens after the login shows no data of the victim’s session, and leaves that session alive, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, TRUST_PAGES, { store: open() })
    const attacker = visitor()
    const { id } = await attacker.read<Described>(MALLORY)
    const victim = visitor()
    await victim.read('/login')
    const own = await victim.read<Described>('/write?key=secret&value=1')
    const kept = victim.copy()
    const there = await victim.read<Described>(`/read?$4DSID=${await attacker.read('/link')}`)
    assert.deepEqual([there.id, there.userName], [id, 'Mallory'], 'the page says whose session this is now')
    const seen = await attacker.read<Described>('/read')
    assert.deepEqual([seen.id, seen.userName, seen.storage], [id, 'Mallory', {}])
    assert.deepEqual({ ...(await kept.read('/read')), isNew: false }, { ...own, isNew: false })
    const back = await victim.read<Described>('/login')
    assert.ok(back.id !== id && back.id !== own.id)
    await assertLoggedOut(attacker)
  })

  test(`[OTP-15] a link that needs confirmation does not move a logged-in victim into another session, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, TRUST_PAGES, { store: open() })
    const attacker = visitor()
    await attacker.read(MALLORY)
    const victim = visitor()
    const { id } = await victim.read<Described>('/login')
    const address = `/offer?$4DSID=${await attacker.read('/link?confirm')}`
    for (const send of [() => victim.get(address), () => victim.post(address)]) {
      const { setCookies, text } = await send()
      const page = JSON.parse(text)
      const { userName, instead } = page.offer
      assert.deepEqual([page.id, userName, instead, setCookies], [id, 'Mallory', 'Ana Lima', []])
    }
  })

  test(`when a request has two live session cookies, neither cookie is trusted, not even at a login, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, TRUST_PAGES, { store: open() })
    const attacker = visitor()
    await attacker.read('/write?key=trap&value=set')
    const victim = visitor()
    const own = await victim.read<Described>('/login')
    const [planted, good] = [attacker, victim].map(
      (who) => `${manager.cookieName}=${who.cookies.get(manager.cookieName)}`,
    )
    for (const tossed of [`${planted}; ${good}`, `${good}; ${planted}`]) {
      const seen = await visitor().get('/read', { Cookie: tossed })
      const { userName, storage } = JSON.parse(seen.text) as Described
      assert.deepEqual([userName, storage, seen.setCookies], ['', {}, []])
      assert.equal((await visitor().read('/try-write', { Cookie: tossed })).code, 'SESSION_ENDED')
      const fresh = visitor()
      const login = await fresh.read<Described>('/login', { Cookie: tossed })
      assert.deepEqual([login.userName, login.storage], ['Ana Lima', {}])
      assert.equal((await fresh.read<Described>('/read')).id, login.id)
    }
    const mine = await attacker.read<Described>('/read')
    assert.deepEqual([mine.isGuest, mine.userName, mine.storage], [true, '', { trap: 'set' }], 'still a guest')
    assert.equal((await victim.read<Described>('/read')).id, own.id)
    const dead = visitor()
    await dead.read('/login')
    const end = dead.copy()
    await dead.read('/logout')
    const [over] = [...end.cookies.values()]
    const read = await visitor().read<Described>('/read', { Cookie: `${manager.cookieName}=${over}; ${good}` })
    assert.equal(read.id, own.id, 'an invalid cookie does not affect a live cookie')
  })

  test(`re-authentication revokes a stolen cookie, and signing out the other devices revokes a link that the thief created, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, TRUST_PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/login')
    const { id } = await ana.read<Described>('/write?key=secret&value=1')
    const thief = ana.copy()
    assert.equal((await thief.read<Described>('/read')).userName, 'Ana Lima', 'the theft works')
    const link = await thief.read<string>('/link')
    assert.equal((await ana.read<Described>('/password-again')).id, id)
    await assertLoggedOut(thief)
    assert.deepEqual((await ana.read<Described>('/read')).storage, { secret: '1' })
    await ana.read('/password-again?others=end')
    const back = await visitor().read<Described>(`/read?$4DSID=${link}`)
    assert.deepEqual([back.userName, back.storage], ['', {}], 'the thief’s link is revoked')
    assert.equal((await ana.read<Described>('/read')).id, id)
  })

  test(`after a planted cookie is rotated, a login in the same request still replaces the session, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...TRUST_PAGES,
        '/renew-and-login': async (session) => {
          await session.renew()
          await session.setPrivileges({ userName: 'Ana Lima', userId: '4', privileges: 'audit' }, { login: true })
          return describe(session)
        },
      },
      { store: open() },
    )
    const attacker = visitor()
    const { id } = await attacker.read<Described>('/write?key=trap&value=set')
    const login = await attacker.copy().read<Described>('/renew-and-login')
    assert.notEqual(login.id, id)
    assert.deepEqual(login.storage, {}, 'the new storage contains no data of the attacker')
  })

  test(`[BEARER-4] [BEARER-10] a token gives no access to pages, and a cookie gives no access to the API, even for a user with a token and a cookie, on the ${store} store`, async (t) => {
    const { visitor, manager, ask, signIn } = await startRestLayer(t, {}, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    await ana.read('/write?key=secret&value=1')
    const token = await signIn('user=4')
    const cookie = String(ana.cookies.get(manager.cookieName))
    for (const value of [token, token.slice(token.indexOf('_') + 1)]) {
      const page = await visitor().get('/read', {
        Cookie: `${manager.cookieName}=${value}`,
        Authorization: `Bearer ${token}`,
      })
      assert.equal((JSON.parse(page.text) as Described).isGuest, true)
    }
    for (const value of [cookie, `test_${cookie}`]) {
      const answer = await ask('/api/testpage', `Bearer ${value}`, { Cookie: `${manager.cookieName}=${cookie}` })
      assert.deepEqual([JSON.parse(answer.text).isNew, JSON.parse(answer.text).userId], [true, null])
    }
    const both = await visitor().read<Described>('/read', {
      Cookie: `${manager.cookieName}=${cookie}`,
      Authorization: `Bearer ${token}`,
    })
    assert.deepEqual([both.id, both.storage], [id, { secret: '1' }])
    await ana.read('/logout')
    assert.equal(
      (await ask('/api/read', `Bearer ${token}`)).status,
      200,
      'the token stays valid after the logout of the browser',
    )
    assert.equal((await ana.read<Described>('/read')).isGuest, true)
  })
}

test('[PRIV-8] in the demo: a planted cookie gives no access after the login', async (t) => {
  const demo = await startDemo(t)
  const attacker = demo.visitor()
  await attacker.get('/')
  const victim = attacker.copy()
  await victim.logInWell(1)
  assert.match((await victim.get('/authenticationOK.shtml')).text, /Ada Marlow/)
  for (const path of ['/authenticationOK.shtml', '/customers']) {
    const answer = await attacker.get(path)
    assert.match(String(answer.location), /^\/authenticate\.shtml/)
    assert.deepEqual(answer.setCookies, [])
  }
  assert.match((await attacker.get('/')).text, /<p class="who"><a [^>]*>Log In<\/a>/)
})

test('[PRIV-11] in the demo: an attacker’s sign-up link gives no access to the victim’s login', async (t) => {
  const demo = await startDemo(t)
  const attacker = demo.visitor()
  await attacker.get('/')
  await signUpAs(demo, attacker, 'mallory@example.com')
  const victim = demo.visitor()
  assert.match((await victim.get(await newestLink(demo, 'mallory@example.com'))).text, /Congratulations/)
  await victim.logInWell(1)
  assert.match(String((await attacker.get('/authenticationOK.shtml')).location), /^\/authenticate\.shtml/)
  const page = (await victim.get('/authenticationOK.shtml')).text
  assert.match(page, /Ada Marlow/)
  assert.doesNotMatch(page, /mallory/)
})

test('[PRIV-11] in the demo: a logged-in attacker who brings a victim in by a link is logged out by the victim’s login', async (t) => {
  const demo = await startDemo(t)
  const attacker = demo.visitor()
  await attacker.logInWell(2)
  const link = await demo.parts.sessions?.createOTP(sessionIdOf(attacker))
  const victim = demo.visitor()
  assert.match((await victim.get(`/authenticationOK.shtml?$4DSID=${link}`)).text, /Jonas Keller/, 'the trap is set')
  await victim.logInWell(1)
  assert.match((await victim.get('/authenticationOK.shtml')).text, /Ada Marlow/)
  const answer = await attacker.get('/authenticationOK.shtml')
  assert.match(String(answer.location), /^\/authenticate\.shtml/)
  assert.deepEqual(answer.setCookies, [])
})

/** Checks that the browser of an ended session has no access and gets no cookie that could replace a newer login. */
async function assertLoggedOut(visitor: LayerVisitor): Promise<void> {
  const { text, setCookies } = await visitor.get('/read')
  const { isGuest, userName, storage } = JSON.parse(text) as Described
  assert.deepEqual(
    { isGuest, userName, storage, setCookies },
    { isGuest: true, userName: '', storage: {}, setCookies: [] },
  )
  assert.equal((await visitor.read('/try-write')).code, 'SESSION_ENDED')
}
