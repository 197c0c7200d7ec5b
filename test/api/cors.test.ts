import assert from 'node:assert/strict'
import test from 'node:test'
import { signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'

const APP = 'https://app.example.com'
const PREFLIGHT = { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'authorization' }

test('[ROUTE-2] only pages of CORS_ORIGINS may call the API, and never with cookies', async (t) => {
  const demo = await startDemo(t, { corsOrigins: [APP] })
  const { token } = await signedIn(demo, 4)
  const url = `${demo.url}/api/me`
  const call = (origin: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers, Origin: origin } })

  const allowed = await call(APP)
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers.get('access-control-allow-origin'), APP)
  assert.match(allowed.headers.get('access-control-expose-headers') ?? '', /ETag/)
  const refused = await fetch(url, { headers: { Origin: APP } })
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, APP])

  const preflight = await call(APP, { method: 'OPTIONS', headers: PREFLIGHT })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH/)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization/)

  for (const origin of ['https://evil.test', 'null', `${APP}.evil.test`, 'http://app.example.com', `${APP}:8443`])
    for (const init of [{}, { method: 'OPTIONS', headers: PREFLIGHT }]) {
      const { headers } = await call(origin, init)
      assert.equal(headers.get('access-control-allow-origin'), null, origin)
    }
  for (const response of [allowed, refused, preflight]) {
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
    assert.match(response.headers.get('vary') ?? '', /Origin/)
  }
  const page = await fetch(demo.url, { headers: { Origin: APP } })
  assert.equal(page.headers.get('access-control-allow-origin'), null)
})

test('[ROUTE-2] without CORS_ORIGINS no page of another site may call the API', async (t) => {
  const demo = await startDemo(t)
  for (const method of ['GET', 'OPTIONS']) {
    const response = await fetch(`${demo.url}/api/me`, { method, headers: { ...PREFLIGHT, Origin: APP } })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  }
})
