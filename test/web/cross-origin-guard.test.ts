import assert from 'node:assert/strict'
import test from 'node:test'
import { OwnOrigins } from '../../src/web/own-origins.ts'
import { startDemo } from '../support/demo.ts'
import { sessionIdOf, snapshotOf } from '../support/pages.ts'
import { routesOf } from '../support/routes.ts'
import { FORM, type Visitor } from '../support/visitor.ts'

const OFF = { 'Sec-Fetch-Site': undefined, Origin: undefined }

/** The headers of a request, and whether the server accepts it. `own` stands for the server's origin. */
const ORIGINS: [says: Record<string, string | undefined>, passes: boolean][] = [
  [{ 'Sec-Fetch-Site': 'same-origin', Origin: undefined }, true],
  [{ 'Sec-Fetch-Site': 'none', Origin: undefined }, true],
  [{ 'Sec-Fetch-Site': 'same-site', Origin: undefined }, false],
  [{ 'Sec-Fetch-Site': 'cross-site', Origin: undefined }, false],
  [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'own' }, false],
  [{ 'Sec-Fetch-Site': 'nonsense', Origin: 'own' }, false],
  [{ 'Sec-Fetch-Site': 'same-origin, cross-site', Origin: 'own' }, false],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'own' }, true],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'null' }, false],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'http://evil.test' }, false],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'own.evil.test' }, false],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'https-own' }, false],
  [{ 'Sec-Fetch-Site': undefined, Origin: 'http://127.0.0.1' }, false],
  [OFF, false],
  [{ ...OFF, Cookie: undefined }, true],
]

test('every route that can change something, including the login, refuses requests from other sites', async (t) => {
  const demo = await startDemo(t)
  const unsafe = routesOf(demo).filter(({ method }) => !['GET', 'HEAD'].includes(method))
  assert.ok(unsafe.length > 20, `only ${unsafe.length} routes were found`)
  for (const { method, path } of [
    ...unsafe,
    { method: 'POST', path: '/nope' },
    { method: 'PUT', path: '/' },
    { method: 'TRACE', path: '/' },
  ]) {
    const send = async (visitor: Visitor, says: Record<string, string | undefined>) => {
      const headers: Record<string, string | undefined> = { ...says, ...FORM }
      if (headers.Origin?.startsWith('own')) headers.Origin = headers.Origin.replace('own', demo.url)
      if (headers.Origin === 'https-own') headers.Origin = demo.url.replace('http:', 'https:')
      const answer = await visitor.send(path, { method, headers })
      const what = `${method} ${path} ${JSON.stringify(headers)} → ${answer.status}`
      return { answer, what, isRefused: /came from another site/.test(answer.text) }
    }

    const visitor = demo.visitor()
    await visitor.logInWell(4)
    const before = await snapshotOf(demo.parts)
    for (const [says] of ORIGINS.filter(([, passes]) => !passes)) {
      const { answer, what, isRefused } = await send(visitor, says)
      assert.ok(isRefused, what)
      assert.deepEqual([answer.status, answer.setCookies], [403, []], what)
      const session = await demo.parts.sessions?.get(sessionIdOf(visitor))
      assert.equal(session?.userId, '4', `still signed in after ${what}`)
    }
    assert.equal(await snapshotOf(demo.parts), before, `${method} ${path}`)

    // An accepted request may still lack a privilege or log its user out.
    for (const [says] of ORIGINS.filter(([, passes]) => passes)) {
      const welcome = demo.visitor()
      await welcome.logInWell(4)
      const { what, isRefused } = await send(welcome, says)
      assert.ok(!isRefused, what)
    }
  }
})

test('[COOKIE-12] a form that another site posts to any path signs no user out', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  // The cookie is SameSite=Lax, so browsers leave it out of a cross-site POST.
  const forged = { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test', Cookie: undefined }
  for (const path of [
    '/',
    '/logout',
    '/4DACTION/authenticate',
    '/customers',
    '/nope',
    '/healthz',
    '/assets/nope.css',
  ]) {
    const answer = await visitor.post(path, {}, forged)
    assert.deepEqual([answer.status, answer.setCookies], [403, []], path)
  }
  assert.equal((await visitor.get('/customers')).status, 200)
})

test('the loopback names of this machine count as one origin, and a public address as another origin', () => {
  const local = new OwnOrigins({ publicUrl: undefined, host: '127.0.0.1', https: false })
  assert.equal(local.includes('http://127.0.0.1:8044'), false, 'the server has no origin before the port is known')
  local.bound(8044)
  for (const own of ['http://localhost:8044', 'http://127.0.0.1:8044', 'http://[::1]:8044'])
    assert.equal(local.includes(own), true, own)
  for (const other of [
    'http://localhost',
    'http://localhost:8045',
    'https://localhost:8044',
    'http://localhost:8044/',
    'null',
    '',
  ])
    assert.equal(local.includes(other), false, other)

  const shop = new OwnOrigins({ publicUrl: 'https://crm.example.com', host: '0.0.0.0', https: false })
  shop.bound(8044)
  assert.equal(shop.includes('https://crm.example.com'), true)
  assert.equal(shop.includes('http://localhost:8044'), false)
  assert.equal(shop.includes('https://crm.example.com.evil.test'), false)
  assert.equal(shop.secure, true)
})

test('no page can be embedded in another site, but a link from another site works', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  for (const destination of ['image', 'script', 'style', 'iframe', 'frame', 'object', 'embed', 'empty', 'audio'])
    for (const site of ['cross-site', 'same-site']) {
      const answer = await visitor.get('/customers', {
        'Sec-Fetch-Site': site,
        'Sec-Fetch-Dest': destination,
        'Sec-Fetch-Mode': 'no-cors',
      })
      assert.equal(answer.status, 403, `${site} ${destination}`)
      assert.deepEqual(answer.setCookies, [])
    }
  assert.equal((await visitor.get('/customers', { 'Sec-Fetch-Site': 'cross-site' })).status, 200)
})
