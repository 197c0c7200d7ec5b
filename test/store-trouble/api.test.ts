import assert from 'node:assert/strict'
import test from 'node:test'
import { ApiClient, assertProblem, signedIn } from '../support/api-client.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'

test('while the store is down an API client gets 503 with the two members of an error, keeps its token, and can continue afterwards', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const client = await signedIn(demo, 4)
  trouble.trouble('fails')
  for (const [method, path] of [
    ['GET', '/me'],
    ['GET', '/customers'],
    ['GET', '/nothing-here'],
    ['PUT', '/session/variables/report'],
    ['POST', '/signout'],
    ['GET', '/testpage'],
  ] as const) {
    const answer = await client.send(method, path)
    assertProblem(answer, 503)
    assert.equal(answer.headers['retry-after'], '5', path)
    assert.equal(answer.headers['www-authenticate'], undefined, path)
    assert.deepEqual(answer.setCookies, [], path)
    assert.doesNotMatch(answer.text, /db\.internal/, path)
  }
  trouble.mend()
  assert.equal((await client.get('/me')).status, 200)
})

test('a sign-in that could not be stored returns no token and does not count as a failed guess, and a failed sign-out reports no success', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const client = await signedIn(demo, 4)
  trouble.trouble('fails', 'create', 'end')
  for (let n = 0; n < 12; n++) {
    const refused = await new ApiClient(demo).post('/signin', { username: '4', password: 'crm-demo' })
    assertProblem(refused, 503)
    assert.doesNotMatch(refused.text, /crm_/)
  }
  assertProblem(await client.post('/signout'), 503)
  assert.equal((await client.get('/me')).status, 200)
  trouble.mend()
  assert.equal((await client.post('/signout')).status, 200)
  assert.equal((await client.get('/me')).status, 401)
  await signedIn(demo, 4)
})

test('a request without a token does not use the store: paths that need no token work, and other paths are refused as usual', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  trouble.trouble('fails')
  assert.equal((await new ApiClient(demo).get('/testpage')).status, 200)
  const refused = await new ApiClient(demo).get('/me')
  assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'])
})
