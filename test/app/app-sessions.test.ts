import assert from 'node:assert/strict'
import test from 'node:test'
import { signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'
import { headingOf, namesOf, sessionIdOf } from '../support/pages.ts'
import { callWith } from '../support/tokens.ts'
import type { Visitor } from '../support/visitor.ts'

test('[MODE-2] without sessions no cookie is ever set, public pages work, and other pages say why they do not work', async (t) => {
  const demo = await startDemo(t, { sessions: 'none' })
  const visitor = demo.visitor()
  assert.equal(demo.parts.sessions, null)
  const home = await visitor.get('/')
  assert.equal(home.status, 200)
  assert.match(home.text, /runs without sessions, so signing in is not possible/)
  for (const path of [
    '/authenticate.shtml',
    '/authenticationOK.shtml',
    '/customers',
    '/customers/1',
    '/admin/sessions',
  ]) {
    const answer = await visitor.get(path, { Cookie: '4DSID_Tessera=whatever' })
    assert.equal(answer.status, 503, path)
    assert.equal(headingOf(answer), 'This server runs without sessions', path)
  }
  assert.equal((await visitor.logIn(4)).status, 503)
  assert.equal((await visitor.logOut()).status, 503)
  assert.equal((await visitor.get('/nope')).status, 404)
  assert.equal(visitor.cookies.size, 0)
})

test('[COOKIE-1] [COOKIE-2] [COOKIE-7] the cookie is named after the application, opens the same session again, and is set once', async (t) => {
  const demo = await startDemo(t, { appName: 'Sales_2' })
  const visitor = demo.visitor()
  await visitor.get('/')
  assert.deepEqual([...visitor.cookies.keys()], ['4DSID_Sales_2'])
  await visitor.logInWell(4)
  const id = sessionIdOf(visitor)
  const pages = await Promise.all(Array.from({ length: 5 }, () => visitor.get('/authenticationOK.shtml')))
  for (const page of pages) {
    assert.equal(headingOf(page), 'Welcome, Noah Lindgren')
    assert.deepEqual(page.setCookies, [])
  }
  assert.equal(sessionIdOf(visitor), id)
})

test('[COOKIE-3] a forged, truncated, doubled or enormous cookie leads to a guest with a new cookie, never to an error', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const [name, good] = ['4DSID_Tessera', visitor.sessionCookie]
  const flipped = good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A')
  for (const cookie of [
    '',
    good.slice(0, 40),
    flipped,
    good.slice(0, 32),
    `${'0'.repeat(32)}.${'x'.repeat(43)}`,
    'x'.repeat(8000),
    '%00',
    "' OR 1=1",
    '../../etc/passwd',
    '☃',
  ]) {
    const stranger = demo.visitor()
    const answer = await stranger.get('/', { Cookie: Buffer.from(`${name}=${cookie}`).toString('latin1') })
    assert.equal(answer.status, 200)
    assert.equal(answer.setCookies.length, 1, cookie)
    assert.notEqual(stranger.cookies.get(name), cookie)
    assert.equal(
      (await demo.visitor().get('/customers', { Cookie: Buffer.from(`${name}=${cookie}`).toString('latin1') })).status,
      303,
    )
  }
  const junkBeside = `${name}=junk; ${name}=${good}; other=1; ${name}=`
  assert.equal(
    (await demo.visitor().get('/customers', { Cookie: junkBeside })).status,
    200,
    'the one that is live counts',
  )
})

test('[COOKIE-4] behind https the cookie is Secure and bound to this host', async (t) => {
  const demo = await startDemo(t, { publicUrl: 'https://crm.example.com' })
  const answer = await demo.visitor().get('/')
  assert.match(
    answer.setCookies[0] ?? '',
    /^__Host-4DSID_Tessera=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$|^__Host-4DSID_Tessera=(?=.*; Secure)(?=.*; Path=\/)(?!.*Domain)/,
  )
  assert.doesNotMatch(answer.setCookies[0] ?? '', /Max-Age|Expires|Domain/i)
})

test('[COOKIE-6] two users never see each other’s customers or names', async (t) => {
  const demo = await startDemo(t)
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await Promise.all([ada.logInWell(1), jonas.logInWell(2)])
  const pages = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (index % 2 ? ada : jonas).get('/authenticationOK.shtml')),
  )
  for (const [index, page] of pages.entries()) {
    assert.equal(headingOf(page), index % 2 ? 'Welcome, Ada Marlow' : 'Welcome, Jonas Keller')
    assert.deepEqual(namesOf(page), namesOf(pages[index % 2] ?? page))
  }
})

test('[COOKIE-8] if guest sessions begin at the first write, reading pages leaves no cookie and no record', async (t) => {
  const demo = await startDemo(t, { guests: 'first-write' })
  const visitor = demo.visitor()
  for (const path of ['/', '/authenticate.shtml', '/customers', '/nope']) await visitor.get(path)
  await visitor.logIn(4, 'wrong')
  assert.equal(visitor.cookies.size, 0)
  assert.equal(await demo.parts.sessions?.count(), 0)
  assert.equal(headingOf(await visitor.follow(await visitor.logIn(4))), 'Welcome, Noah Lindgren')
})

test('[COOKIE-9] a login signs the user in even when the response of the login fails', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.get('/')
  const guest = sessionIdOf(visitor)
  await demo.parts.database.schema.alterTable('customers').renameTo('gone').execute()
  const answer = await visitor.logIn(4)
  assert.equal(answer.status, 500)
  assert.notEqual(sessionIdOf(visitor), guest)
  assert.match((await visitor.get('/')).text, /You are signed in as <strong>Noah Lindgren/)
})

test('[COOKIE-10] no cache may store a response that contains session data or sets the session cookie', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const answers = [
    await visitor.get('/'),
    await visitor.get('/customers'),
    await visitor.logIn(4),
    await visitor.get('/customers'),
  ]
  answers.push(await visitor.get('/admin/audit'), await visitor.get('/customers/100'), await visitor.logOut())
  for (const { headers } of answers) {
    assert.match(String(headers['cache-control']), /private, no-store/)
    assert.match(String(headers.vary), /Cookie/)
  }
})

test('[PRIV-8] session fixation: a cookie that was planted before the login gives no access after the login', async (t) => {
  const demo = await startDemo(t)
  const victim = demo.visitor()
  await victim.get('/')
  const attacker = victim.copy()
  await victim.logInWell(4)
  assert.equal((await attacker.get('/customers')).status, 303)
  assert.equal((await victim.get('/customers')).status, 200)
})

test('a cookie or token in an address, a field or another header opens no session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const { token } = await signedIn(demo, 4)
  assert.equal((await visitor.get('/customers')).status, 200)
  assert.equal((await callWith(demo, token)).status, 200)
  for (const secret of [visitor.sessionCookie, token]) {
    const stranger = demo.visitor()
    const headers = { 'X-Session-Id': secret, 'X-Auth-Token': secret, 'Proxy-Authorization': `Bearer ${secret}` }
    for (const name of ['4DSID_Tessera', '$4DSID', 'access_token', 'sid', 'token']) {
      const query = new URLSearchParams({ [name]: secret })
      assert.equal((await stranger.get(`/customers?${query}`, headers)).status, 303, name)
      assert.equal((await stranger.post('/account/tokens', { [name]: secret }, headers)).status, 409, name)
      assert.equal((await stranger.get(`/api/me?${query}`, headers)).status, 401, name)
    }
  }
})

test('[LIFE-1] an hour without a request closes the session, and requests keep the session open', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  for (let time = 0; time < 3; time += 1) {
    demo.clock.advance({ minutes: 59 })
    assert.equal((await visitor.get('/customers')).status, 200)
  }
  demo.clock.advance({ minutes: 62 })
  assert.equal((await visitor.get('/customers')).status, 303)
})

test('a request just after a sign-out sets no cookie, and the user can sign in again at once', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  await demo.parts.sessions?.end(sessionIdOf(visitor))
  const answer = await visitor.get('/customers')
  assert.deepEqual([answer.status, answer.setCookies], [303, []])
  assert.equal((await visitor.follow(await visitor.logIn(4))).status, 200)
  assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 1)
})

test('a double click on Log In signs the user in', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.get('/')
  let browser = visitor
  const submit = async (tab: Visitor) => {
    assert.equal((await tab.logIn(4)).status, 302)
    browser = tab // the browser keeps the cookie of the answer that arrives last
  }
  await Promise.all([submit(visitor.copy()), submit(visitor.copy())])
  assert.equal((await browser.get('/customers')).status, 200)
})
