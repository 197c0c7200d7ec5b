import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenSession } from '../../../src/session/index.ts'
import { gate, PAGES, STORES, startLayer } from '../support/layer.ts'
import { startRestLayer } from '../support/rest-client.ts'

const TOKEN = /^test_[0-9A-F]{32}\.[\w-]{43}$/

for (const [store, open] of Object.entries(STORES)) {
  test(`[BEARER-1] [BEARER-2] a token in the Authorization header resumes its session, on the ${store} store`, async (t) => {
    const { ask, signIn } = await startRestLayer(t, {}, { store: open() })
    const token = await signIn()
    assert.match(token, TOKEN)
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      const answer = JSON.parse((await ask('/api/read', `${scheme} ${token}`)).text)
      assert.deepEqual(
        [answer.isNew, answer.userId, answer.userName, answer.kind],
        [false, '4', 'Ana Lima', 'rest'],
        scheme,
      )
      assert.deepEqual(answer.privileges, ['viewCustomers', 'viewStart'])
    }
    for (const elsewhere of [`?token=${token}`, `?access_token=${token}`, `?Authorization=Bearer%20${token}`])
      assert.equal((await ask(`/api/read${elsewhere}`)).status, 401, elsewhere)
    assert.equal((await ask('/api/read', undefined, { Cookie: `4DSID_TEST=${token}` })).status, 401)
    assert.equal((await ask('/api/read', undefined, { Cookie: `Authorization=Bearer ${token}` })).status, 401)
  })

  test(`[BEARER-3] [BEARER-13] any value other than a live token leads to a new session that is not stored, on the ${store} store`, async (t) => {
    const { ask, signIn, manager, clock } = await startRestLayer(t, {}, { store: open() })
    const expired = await signIn('user=3')
    const ended = await signIn('user=5')
    assert.equal((await ask('/api/signout', `Bearer ${ended}`)).status, 200)
    clock.advance({ minutes: 32 })
    const token = await signIn()
    const bare = token.slice('test_'.length)
    const misses = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      token,
      `Basic ${token}`,
      `Bearer${token}`,
      `Bearer ${bare}`,
      `Bearer crm_${bare}`,
      `Bearer TEST_${bare}`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token.replace('.', '!')}`,
      `Bearer test_${'0'.repeat(32)}.${'A'.repeat(43)}`,
      `Bearer ${'x'.repeat(8192)}`,
      `Bearer ${expired}`,
      `Bearer ${ended}`,
    ]
    const before = await manager.count()
    const ids = new Set<string>()
    for (const authorization of misses) {
      const refused = await ask('/api/read', authorization)
      assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'], authorization)
      const answer = JSON.parse((await ask('/api/testpage', authorization)).text)
      assert.deepEqual([answer.isNew, answer.userId, answer.kind], [true, null, 'rest'], authorization)
      ids.add(answer.id)
    }
    assert.equal(ids.size, misses.length)
    assert.equal(await manager.count(), before)
    assert.equal(JSON.parse((await ask('/api/testpage', `Bearer ${token}`)).text).isNew, false)
  })

  test(`[BEARER-4] a REST request neither reads nor sets a cookie, and a page accepts no token, on the ${store} store`, async (t) => {
    const { ask, signIn, visitor } = await startRestLayer(t, {}, { store: open(), guests: 'first-request' })
    const ana = visitor()
    await ana.read('/login')
    const token = await signIn()
    for (const authorization of [undefined, `Bearer ${token}`, 'Bearer nonsense']) {
      for (const path of ['/api/testpage', '/api/read', '/api/signin?user=4', '/api/signout']) {
        const answer = await ask(path, authorization, { Cookie: `4DSID_TEST=${ana.cookies.get('4DSID_TEST')}` })
        assert.deepEqual(answer.setCookies, [], `${path} ${authorization}`)
        if (answer.status === 200) assert.equal(JSON.parse(answer.text).kind, 'rest')
      }
    }
    assert.equal(
      (await ask('/api/read', undefined, { Cookie: `4DSID_TEST=${ana.cookies.get('4DSID_TEST')}` })).status,
      401,
    )
    const cookie = ana.cookies.get('4DSID_TEST') ?? ''
    for (const value of [cookie, `test_${cookie}`])
      assert.equal((await ask('/api/read', `Bearer ${value}`)).status, 401)
    const alive = await signIn()
    const [page] = [await ask('/read', `Bearer ${alive}`)]
    assert.equal(JSON.parse(page.text).isNew, true)
    for (const value of [alive, alive.slice('test_'.length)]) {
      const guest = JSON.parse((await ask('/read', undefined, { Cookie: `4DSID_TEST=${value}` })).text)
      assert.deepEqual([guest.isNew, guest.isGuest], [true, true])
    }
    assert.equal((await ana.read('/read')).isGuest, false)
  })

  test(`[BEARER-7] variables persist when they are saved, or with autoSave, and a missing variable is '', on the ${store} store`, async (t) => {
    const shared = open()
    const { ask, signIn } = await startRestLayer(
      t,
      { '/api/get': (session, { name = '' }) => session.getSessionVar(name) },
      { store: shared },
    )
    const auto = await startRestLayer(t, {}, { store: shared, tokens: { autoSave: true } })
    const bearer = `Bearer ${await signIn()}`
    const kept = async () => JSON.parse((await ask('/api/read', bearer)).text).variables
    assert.deepEqual(JSON.parse((await ask('/api/set?name=a&value=1', bearer)).text), { seen: '1' })
    assert.deepEqual(await kept(), {})
    assert.equal((await ask('/api/get?name=a', bearer)).text, '""')
    await ask('/api/set?name=a&value=1&save', bearer)
    await auto.ask('/api/set?name=b&value=2', bearer)
    assert.deepEqual(await kept(), { a: '1', b: '2' })
    assert.equal((await ask('/api/get?name=a', bearer)).text, '"1"')
    await ask('/api/set?name=a&value=&save', bearer)
    assert.deepEqual(await kept(), { b: '2' })
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.equal((await ask(`/api/get?name=${name}`, bearer)).text, '""', name)
      await ask(`/api/set?name=${name}&value=x&save`, bearer)
      assert.equal((await ask(`/api/get?name=${name}`, bearer)).text, '"x"', name)
    }
    assert.equal(({} as Record<string, unknown>).x, undefined)
  })

  test(`[BEARER-12] [STORAGE-4] when variables are saved at once, no variable is lost, on the ${store} store`, async (t) => {
    const shared = open()
    const one = await startRestLayer(t, {}, { store: shared })
    const two = await startRestLayer(t, {}, { store: shared })
    const bearer = `Bearer ${await one.signIn()}`
    const names = Array.from({ length: 60 }, (_, n) => `v${n}`)
    const answers = await Promise.all(
      names.map((name, n) => (n % 2 === 0 ? one : two).ask(`/api/set?name=${name}&value=${n}&save`, bearer)),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    const { variables } = JSON.parse((await one.ask('/api/read', bearer)).text)
    assert.deepEqual(variables, Object.fromEntries(names.map((name, n) => [name, String(n)])))
  })

  test(`[BEARER-8] [LIFE-7] a sign-in expires half an hour after its last request, and an option changes this idle timeout, on the ${store} store`, async (t) => {
    const shared = open()
    const { ask, signIn, clock } = await startRestLayer(t, {}, { store: shared })
    const bearer = `Bearer ${await signIn()}`
    const begun = JSON.parse((await ask('/api/read', bearer)).text)
    assert.equal(begun.expirationDate, new Date(clock.now() + 1800_000).toISOString())
    for (let hour = 0; hour < 5; hour++) {
      clock.advance({ minutes: 29 })
      assert.equal((await ask('/api/read', bearer)).status, 200)
    }
    clock.advance({ seconds: 1800 - 1 })
    assert.equal((await ask('/api/read', bearer)).status, 200)
    clock.advance({ seconds: 1800 + 61 })
    assert.equal((await ask('/api/read', bearer)).status, 401)
    const quick = await startRestLayer(t, {}, { store: shared, clock, tokens: { timeoutSeconds: 120 } })
    const short = `Bearer ${await quick.signIn()}`
    clock.advance({ seconds: 119 })
    assert.equal((await quick.ask('/api/read', short)).status, 200)
    clock.advance({ seconds: 181 })
    assert.equal((await quick.ask('/api/read', short)).status, 401)
    const busy = `Bearer ${await signIn('user=4&idle=86400')}`
    for (let day = 0; day < 29; day++) {
      clock.advance({ hours: 23 })
      assert.equal((await ask('/api/read', busy)).status, 200, `day ${day}`)
    }
    clock.advance({ hours: 23 })
    clock.advance({ hours: 23 })
    clock.advance({ hours: 23 })
    assert.equal((await ask('/api/read', busy)).status, 401)
  })

  test(`[BEARER-15] a client may ask for a longer idle timeout when it signs in, on the ${store} store`, async (t) => {
    const { ask, signIn, clock } = await startRestLayer(t, {}, { store: open() })
    const bearer = `Bearer ${await signIn('user=4&idle=7200')}`
    clock.advance({ minutes: 119 })
    assert.equal((await ask('/api/read', bearer)).status, 200)
    clock.advance({ seconds: 7200 + 61 })
    assert.equal((await ask('/api/read', bearer)).status, 401)
  })

  test(`[BEARER-8] signing out revokes the token, and signing out again does no harm, on the ${store} store`, async (t) => {
    const { ask, signIn, manager } = await startRestLayer(t, {}, { store: open() })
    const bearer = `Bearer ${await signIn()}`
    const other = `Bearer ${await signIn()}`
    assert.equal(JSON.parse((await ask('/api/signout', bearer)).text).userId, null)
    assert.equal((await ask('/api/read', bearer)).status, 401)
    assert.equal((await ask('/api/signout', bearer)).status, 200)
    assert.equal((await ask('/api/read', other)).status, 200)
    assert.equal(await manager.count(), 1)
  })

  test(`[BEARER-7] [BEARER-13] a session may have no user, and a sign-in keeps the session of its request alive, on the ${store} store`, async (t) => {
    const { ask, signIn, manager } = await startRestLayer(t, {}, { store: open() })
    const withoutUser = `Bearer ${await signIn('')}`
    assert.equal(JSON.parse((await ask('/api/read', withoutUser)).text).userId, null)
    const again = JSON.parse((await ask('/api/signin?user=5', withoutUser)).text)
    assert.deepEqual([again.userId, again.isNew], ['5', false])
    assert.equal((await ask('/api/read', withoutUser)).status, 200)
    assert.equal(await manager.count({ kind: 'rest' }), 2)
  })

  test(`[BEARER-11] the user of a token is looked up at each request, and a removed user is refused, on the ${store} store`, async (t) => {
    const users = new Map([['4', 'Ana Lima']])
    const whoAmI = '/api/who'
    const { ask, signIn } = await startRestLayer(
      t,
      { [whoAmI]: async (session) => session.authenticate(async (userId) => users.get(userId)) },
      { store: open() },
    )
    const bearer = `Bearer ${await signIn()}`
    assert.equal((await ask(whoAmI, bearer)).text, '"Ana Lima"')
    users.set('4', 'Ana Lima-Reis')
    assert.equal((await ask(whoAmI, bearer)).text, '"Ana Lima-Reis"')
    users.delete('4')
    const refused = await ask(whoAmI, bearer)
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'])
    users.set('', 'nobody')
    assert.equal((await ask(whoAmI, `Bearer ${await signIn('')}`)).status, 401)
  })

  test(`[MODE-4] [SECURE-5] [OTP-17] a REST session cannot create links, call secureSession (error 1068) or gain privileges, on the ${store} store`, async (t) => {
    const refusals = async (work: () => Promise<unknown>) => {
      try {
        return await work()
      } catch (error) {
        const { code, number } = error as { code: string; number: number }
        return `${code} ${number}`
      }
    }
    const { ask, signIn, manager, visitor } = await startRestLayer(
      t,
      {
        '/api/try': async (session, { token = '' }) => ({
          secure: await refusals(() => session.secureSession()),
          user: await refusals(() => session.setPrivileges({ userId: '5' }, { login: true })),
          raise: await refusals(() => session.setPrivileges('audit')),
          otp: await session.createOTP(),
          restored: await session.restore(token),
          id: session.id,
          privileges: session.getPrivileges(),
        }),
        '/api/lower': async (session) => {
          await session.setPrivileges('viewStart')
          return session.getPrivileges()
        },
      },
      { store: open() },
    )
    const ana = visitor()
    const { id: page } = await ana.read('/login')
    const bearer = `Bearer ${await signIn()}`
    const otp = await manager.createOTP(page)
    const before = JSON.parse((await ask('/api/read', bearer)).text)
    const tried = JSON.parse((await ask(`/api/try?token=${otp}`, bearer)).text)
    assert.deepEqual(tried, {
      secure: 'FEATURE_NOT_AVAILABLE 1068',
      user: 'FEATURE_NOT_AVAILABLE 1068',
      raise: 'FEATURE_NOT_AVAILABLE 1068',
      otp: '',
      restored: false,
      id: before.id,
      privileges: ['viewCustomers', 'viewStart'],
    })
    assert.deepEqual(JSON.parse((await ask('/api/read', bearer)).text), before)
    assert.equal((await ask(`/api/read?$4DSID=${otp}`)).status, 401)
    assert.equal((await visitor().read(`/read?$4DSID=${otp}`)).id, page)
    assert.equal(await manager.createOTP(before.id), '')
    assert.deepEqual(JSON.parse((await ask('/api/lower', bearer)).text), ['viewStart'])
  })

  test(`a request without a live token writes nothing, even if its token ended during the request, on the ${store} store`, async (t) => {
    const door = gate()
    const code = (error: unknown) => String((error as { code?: unknown }).code)
    const { ask, signIn, manager } = await startRestLayer(
      t,
      {
        '/api/testpage': async (session) => {
          session.setSessionVar('a', '1')
          return Promise.all([
            session.save().catch(code),
            session.use((storage) => void (storage.a = 1)).catch(code),
            session.setPrivileges('viewCustomers').catch(code),
            session.setIdleTimeout(90).catch(code),
          ])
        },
        '/api/late': async (session) => {
          await door.pass()
          session.setSessionVar('a', '1')
          return session.save().catch(code)
        },
      },
      { store: open() },
    )
    assert.deepEqual(JSON.parse((await ask('/api/testpage')).text), Array(4).fill('NOT_SIGNED_IN'))
    assert.equal(await manager.count(), 0)
    const bearer = `Bearer ${await signIn()}`
    const late = ask('/api/late', bearer)
    await door.reached
    await ask('/api/signout', bearer)
    door.open()
    assert.equal((await late).text, '"SESSION_ENDED"')
    assert.equal(await manager.count(), 0)
  })

  test(`an API token is valid for its own lifespan, whether or not it is used, and can be revoked, on the ${store} store`, async (t) => {
    const { ask, manager, clock, signIn } = await startRestLayer(
      t,
      { '/api/terms': (session) => ({ name: session.name, scope: session.scope, via: session.via }) },
      { store: open() },
    )
    await signIn()
    const made = await manager.newToken('4', {
      userName: 'Ana Lima',
      roles: ['salesperson'],
      absoluteSeconds: 90 * 86_400,
      name: 'Nightly export',
      scope: 'read',
      address: '192.0.2.1',
      device: 'A browser',
    })
    assert.match(made.token, TOKEN)
    assert.equal(made.expirationDate, new Date(clock.now() + 90 * 86_400_000).toISOString())
    const listed = async () => (await manager.list({ userId: '4', kind: 'rest', via: 'token' })).sessions
    const [unused, ...others] = await listed()
    assert.deepEqual([unused?.id, others], [made.id, []])
    assert.deepEqual([unused?.devices[0]?.lastSeenAt, unused?.devices[0]?.address], [null, '192.0.2.1'])
    assert.equal(await manager.count({ via: 'token' }), 1)

    const terms = await ask('/api/terms', `Bearer ${made.token}`, { 'User-Agent': 'curl/8' })
    assert.deepEqual(JSON.parse(terms.text), { name: 'Nightly export', scope: 'read', via: 'token' })
    const [used] = await listed()
    const { name, scope, lastSeenAt, address, device } = used?.devices[0] ?? assert.fail()
    assert.deepEqual(
      { name, scope, lastSeenAt: lastSeenAt?.getTime(), address, device },
      { name: 'Nightly export', scope: 'read', lastSeenAt: clock.now(), address: '127.0.0.1', device: 'curl/8' },
    )
    assert.doesNotMatch(JSON.stringify(await listed()), new RegExp(made.token.split('.')[1] ?? assert.fail()))

    for (let month = 0; month < 2; month++) {
      clock.advance({ hours: 29 * 24 })
      assert.equal((await ask('/api/read', `Bearer ${made.token}`)).status, 200)
    }
    clock.advance({ hours: 32 * 24 })
    assert.equal((await ask('/api/read', `Bearer ${made.token}`)).status, 401)
    const second = await manager.newToken('4', {})
    assert.equal(await manager.end(second.id), true)
    assert.equal((await ask('/api/read', `Bearer ${second.token}`)).status, 401)
    assert.equal(await manager.end(second.id), false)
  })

  test(`[LIC-2] when all licences are in use a sign-in gets 503 with error 5503, and existing tokens keep working, on the ${store} store`, async (t) => {
    const { ask, manager } = await startRestLayer(
      t,
      {
        '/api/signin': (session, { user = '' }) =>
          session.newSession(user).catch(({ status, number }) => [status, number]),
      },
      { store: open(), maxSessions: 2 },
    )
    const tokens = [
      JSON.parse((await ask('/api/signin?user=1')).text),
      JSON.parse((await ask('/api/signin?user=2')).text),
    ]
    assert.deepEqual(JSON.parse((await ask('/api/signin?user=3')).text), [503, 5503])
    for (const token of tokens) assert.equal((await ask('/api/read', `Bearer ${token}`)).status, 200)
    assert.equal(await manager.count(), 2)
    await assert.rejects(manager.newToken('3', {}), { code: 'SESSION_LIMIT', number: 5503, status: 503 })
    await ask('/api/signout', `Bearer ${tokens[0]}`)
    assert.equal(typeof JSON.parse((await ask('/api/signin?user=3')).text), 'string')
  })

  test(`[MODE-5] [PRIV-12] a token of another application is unknown, and a token ends with its user’s sessions, on the ${store} store`, async (t) => {
    const shared = open()
    const ours = await startRestLayer(t, {}, { store: shared })
    const theirs = await startRestLayer(t, {}, { store: shared, appName: 'OTHER', tokenPrefix: 'test_' })
    const token = await theirs.signIn()
    assert.equal((await theirs.ask('/api/read', `Bearer ${token}`)).status, 200)
    assert.equal((await ours.ask('/api/read', `Bearer ${token}`)).status, 401)
    const { token: made } = await ours.manager.newToken('4', {})
    const signedIn = await ours.signIn()
    const other = await ours.signIn('user=5')
    assert.equal(await ours.manager.endMany({ userId: '4' }), 2)
    for (const [bearer, status] of [
      [made, 401],
      [signedIn, 401],
      [other, 200],
    ] as const)
      assert.equal((await ours.ask('/api/read', `Bearer ${bearer}`)).status, status)
  })
}

test('[BEARER-5] [BEARER-14] only anonymous requests pass without a token, and the handlers of other requests do not run', async (t) => {
  const ran: string[] = []
  const paths = [
    '/api',
    '/api/',
    '/api/customers',
    '/api/signin-admin',
    '/api/customers/signin',
    '/api/signin/',
    '/api/signin/x',
    '/api/sign%69n',
    '/api/./signin',
    '/api//signin',
    '/api/x/../signin',
    '/api/signin;x',
  ]
  const pages = Object.fromEntries(paths.map((path) => [path, () => void ran.push(path)]))
  const { ask, signIn } = await startRestLayer(t, {
    ...pages,
    '/api/SignIn': () => 'open',
    '/api/TESTPAGE': () => 'open',
  })
  for (const path of paths) assert.equal((await ask(path)).status, 401, path)
  assert.deepEqual(ran, [])
  for (const path of ['/api/SignIn', '/api/TESTPAGE']) assert.equal((await ask(path)).text, '"open"', path)
  const bearer = `Bearer ${await signIn()}`
  assert.equal((await ask('/api/customers', bearer)).status, 200)
  assert.deepEqual(ran, ['/api/customers'])
  assert.equal((await ask('/apix')).status, 404)
})

test('[BEARER-5] an application names its own anonymous requests, in upper or lower case, and no other path is open without a token', async (t) => {
  const { ask } = await startRestLayer(
    t,
    { '/api/Health/Live': () => 'ok' },
    { tokens: { anonymous: ['health/live'] } },
  )
  assert.equal((await ask('/api/Health/Live')).status, 200)
  assert.equal((await ask('/api/health')).status, 401)
  assert.equal((await ask('/api/testpage')).status, 401)
  for (const mount of ['api', '/api/', '/'])
    await assert.rejects(startLayer(t, PAGES, { tokens: { mount } }), {
      name: 'TypeError',
      message: /mount begins with/,
    })
  await assert.rejects(startLayer(t, PAGES, { tokens: { timeoutSeconds: 0 } }), { message: /timeoutSeconds/ })
})

test('a request with two Authorization headers counts as a request without a token, even if one header is valid', async (t) => {
  const { ask, signIn } = await startRestLayer(t, {})
  const bearer = `Bearer ${await signIn()}`
  assert.equal((await ask('/api/read', bearer)).status, 200)
  assert.equal((await ask('/api/read', undefined, { Authorization: [bearer, bearer] })).status, 401)
  assert.equal((await ask('/api/read', undefined, { Authorization: [bearer, 'Basic eDp5'] })).status, 401)
})

test('invalid options of a token are refused with an error that says what to do', async (t) => {
  const refused: Parameters<TokenSession['newSession']>[] = [[undefined as never], [''], [null as never, {}]]
  const { manager, ask } = await startRestLayer(t, {
    '/api/signin': (session) => Promise.all(refused.map((user) => session.newSession(...user).catch(String))),
    '/api/signout': (session) => session.newSession().then(() => session.userId ?? 'none'),
  })
  for (const answer of JSON.parse((await ask('/api/signin')).text)) assert.match(answer, /^TypeError: newSession\(\): /)
  assert.equal(await manager.count(), 0)
  assert.equal(JSON.parse((await ask('/api/signout')).text), 'none', 'without arguments there is no user (West Wind)')
  assert.equal(await manager.endMany({ kind: 'rest' }), 1)
  await assert.rejects(manager.newToken('4', { requestID: '7' } as never), { message: /Did you mean requestId\?/ })
  await assert.rejects(manager.newToken('4', undefined as never), { message: /^newToken\(\) takes an object/ })
  await assert.rejects(manager.newToken('4', { idleSeconds: -1 }), { name: 'TypeError', message: /idleSeconds/ })
  await assert.rejects(manager.newToken('4', { absoluteSeconds: 0 }), { message: /absoluteSeconds.*from 1 up/ })
  await assert.rejects(manager.newToken('4', { name: 'x'.repeat(201) }), { message: /name is a text/ })
  await assert.rejects(manager.newToken('4', { scope: 'write' as never }), { message: /scope is 'read'/ })
  assert.equal(await manager.count(), 0)
})

test('while the store is down a REST request gets 503, and no request becomes anonymous', async (t) => {
  const { ask, signIn, store } = await startRestLayer(t, {})
  const bearer = `Bearer ${await signIn()}`
  const find = store.find.bind(store)
  store.find = async () => Promise.reject(new Error('down'))
  const answer = await ask('/api/testpage', bearer)
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5'])
  store.find = find
  assert.equal((await ask('/api/read', bearer)).status, 200)
})
