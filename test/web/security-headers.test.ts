import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { openStream } from '../support/stream.ts'
import { type Answer, assertSafe } from '../support/visitor.ts'

test('[ROUTE-3] refusals, failures and streams have the security headers, and no cache stores them', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const isPrivate = ({ status, headers }: Pick<Answer, 'status' | 'headers'>, expected: number) => {
    assert.equal(status, expected)
    assert.match(String(headers['cache-control']), /no-store/, String(status))
  }
  isPrivate(await visitor.post('/logout', {}, { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }), 403)
  isPrivate(await visitor.get('/assets/none.css'), 404)
  isPrivate(await visitor.get('/api/docs/none.css'), 401)
  isPrivate(await visitor.get('/logout'), 405)
  isPrivate(await visitor.post('/logout', { field: 'a'.repeat(25_000) }), 413)
  isPrivate(await visitor.post('/logout', { a: 'b' }, { 'Content-Type': 'text/csv' }), 415)
  for (let attempt = 0; attempt < 10; attempt += 1) await visitor.logIn(4, 'wrong')
  // The browser itself may keep a refused login, so that Back works. It may not keep a form of an ended session.
  const limited = await visitor.logIn(4, 'wrong')
  assert.deepEqual([limited.status, limited.headers['cache-control']], [429, 'private, no-cache'])
  const unsentForm = JSON.stringify({ action: '/operations', actingUser: '4', fields: [], passwords: [] })
  isPrivate(await visitor.post('/4DACTION/authenticate', { userId: '4', password: 'wrong', unsentForm }), 429)
  Object.assign(demo.parts.shownMetrics, { text: () => Promise.reject(new Error('no metrics')) })
  isPrivate(await visitor.get('/metrics'), 500)

  await visitor.logInWell(5)
  const stream = await openStream(`${demo.url}/session/events`, visitor)
  isPrivate(stream, 200)
  assertSafe({ ...stream, setCookies: [] })
  stream.close()
  demo.parts.readiness.stop()
  isPrivate(await visitor.get('/readyz'), 503)
})
