import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import test from 'node:test'
import { disableSalesperson } from '../../src/accounts/index.js'
import { ApiClient, assertProblem, signedIn } from '../support/api-client.js'
import { startDemo } from '../support/demo.js'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../support/sign-up.js'

test('[BEARER-14] people sign in with their number, as a number or as digits, or with their e-mail address', async (t) => {
  const demo = await startDemo(t)
  for (const username of [4, '4', ' 04 ', 'noah.lindgren@crm.example', 'Noah.Lindgren@CRM.example']) {
    const client = await signedIn(demo, username)
    assert.equal((await client.get('/me')).body.userId, '4', String(username))
  }
})

test('[BEARER-10] a bearer call needs no CSRF defence, and a call without a token is told how to sign in', async (t) => {
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

test('guesses over the API and on the page count together, and then both are told to wait', async (t) => {
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

test('where login texts are uniform the API does not tell an unknown userId from a wrong password either', async (t) => {
  const demo = await startDemo(t, { loginText: 'uniform' })
  const client = new ApiClient(demo)
  const messages = await Promise.all(
    ['4', '999', 'nobody'].map(async (username) => (await client.post('/signin', { username, password: 'x' })).text),
  )
  assert.equal(new Set(messages).size, 1)
})

test('somebody who is switched off while his password is verified gets no token', async (t) => {
  const demo = await startDemo(t)
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  passwords.verify = async (password, hash) => {
    const fits = await verify(password, hash)
    await disableSalesperson(demo.parts, 4)
    return fits
  }
  assertProblem(await new ApiClient(demo).post('/signin', { username: 4, password: 'crm-demo' }), 401)
  assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 0)
})

test('a customer who signed up signs in once his address is validated, and reaches what is his', async (t) => {
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

test('[BEARER-8] a token that ends while a body is still being sent stores nothing, and says that it ended', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const asked = request(`${demo.url}/api/session/variables/late`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${client.token}`, 'Content-Type': 'application/json', Expect: '100-continue' },
  })
  asked.flushHeaders()
  await once(asked, 'continue')
  // By the time that a later request is answered, the earlier one waits for its body.
  assert.equal((await client.get('/me')).status, 200)
  await client.post('/signout')
  asked.end('{"value":"x"}')
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  assert.deepEqual([answer.statusCode, answer.headers['www-authenticate']], [401, 'Bearer'])
  answer.resume()
})

test('when all licences are taken a sign-in is told so with the documented number', async (t) => {
  const demo = await startDemo(t, { maxSessions: 1 })
  await signedIn(demo, 4)
  const refused = await new ApiClient(demo).post('/signin', { username: 3, password: 'crm-demo' })
  assertProblem(refused, 503, /\(5503\)$/)
  assert.ok(Number(refused.headers['retry-after']) > 0)
})

test('a server that runs without sessions says so, and still shows its documentation', async (t) => {
  const demo = await startDemo(t, { sessions: 'none' })
  const client = new ApiClient(demo)
  assert.deepEqual((await client.get('/testpage')).body, { message: 'The API is here.', signedIn: false })
  assert.equal((await client.post('/signout')).status, 200)
  for (const answer of [await client.get('/me'), await client.post('/signin', { username: 4, password: 'crm-demo' })])
    assertProblem(answer, 503, /without sessions/)
  assert.equal((await client.get('/openapi.json')).status, 200)
})
