import assert from 'node:assert/strict'
import test from 'node:test'
import { signedIn } from '../support/api-client.ts'
import { auditOf, auditRowsOf } from '../support/audit.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { scrape } from '../support/metrics.ts'
import { sessionIdOf } from '../support/pages.ts'
import { newestLink, signUpAs } from '../support/sign-up.ts'
import { STREAM_HEADERS } from '../support/stream.ts'

test('[LIFE-9] the audit trail shows why sessions ended: logout, timeout, revoked, limit, server stop', async (t) => {
  const demo = await startDemo(t, { maxSessionsPerUser: 1 })
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  await ada.logOut()
  const [signedOut] = await auditOf(demo, 'sign-out')
  assert.deepEqual([signedOut?.user_id, signedOut?.user_name, signedOut?.session_id], ['1', 'Ada Marlow', id])
  assert.match(signedOut?.request_id ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(signedOut?.address, '127.0.0.1')

  await demo.visitor().logInWell(2)
  await demo.visitor().logInWell(2)
  assert.deepEqual(await whyExpired(demo), ['ended to make room for a newer session'])
  const active = demo.visitor()
  await active.logInWell(3)
  for (let half = 0; half < 24; half++) {
    demo.clock.advance({ minutes: 30 })
    await active.get('/')
  }
  demo.clock.advance({ hours: 1 })
  await demo.parts.sessions?.sweep()
  assert.deepEqual((await whyExpired(demo)).slice(1).sort(), ['absolute timeout', 'idle timeout'])

  const last = demo.visitor()
  await last.logInWell(4)
  await demo.parts.sessions?.close()
  assert.equal((await whyExpired(demo)).at(-1), 'the server was stopped')
})

test('the audit trail records a login as the replacement of a guest’s session, with the new privileges', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.get('/')
  const before = sessionIdOf(ada)
  await ada.logInWell(1)
  const [secured] = await auditOf(demo, 'secured')
  assert.deepEqual([secured?.session_id, secured?.detail], [sessionIdOf(ada), `in place of ${before}`])
  assert.match((await auditOf(demo, 'privileges-changed'))[0]?.detail ?? '', /viewCustomers/)
})

test('the audit trail records session ID rotation after re-authentication', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  assert.equal((await ada.post('/account/confirm', { password: 'crm-demo', next: '/customers' })).status, 303)
  assert.deepEqual(
    (await auditOf(demo, 'renewed')).map(({ user_id, detail }) => [user_id, detail]),
    [['1', 'password confirmed']],
  )
})

test('the audit trail records the creation, opening and refusal of one-time links, with user and origin', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const link = await demo.parts.sessions?.createOTP(id)
  const phone = demo.visitor()
  await phone.get(`/customers?$4DSID=${link}`, { 'User-Agent': 'A phone' })
  assert.equal((await auditOf(demo, 'link-made'))[0]?.session_id, id)
  const [restored] = await auditOf(demo, 'restored')
  assert.deepEqual([restored?.session_id, restored?.user_name, restored?.device], [id, 'Ada Marlow', 'A phone'])
  const stranger = demo.visitor()
  for (let time = 0; time < 5; time++) await stranger.get(`/?$4DSID=${link}`)
  demo.clock.advance({ minutes: 1 })
  const refused = await auditOf(demo, 'link-refused')
  assert.deepEqual(
    refused.map(({ user_id, session_id, times }) => [user_id, session_id, times]),
    [
      [null, null, 1],
      [null, null, 4],
    ],
  )
})

test('the audit trail records a REST sign-in, and the revocation of its token with both user and administrator', async (t) => {
  const demo = await startDemo(t)
  await signedIn(demo, 4)
  const [made] = await auditOf(demo, 'token-made')
  assert.deepEqual([made?.user_id, made?.user_name, made?.detail], ['4', 'Noah Lindgren', 'by a REST sign-in'])
  const admin = demo.visitor()
  await admin.logInWell(6)
  assert.equal((await admin.post(`/admin/sessions/${made?.session_id}/end`)).status, 303)
  const [revoked] = await auditOf(demo, 'token-revoked')
  assert.deepEqual(
    [revoked?.user_id, revoked?.by_user_id, revoked?.by_user_name, revoked?.session_id],
    ['4', '6', 'Tomasz Nowak', made?.session_id],
  )
})

test('the audit trail records refused requests to pages and to the API, and refused cross-site requests', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  assert.equal((await manager.get('/admin/audit?user=secret')).status, 403)
  assert.equal((await manager.post('/logout', {}, { 'Sec-Fetch-Site': 'cross-site' })).status, 403)
  const token = (await signedIn(demo, 6)).token
  const answer = await demo.visitor().get('/api/customers', { Authorization: `Bearer ${token}` })
  assert.equal(answer.status, 403)
  assert.deepEqual(
    (await auditOf(demo, 'refused')).map(({ user_id, detail }) => [user_id, detail]),
    [
      ['5', 'GET /admin/audit: needs WebAdmin'],
      [null, 'POST /logout'],
      ['6', 'GET /api/customers'],
    ],
  )
})

test('requests of guests leave no entry in the audit trail', async (t) => {
  const demo = await startDemo(t)
  for (let index = 0; index < 5; index++) {
    const guest = demo.visitor()
    await guest.get('/')
    await guest.get('/customers')
    await guest.get('/session/events', STREAM_HEADERS)
  }
  demo.clock.advance({ hours: 3 })
  await demo.parts.sessions?.sweep()
  assert.deepEqual(await auditRowsOf(demo), [])
})

test('no password, cookie, token or link is ever in the audit trail', async (t) => {
  const demo = await startDemo(t)
  const secrets = ['crm-demo', 'correct horse battery', 'a wrong password']
  const ada = demo.visitor()
  await ada.logIn(1, 'a wrong password')
  await ada.logInWell(1)
  secrets.push(...ada.cookies.values())
  const guest = demo.visitor()
  await signUpAs(demo, guest, 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  await demo.visitor().get(link)
  await demo.visitor().get(link)
  secrets.push(new URL(link, demo.url).searchParams.get('$4DSID') ?? '')
  secrets.push((await signedIn(demo, 4)).token)
  demo.clock.advance({ minutes: 1 })
  const rows = JSON.stringify(await auditRowsOf(demo))
  assert.match(rows, /link-refused/)
  for (const secret of secrets) {
    assert.ok(secret.length > 5, 'a secret was found')
    const part = secret.includes('.') ? secret.slice(secret.indexOf('.') + 1) : secret
    assert.ok(!rows.includes(part), `the trail holds ${part}`)
  }
})

async function whyExpired(demo: Demo): Promise<string[]> {
  return (await auditOf(demo, 'expired')).map(({ detail }) => detail)
}

test('[CAP-7] forged and unknown cookies and tokens are counted and recorded with their address, in a few rows', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  for (let number = 0; number < 50; number++) {
    visitor.cookies.set('4DSID_Tessera', `forged${number}`)
    await visitor.get('/customers')
    visitor.cookies.set('4DSID_Tessera', `0123456789ABCDEF0123456789ABCD${number + 10}.${'x'.repeat(43)}`)
    await visitor.get('/customers')
    await demo.visitor().get('/api/me', { Authorization: `Bearer forged${number}` })
  }
  demo.clock.advance({ minutes: 1 })
  const rows = await auditOf(demo, 'credential-refused')
  assert.deepEqual(
    rows.map(({ detail, address, times, user_id }) => [detail, address, times, user_id]),
    [1, 49].flatMap((times) =>
      ['malformed session cookie', 'unknown session cookie', 'malformed bearer token'].map((detail) => [
        detail,
        '127.0.0.1',
        times,
        null,
      ]),
    ),
  )
  assert.doesNotMatch(JSON.stringify(rows), /forged|x{43}/)
  const series = await scrape(demo.visitor())
  const counted = (labels: string) => series.get(`crm_session_credentials_refused_total{${labels}}`)
  assert.equal(counted('kind="cookie",reason="malformed"'), 50)
  assert.equal(counted('kind="cookie",reason="unknown"'), 50)
  assert.equal(counted('kind="bearer",reason="malformed"'), 50)
  assert.equal(counted('kind="bearer",reason="unknown"'), 0)
})
