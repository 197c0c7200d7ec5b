import assert from 'node:assert/strict'
import { test } from 'node:test'
import { privilegeGate, recentLoginGate, userGate } from '../../../src/session/http/gates.ts'

const GUEST = { userId: undefined, userName: '', hasPrivilege: () => false, isGuest: () => true }

test('[ADAPT-7] the redirect to the login page names a page of this application to which the user can return', () => {
  const gate = userGate({ loginPath: '/login' })
  const locationOf = (method: string, url: string) => gate(GUEST, { method, url })
  assert.equal(locationOf('GET', '/orders?page=2'), '/login?next=%2Forders%3Fpage%3D2')
  assert.equal(locationOf('HEAD', '/orders'), '/login?next=%2Forders')
  assert.equal(locationOf('GET', '/orders?$4DSID=ABC&page=2'), '/login?next=%2Forders%3Fpage%3D2')
  for (const [method, url] of [
    ['POST', '/orders'],
    ['GET', '//other.example/orders'],
    ['GET', 'http://other.example/orders'],
    ['OPTIONS', '*'],
  ] as const)
    assert.equal(locationOf(method, url), '/login', url)
  assert.equal(userGate({ loginPath: '/in?from=x' })(GUEST, { method: 'GET', url: '/a' }), '/in?from=x&next=%2Fa')
})

test('[ADAPT-7] a gate without a session throws, and a gate with a null session answers 503', () => {
  const head = { method: 'GET', url: '/' }
  for (const gate of [
    userGate({ loginPath: '/login' }),
    privilegeGate('viewOrders', { loginPath: '/login' }),
    recentLoginGate({ withinMinutes: 5, confirmPath: '/confirm' }),
  ] as ReturnType<typeof userGate>[]) {
    assert.throws(() => gate(undefined, head), /found no session: mount sessions\(\) above it/)
    assert.throws(() => gate(null, head), { code: 'SESSIONS_OFF', status: 503 })
  }
})
