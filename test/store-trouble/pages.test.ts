import assert from 'node:assert/strict'
import test from 'node:test'
import type { Demo } from '../support/demo.ts'
import { headingOf, sessionIdOf } from '../support/pages.ts'
import { routesOf } from '../support/routes.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

const WRITES = [
  'create',
  'update',
  'touch',
  'attach',
  'detach',
  'rotate',
  'redeem',
  'replace',
  'end',
  'endMany',
  'remove',
] as const
const HEADING = 'Your session cannot be reached right now'

function assertUnavailable(answer: Answer, what: string): void {
  assert.deepEqual([answer.status, answer.headers['retry-after'], answer.setCookies], [503, '5', []], what)
  assert.equal(headingOf(answer), HEADING, what)
  assert.doesNotMatch(answer.text, /db\.internal|name="password"/, what)
}

test('a user with a cookie gets 503 and no login page from every page and form, and is still signed in afterwards', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitors = await everyKind(demo)
  trouble.trouble('fails')
  for (const { method, url, isStream } of requestsTo(demo))
    for (const visitor of visitors.values()) {
      if (isStream) continue
      assertUnavailable(method === 'GET' ? await visitor.get(url) : await visitor.post(url), `${method} ${url}`)
    }
  trouble.mend()
  await assertAllAsBefore(visitors)
})

test('when the store can be read but not written, pages fail only with 503, and no user is signed out', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitors = await everyKind(demo)
  demo.clock.advance({ minutes: 2 })
  trouble.trouble('fails', ...WRITES)
  const seen = new Set<number>()
  for (const { method, url, isStream } of requestsTo(demo))
    for (const [name, visitor] of visitors) {
      if (isStream) continue
      const answer = method === 'GET' ? await visitor.get(url) : await visitor.post(url)
      const what = `${method} ${url} by ${name}`
      seen.add(answer.status)
      assert.deepEqual(answer.setCookies, [], what)
      if (answer.status >= 500) assertUnavailable(answer, what)
      if (name !== 'a guest') assert.ok(!answer.location?.startsWith('/authenticate.shtml'), what)
    }
  assert.ok(seen.has(503) && seen.has(200) && seen.has(303), [...seen].join())
  trouble.mend()
  await assertAllAsBefore(visitors)
})

test('the error page says that the user is still signed in, and its link requests the same page again', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  await visitor.get('/authenticationOK.shtml')
  trouble.trouble('fails')
  const unknown = await visitor.get('/customers?search=a&page=2')
  assertUnavailable(unknown, 'a page')
  assert.match(unknown.text, /signed-in users are still signed in/)
  // An empty `href` links to the same page, so the page need not contain its own address.
  assert.match(unknown.text, /<a class="button" href="">Try again<\/a>/)
  assert.ok(!unknown.text.includes('search=a'))

  trouble.trouble('fails', 'end')
  const known = await visitor.logOut()
  assertUnavailable(known, 'a log out')
  assert.match(known.text, /You are still signed in\. Wait a few seconds, go back, and try again\./)
  assert.doesNotMatch(known.text, /href=""/, 'a form is not sent again by a link')
})

test('clients that ask for JSON get the same error in JSON', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  trouble.trouble('fails')
  const { status, text, headers, setCookies } = await visitor.get('/customers', { Accept: 'application/json' })
  assert.deepEqual([status, headers['retry-after'], setCookies], [503, '5', []])
  const { error } = JSON.parse(text)
  assert.deepEqual([error.status, error.title], [503, HEADING])
  assert.doesNotMatch(text, /db\.internal/)
})

test('requests that need no session keep working: the styles of the error page, the health check, the description of the API', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  trouble.trouble('fails')
  const { text } = await visitor.get('/customers')
  const urls = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url = '']) => url)
  assert.ok(urls.length >= 2)
  for (const url of [...urls, '/favicon.ico', '/healthz', '/metrics', '/api/openapi.json'])
    assert.equal((await visitor.get(url)).status, 200, url)
})

test('a visitor without a cookie sees the public pages, and gets no cookie', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  trouble.trouble('fails')
  const newcomer = demo.visitor()
  for (const url of ['/', '/authenticate.shtml', '/signup', '/api/docs']) {
    const answer = await newcomer.get(url)
    assert.deepEqual([answer.status, answer.setCookies], [200, []], url)
  }
  assert.equal((await newcomer.get('/customers')).location, '/authenticate.shtml?next=%2Fcustomers')
  assert.equal((await newcomer.get('/nope')).status, 404)
  trouble.mend()
  assert.equal((await newcomer.get('/')).setCookies.length, 1)
})

test('a page is shown even if its activity cannot be recorded', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  demo.clock.advance({ minutes: 2 })
  trouble.trouble('fails', 'touch')
  assert.equal((await visitor.get('/customers')).status, 200)
  assert.deepEqual(trouble.troubled, ['touch'])
})

test('an administrator’s message that could not be delivered is shown once the store is back', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  await demo.parts.sessions?.removeWithMessage(sessionIdOf(visitor), 'Closed for the night.')
  trouble.trouble('fails', 'takeMessage')
  const without = await visitor.get('/')
  assert.equal(without.status, 200)
  assert.doesNotMatch(without.text, /Closed for the night/)
  trouble.mend()
  assert.match((await visitor.get('/')).text, /Closed for the night/)
})

async function everyKind(demo: Demo): Promise<Map<string, Visitor>> {
  const visitors = new Map([['a guest', demo.visitor()]])
  await visitors.get('a guest')?.get('/')
  for (const userId of [4, 5, 6]) {
    const visitor = demo.visitor()
    await visitor.logInWell(userId)
    visitors.set(`user ${userId}`, visitor)
  }
  return visitors
}

async function assertAllAsBefore(visitors: Map<string, Visitor>): Promise<void> {
  for (const [name, visitor] of visitors) {
    const { status, setCookies } = await visitor.get('/account/sessions')
    assert.deepEqual([status, setCookies], [name === 'a guest' ? 303 : 200, []], name)
  }
}

// The page of a sandbox opens no session of the demo.
const WITHOUT_SESSION = '/lab/sandbox/:name'

function requestsTo(demo: Demo) {
  return routesOf(demo)
    .filter(({ method, path }) => method !== 'HEAD' && path !== WITHOUT_SESSION)
    .map(({ method, path }) => ({
      method,
      url: path.replace(':id', '1').replace(':handle', 'x'),
      isStream: path.endsWith('/events'),
    }))
}
