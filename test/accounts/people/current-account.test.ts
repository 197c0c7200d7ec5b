import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import test from 'node:test'
import type { Role } from '../../../db/tables.ts'
import { findAccount } from '../../../src/accounts/index.ts'
import { startWithRecorder } from '../../support/approvals.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { pathOf, sessionIdOf } from '../../support/pages.ts'
import { STREAM_HEADERS } from '../../support/stream.ts'
import { callWith, makeToken, tokenOn } from '../../support/tokens.ts'

test('[PEOPLE-4] an account that is disabled in the database is signed out at its next request, with the reason', async (t) => {
  const demo = await startDemo(t)
  const requests = {
    page: (visitor) => visitor.get('/customers'),
    form: (visitor) => visitor.post('/operations', { customer: '1', percent: '5', reason: 'Late' }),
    'form for all visitors': (visitor) => visitor.post('/account/sessions/end-others'),
    'page for all visitors': (visitor) => visitor.get('/signup'),
  } satisfies Record<string, (visitor: ReturnType<Demo['visitor']>) => Promise<unknown>>
  for (const [what, send] of Object.entries(requests)) {
    await set(demo, { active: 1 })
    const [visitor, other] = [demo.visitor(), demo.visitor()]
    await visitor.logInWell(1)
    await other.logInWell(1)
    await set(demo, { active: 0 })
    await send(visitor)
    assert.equal(await demo.parts.sessions?.count({ userId: '1' }), 0, what)
    for (const device of [visitor, other])
      assert.match((await device.follow(await device.get('/customers'))).text, /Your account is disabled\./, what)
  }
  assert.deepEqual(await demo.parts.database.selectFrom('operations').select('id').execute(), [])
})

test('[PEOPLE-4] after an account is disabled, its open pages notice the end, because their stream answers 204', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(6)
  await set(demo, { active: 0 }, 6)
  const answer = await visitor.send('/admin/sessions/events', { method: 'HEAD', headers: STREAM_HEADERS })
  assert.equal(answer.status, 204)
})

test('[PEOPLE-4] a role that is changed in the database ends the session at its next request', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(5)
  const token = tokenOn(await makeToken(helen))
  await set(demo, { role: 'salesperson' }, 5)
  assert.equal((await callWith(demo, token, '/api/customers')).status, 401)
  const page = await helen.follow(await helen.get('/customers'))
  assert.match(page.text, /Your role is now salesperson\./)
  await helen.logInWell(5)
  assert.match((await helen.get('/customers')).text, /<h1>Your customers</)
})

test('[PEOPLE-4] a link of a disabled user opens nothing', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(1)
  const link = async (options = {}) => String(await demo.parts.sessions?.createOTP(sessionIdOf(visitor), options))
  const [page, request] = [await link(), await link({ requestOnly: true })]
  await set(demo, { active: 0 })
  const opened = await demo.visitor().get(`/account/sessions?$4DSID=${request}`)
  assert.deepEqual([opened.status, /account is disabled/.test(opened.text)], [403, true])
  assert.equal((await demo.visitor().get(`/account/sessions?$4DSID=${page}`)).status, 303)
})

test('[PEOPLE-4] a callback for a disabled user completes nothing', async (t) => {
  for (const scenario of ['$4DSID', 'state', 'rest']) {
    const { demo, ask, received } = await startWithRecorder(t)
    await ask({ scenario })
    const { callback, redirectUri, state } = received[0]?.body.reply ?? {}
    await set(demo, { active: 0 }, 4)
    const answer = await demo.visitor().get(pathOf(callback ?? `${redirectUri}?state=${state}`))
    assert.equal(answer.status, 403, scenario)
    assert.match(answer.text, /Your account is disabled/)
    const [operation] = await demo.parts.database.selectFrom('operations').select('state').execute()
    assert.equal(operation?.state, 'asked', scenario)
  }
})

test('[PEOPLE-4] a form does nothing if its user gets another role while the form arrives', async (t) => {
  const demo = await startDemo(t)
  const admin = demo.visitor()
  await admin.logInWell(6)
  const cookies = [...admin.cookies].map(([name, value]) => `${name}=${value}`)
  const form = request(`${demo.url}/admin/accounts/2/disable`, {
    method: 'POST',
    headers: {
      Cookie: cookies.join('; '),
      'Content-Type': 'application/x-www-form-urlencoded',
      'Sec-Fetch-Site': 'same-origin',
      Expect: '100-continue',
    },
  })
  const answered = once(form, 'response')
  form.flushHeaders()
  await once(form, 'continue')
  assert.equal((await admin.get('/admin/accounts/2')).status, 200)
  await set(demo, { role: 'manager' }, 6)
  form.end('actingUser=6')
  const [answer] = (await answered) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 409)
  assert.equal((await findAccount(demo.parts.database, '2'))?.isActive, true)
})

test('[PEOPLE-4] logging out needs no account', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(1)
  await set(demo, { active: 0 })
  assert.equal((await visitor.logOut()).status, 303)
  assert.equal(await demo.parts.sessions?.count({ userId: '1' }), 0)
})

function set({ parts }: Demo, change: { active: number } | { role: Role }, userId = 1) {
  return parts.database.updateTable('sales_persons').set(change).where('user_id', '=', userId).execute()
}
