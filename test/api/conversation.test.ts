import assert from 'node:assert/strict'
import test from 'node:test'
import { disableAccount } from '../../src/accounts/index.ts'
import type { Config } from '../../src/config/config.ts'
import { ApiClient, assertProblem, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'

const STORES: Record<string, Config['sessionStore']> = {
  memory: { kind: 'memory' },
  SQLite: { kind: 'sqlite', file: ':memory:' },
}
const DENIED = { isCallbackError: true, message: 'Access Denied. Please sign in first.' }

for (const [store, sessionStore] of Object.entries(STORES)) {
  test(`[BEARER-6] [BEARER-2] signing in returns a token and its expiry, and the token identifies the user, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = new ApiClient(demo)
    const { body, status } = await client.signIn('4')
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['token', 'expires'])
    assert.match(body.token, /^crm_[0-9A-F]{32}\.[\w-]{43}$/)
    assert.equal(body.expires, new Date(demo.clock.now() + 1800 * 1000).toISOString())
    const me = await client.get('/me')
    assert.deepEqual(me.body, {
      userId: '4',
      userName: 'Noah Lindgren',
      email: 'noah.lindgren@crm.example',
      role: 'salesperson',
      privileges: ['editCustomers', 'viewCustomers', 'viewPortfolio'],
      token: { name: '', scope: 'read-write', expires: body.expires },
    })
    await client.send('PUT', '/session/variables/theme', { body: { value: 'dark' } })
    assert.equal((await client.get('/session/variables/theme')).body.value, 'dark')
  })

  test(`[BEARER-6] a failed sign-in gets a 401 whose body has two members, and leaves no session, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = new ApiClient(demo)
    const before = await demo.parts.sessions?.count()
    for (const [username, password, words] of [
      ['4', 'wrong', /^This password is wrong$/],
      [4, '', /^password: must not be empty\.$/],
      ['999', 'crm-demo', /^This userId is unknown$/],
      ['nobody', 'crm-demo', /^This userId is unknown$/],
      ['nobody@crm.example', 'crm-demo', /^This userId is unknown$/],
    ] as const)
      assertProblem(await client.post('/signin', { username, password }), password === '' ? 422 : 401, words)
    assert.equal(await demo.parts.sessions?.count(), before)
  })

  test(`[BEARER-1] [BEARER-4] the token is accepted only in its header, and cookies are ignored below /api, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const visitor = demo.visitor()
    await visitor.logInWell(4)
    const cookie = [...visitor.cookies].map((pair) => pair.join('=')).join('; ')
    const { token } = await signedIn(demo, 4)
    const client = new ApiClient(demo)
    for (const [path, headers] of [
      ['/me', { Cookie: cookie }],
      ['/me', { Cookie: `Authorization=Bearer ${token}` }],
      [`/me?token=${token}`, {}],
      [`/me?access_token=${token}`, {}],
      ['/me', { 'X-Authorization': `Bearer ${token}` }],
      ['/me', { Authorization: `Bearer ${cookie.split('=')[1]}` }],
    ] as const)
      assert.deepEqual((await client.get(path, headers)).body, DENIED, path)
    assertProblem(
      await client.send('POST', '/session/variables', { body: { token }, headers: { Cookie: cookie } }),
      401,
    )
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      assert.equal((await client.get('/me', { Authorization: `${scheme} ${token}`, Cookie: cookie })).body.userId, '4')
    const guest = await demo.visitor().get('/customers', { Authorization: `Bearer ${token}` })
    assert.equal(guest.status, 303)
  })

  test(`[BEARER-3] a thousand requests with invalid tokens leave no data in the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const { token } = await signedIn(demo, 4)
    const client = new ApiClient(demo)
    const before = await demo.parts.sessions?.count()
    const [id = '', secret = ''] = token.slice('crm_'.length).split('.')
    for (let round = 0; round < 1000; round += 1) {
      const spoilt = secret.slice(0, -3) + String(100 + (round % 900))
      const bad = ['nonsense', `crm_${id}.${spoilt}`, `crm_${id}`, `${id}.${secret}`, 'x'.repeat(round)][round % 5]
      const answer = await client.get(round % 2 ? '/me' : '/testpage', { Authorization: `Bearer ${bad}` })
      if (round % 2) assert.deepEqual(answer.body, DENIED)
      else assert.equal(answer.body.signedIn, false)
    }
    assert.equal(await demo.parts.sessions?.count(), before)
    assert.equal((await new ApiClient(demo, token).get('/me')).status, 200)
  })

  test(`[BEARER-5] [BEARER-14] three paths need no token, in upper or lower case, and similar paths need one, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = new ApiClient(demo)
    for (const name of ['/testpage', '/TestPage', '/TESTPAGE']) assert.equal((await client.get(name)).status, 200, name)
    for (const name of ['/SIGNIN', '/SignIn'])
      assert.equal((await client.post(name, { username: '4', password: 'crm-demo' })).status, 200, name)
    assert.equal((await client.post('/SignOut')).status, 200)
    const lookAlikes = [
      ...[
        '',
        '/',
        '/signin-admin',
        '/signin/',
        '/signin.',
        '/signin.json',
        '/xsignin',
        '/customers/signin',
        '/signin/4',
      ],
      ...[
        '//signin',
        '/./signin',
        '/customers/../signin',
        '/sign%69n',
        '/signin%2f',
        '/signin;x',
        '/nowhere',
        '/docs/',
      ],
      ...['/ſignin', '/docs2', '/docs/nothing', '/openapi.json/', '/me', '/ME', '/customers', '/customers/1/../../me'],
    ]
    for (const path of lookAlikes)
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS'])
        assert.deepEqual((await client.send(method, encodeURI(path))).body, DENIED, `${method} ${path}`)
    await client.signIn(4)
    for (const path of lookAlikes.filter((path) => !['/me', '/customers'].includes(path)))
      assertProblem(await client.get(encodeURI(path)), 404, /^There is no/)
    assert.equal((await demo.visitor().get('/apix')).status, 404)
  })

  test(`[BEARER-8] a token expires half an hour after its last request, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = await signedIn(demo, 4)
    for (let times = 0; times < 3; times += 1) {
      demo.clock.advance({ seconds: 1799 })
      const { body } = await client.get('/me')
      assert.equal(body.token.expires, new Date(demo.clock.now() + 1800 * 1000).toISOString())
    }
    demo.clock.advance({ seconds: 1861 })
    assertProblem(await client.get('/me'), 401)
    assert.equal((await client.get('/testpage')).body.signedIn, false)
  })

  test(`[BEARER-8] [BEARER-14] signing out revokes the token, and signing out again is no error, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const [client, other] = [await signedIn(demo, 4), await signedIn(demo, 4)]
    const left = await client.post('/signout')
    assert.deepEqual([left.status, Object.keys(left.body)], [200, ['message']])
    assert.deepEqual((await client.get('/me')).body, DENIED)
    const again = await client.post('/signout')
    assert.deepEqual([again.status, again.body.message], [200, 'You were not signed in.'])
    assert.equal((await other.get('/me')).status, 200)
  })

  test(`[BEARER-13] a path that needs no token still recognises the user of a live token, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = new ApiClient(demo)
    assert.deepEqual((await client.get('/testpage')).body, { message: 'The API is here.', signedIn: false })
    await client.signIn(4)
    const known = await client.get('/testpage')
    assert.deepEqual(known.body, { message: 'The API is here.', signedIn: true, userId: '4' })
    const made = await client.post('/customers', { ...NEW_CUSTOMER, name: 'Žluťoučký 株式会社 🏭' })
    assert.equal(made.body.name, 'Žluťoučký 株式会社 🏭')
    assert.equal(made.headers['content-type'], 'application/json; charset=utf-8')
  })

  test(`[BEARER-11] a disabled user is refused at the next request, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const { database } = demo.parts
    const [noah, another] = [await signedIn(demo, 4), await signedIn(demo, 3)]
    // This change emits no event. The server notices the change only when it reads the account again.
    await database.updateTable('sales_persons').set({ active: 0 }).where('user_id', '=', 4).execute()
    for (const path of ['/me', '/customers', '/nowhere']) assert.deepEqual((await noah.get(path)).body, DENIED)
    await database.updateTable('sales_persons').set({ active: 1, lastname: 'Berg' }).where('user_id', '=', 4).execute()
    assert.equal((await noah.get('/me')).body.userName, 'Noah Berg')
    await disableAccount(demo.parts, '3')
    assert.equal((await another.get('/testpage')).body.signedIn, false)
    assertProblem(await another.get('/me'), 401)
  })

  test(`[BEARER-15] a client may request a longer idle timeout, within bounds, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = new ApiClient(demo)
    for (const idleSeconds of [59, 86_401, 0, -1, 60.5, '1800', null])
      assertProblem(
        await client.post('/signin', { username: 4, password: 'crm-demo', idleSeconds }),
        422,
        /^idleSeconds: /,
      )
    const { body } = await client.signIn(4, { idleSeconds: 7200 })
    assert.equal(body.expires, new Date(demo.clock.now() + 7200 * 1000).toISOString())
    demo.clock.advance({ seconds: 7199 })
    assert.equal((await client.get('/me')).status, 200)
    demo.clock.advance({ seconds: 7261 })
    assertProblem(await client.get('/me'), 401)
  })
}
