import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import test from 'node:test'
import { disableAccount } from '../../src/accounts/index.ts'
import { ApiClient, assertProblem, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { snapshotOf } from '../support/pages.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../support/sign-up.ts'

test('[BEARER-14] users sign in with their userId, as a number or as a text of digits, or with their e-mail address', async (t) => {
  const demo = await startDemo(t)
  for (const username of [4, '4', ' 04 ', 'noah.lindgren@crm.example', 'Noah.Lindgren@CRM.example']) {
    const client = await signedIn(demo, username)
    assert.equal((await client.get('/me')).body.userId, '4', String(username))
  }
})

test('[BEARER-10] a bearer request needs no CSRF defence, and a request without a token gets a 401 that names the Bearer scheme', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const foreign = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }
  const put = await client.send('PUT', '/session/variables/a', { body: { value: '1' }, headers: foreign })
  assert.equal(put.status, 200)
  assertProblem(await new ApiClient(demo).get('/me'), 401)
  assert.equal(
    (await client.send('OPTIONS', '/me', { headers: foreign })).headers['access-control-allow-origin'],
    undefined,
  )
})

test('failed sign-ins over the API and on the login page share one limit', async (t) => {
  const demo = await startDemo(t)
  const client = new ApiClient(demo)
  for (let times = 0; times < 5; times += 1) {
    assert.equal((await demo.visitor().logIn(4, 'wrong')).status, 422)
    assertProblem(await client.post('/signin', { username: 4, password: 'wrong' }), 401)
  }
  const limited = await client.post('/signin', { username: '4', password: 'crm-demo' })
  assertProblem(limited, 429, /Please try again in \d+ minutes\./)
  assert.ok(Number(limited.headers['retry-after']) > 0)
  assert.equal((await demo.visitor().logIn(4)).status, 429)
  assert.equal((await new ApiClient(demo).signIn(3)).status, 200)
})

test('with uniform login texts the API sends the same answer for an unknown userId and for a wrong password', async (t) => {
  const demo = await startDemo(t, { loginText: 'uniform' })
  const client = new ApiClient(demo)
  const messages = await Promise.all(
    ['4', '999', 'unknown'].map(async (username) => (await client.post('/signin', { username, password: 'x' })).text),
  )
  assert.equal(new Set(messages).size, 1)
})

test('an account that is disabled while its password is verified gets no token', async (t) => {
  const demo = await startDemo(t)
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  passwords.verify = async (password, hash) => {
    const fits = await verify(password, hash)
    await disableAccount(demo.parts, '4')
    return fits
  }
  assertProblem(await new ApiClient(demo).post('/signin', { username: 4, password: 'crm-demo' }), 401)
  assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 0)
})

test('a customer can sign in once the address is validated, and reaches only their own data', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await signUpAs(demo, visitor, 'ines@acme.example')
  const client = new ApiClient(demo)
  const credentials = { username: 'Ines@acme.example', password: GOOD_PASSWORD }
  assertProblem(await client.post('/signin', { ...credentials, password: 'x' }), 401, /unknown/)
  assertProblem(await client.post('/signin', credentials), 401, /not validated yet/)
  assert.equal(await demo.parts.sessions?.count({ kind: 'rest' }), 0)
  await visitor.get(await newestLink(demo, 'ines@acme.example'))
  client.token = (await client.post('/signin', credentials)).body.token
  const { body } = await client.get('/me')
  assert.deepEqual([body.role, body.email, body.privileges], ['customer', 'ines@acme.example', ['viewOwnPurchases']])
  for (const path of ['/customers', '/customers/1', '/portfolio/top3']) assertProblem(await client.get(path), 403)
  await demo.parts.database.deleteFrom('users').execute()
  assertProblem(await client.get('/me'), 401)
})

test('[BEARER-8] when a token ends while a body is being sent, the request stores nothing and gets a 401', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const slow = await sendSlowly(demo, client, 'PUT', '/session/variables/late')
  await client.post('/signout')
  assert.deepEqual(await slow.finish({ value: 'x' }), [401, 'Bearer'])
})

test('[BEARER-8] [BEARER-11] a request changes nothing if its token is signed out or revoked, or its user disabled, while the body arrives', async (t) => {
  const demo = await startDemo(t)
  const { database, sessions } = demo.parts
  const endings: Record<string, (client: ApiClient) => Promise<unknown>> = {
    'signed out': (client) => client.post('/signout'),
    revoked: (client) => Promise.resolve(sessions?.end(client.token.slice(4, 36), 'revoked')),
    'switched off': () => disableAccount(demo.parts, '4'),
    'switched off in the database': () => activate(0),
  }
  const activate = (active: number) =>
    database.updateTable('sales_persons').set({ active }).where('user_id', '=', 4).execute()
  const wanted = { PATCH: ['/customers/1', { city: 'Late' }], POST: ['/customers', NEW_CUSTOMER] } as const
  for (const [how, end] of Object.entries(endings))
    for (const [method, [path, body]] of Object.entries({ ...wanted, PUT: ['/session/variables/a', { value: '1' }] })) {
      const client = await signedIn(demo, 4)
      const late = await sendSlowly(demo, client, method, String(path))
      await end(client)
      await activate(1)
      const before = await snapshotOf(demo.parts)
      if (how.endsWith('database')) await activate(0)
      assert.deepEqual(await late.finish(body), [401, 'Bearer'], `${how}: ${method}`)
      await activate(1)
      assert.equal(await snapshotOf(demo.parts), before, `${how}: ${method}`)
      if (how.endsWith('database')) assert.deepEqual((await client.get('/session/variables')).body, { variables: {} })
    }
  const client = await signedIn(demo, 4)
  const late = await sendSlowly(demo, client, 'PATCH', '/customers/1')
  assert.deepEqual(await late.finish({ city: 'In time' }), [200, undefined])
})

test('a DELETE request does not wait for its body: it takes effect at once, and the connection is closed', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  await client.send('PUT', '/session/variables/a', { body: { value: '1' } })
  for (const path of ['/customers/1', '/session/variables/a']) {
    const asked = request(`${demo.url}/api${path}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${client.token}`, 'Content-Length': 100 },
    })
    asked.on('error', () => {})
    asked.flushHeaders()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    assert.deepEqual([answer.statusCode, answer.headers.connection], [204, 'close'], path)
    answer.resume()
    assertProblem(await client.get(path), 404)
    asked.destroy()
  }
})

test('a server error is not a failed guess, and leaves no session behind', async (t) => {
  const demo = await startDemo(t)
  const { passwords, database, sessions } = demo.parts
  const verify = passwords.verify.bind(passwords)
  const client = new ApiClient(demo)
  const credentials = { username: 4, password: 'crm-demo' }
  passwords.verify = async () => {
    throw new Error('no worker')
  }
  for (let times = 0; times < 12; times += 1) assertProblem(await client.post('/signin', credentials), 500)
  passwords.verify = async (password, hash) => {
    const fits = await verify(password, hash)
    await database.schema.alterTable('sales_persons').renameTo('elsewhere').execute()
    return fits
  }
  assertProblem(await client.post('/signin', credentials), 500)
  await database.schema.alterTable('elsewhere').renameTo('sales_persons').execute()
  assert.equal(await sessions?.count({ userId: '4' }), 0)
  passwords.verify = verify
  assert.equal((await client.post('/signin', credentials)).status, 200)
})

test('a username that is neither a number nor an address is not logged, because the user may have typed a password into the wrong field', async (t) => {
  const demo = await startDemo(t)
  const client = new ApiClient(demo)
  const typed = ['correct horse battery', 'p@ssw0rd!', '1234567890']
  for (const username of typed) assertProblem(await client.post('/signin', { username, password: 'x' }), 401)
  await demo.visitor().logIn('p@ssw0rd!', 'x')
  for (const username of typed) assert.ok(!demo.log.join('').includes(username), username)
  assert.ok(demo.log.some((line) => line.includes('"userId":"***"')))
  await client.post('/signin', { username: 'ada.marlow@crm.example', password: 'x' })
  assert.ok(demo.log.some((line) => line.includes('"userId":"ada.marlow@crm.example"')))
})

test('[LIMIT-2] failed sign-ins by userId and by e-mail address have separate limits, in every spelling', async (t) => {
  const demo = await startDemo(t)
  const client = new ApiClient(demo)
  for (const spellings of [
    [4, '4'],
    ['Noah.Lindgren@crm.example', 'noah.lindgren@crm.example'],
  ]) {
    for (let guess = 0; guess < 10; guess += 1) {
      const username = spellings[guess % 2]
      assertProblem(await client.post('/signin', { username, password: 'wrong' }), 401)
    }
    for (const username of spellings)
      assertProblem(await client.post('/signin', { username, password: 'crm-demo' }), 429)
  }
  assert.equal((await new ApiClient(demo).signIn('ada.marlow@crm.example')).status, 200)
})

test('a username or password with invalid text is refused with the reason', async (t) => {
  const client = new ApiClient(await startDemo(t))
  for (const broken of ['a\0b', '\ud800'])
    for (const [name, body] of [
      ['username', { username: broken, password: 'x' }],
      ['password', { username: 4, password: broken }],
    ] as const)
      assertProblem(
        await client.post('/signin', body),
        422,
        new RegExp(`^${name}: must not contain NUL or broken characters\\.$`),
      )
})

test('the test page of the API does not name a disabled user, and signing out ignores query parameters', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  assert.deepEqual((await client.get('/testpage')).body, { message: 'The API is here.', signedIn: true, userId: '4' })
  const setActive = (active: number) =>
    demo.parts.database.updateTable('sales_persons').set({ active }).where('user_id', '=', 4).execute()
  await setActive(0)
  assert.deepEqual((await client.get('/testpage')).body, { message: 'The API is here.', signedIn: false })
  await setActive(1)
  assert.equal((await client.send('POST', '/signout?reason=idle&_=1&_=2')).status, 200)
  assertProblem(await client.get('/me'), 401)
})

test('when all licences are in use, a sign-in is refused with the documented error number', async (t) => {
  const demo = await startDemo(t, { maxSessions: 1 })
  await signedIn(demo, 4)
  const refused = await new ApiClient(demo).post('/signin', { username: 3, password: 'crm-demo' })
  assertProblem(refused, 503, /\(5503\)$/)
  assert.ok(Number(refused.headers['retry-after']) > 0)
})

test('a server without sessions says so, and still shows its documentation', async (t) => {
  const demo = await startDemo(t, { sessions: 'none' })
  const client = new ApiClient(demo)
  assert.deepEqual((await client.get('/testpage')).body, { message: 'The API is here.', signedIn: false })
  assert.equal((await client.post('/signout')).status, 200)
  for (const answer of [await client.get('/me'), await client.post('/signin', { username: 4, password: 'crm-demo' })]) {
    assertProblem(answer, 503, /without sessions/)
    assert.equal(answer.headers['retry-after'], undefined, 'trying again soon would not help')
  }
  assert.equal((await client.get('/openapi.json')).status, 200)
})

/** Sends the head of a request. `finish` sends its body. */
async function sendSlowly(demo: Demo, client: ApiClient, method: string, path: string) {
  const asked = request(`${demo.url}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${client.token}`, 'Content-Type': 'application/json', Expect: '100-continue' },
  })
  const answered = once(asked, 'response')
  asked.flushHeaders()
  await once(asked, 'continue')
  assert.equal((await client.get('/me')).status, 200)
  return {
    async finish(body: unknown) {
      asked.end(JSON.stringify(body))
      const [answer] = (await answered) as [IncomingMessage]
      answer.resume()
      return [answer.statusCode, answer.headers['www-authenticate']]
    },
  }
}
