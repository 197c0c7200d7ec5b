import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { barrier } from '../../support/barrier.ts'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, signedUpCustomer } from '../../support/sign-up.ts'

const CONFIRM = '/account/confirm'

test('the step-up asks for the password again, then redirects with a fresh cookie', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(6)
  demo.clock.advance({ minutes: 16 })
  const sent = await ada.post('/admin/sessions/end-user', { userId: '1' })
  assert.equal(sent.status, 303)
  assert.equal(sent.location, '/account/confirm?next=%2Faccount%2Funsent')
  const page = await ada.follow(sent)
  assert.equal(headingOf(page), 'Confirm your password')
  const next = /name="next" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  assert.equal(next, '/account/unsent')

  const before = ada.copy()
  const id = sessionIdOf(ada)
  const proved = await ada.post(CONFIRM, { password: 'crm-demo', next })
  assert.deepEqual([proved.status, proved.location, proved.setCookies.length], [303, next, 1])
  assert.equal(sessionIdOf(ada), id, 'the same session')
  assert.equal((await ada.get('/account/sessions')).status, 200)
  const old = await before.get('/account/sessions')
  assert.deepEqual([old.status, old.setCookies], [303, []], 'a cookie that was copied before is invalid')
})

test('the step-up refuses a wrong password and the password of another user', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUpCustomer(demo)
  demo.clock.advance({ minutes: 16 })
  for (const password of ['wrong', 'crm-demo', '', 'x'.repeat(2000), '\0']) {
    const answer = await ana.post(CONFIRM, { password, next: '/account' })
    assert.deepEqual([answer.status, answer.setCookies], [422, []], password.slice(0, 20))
    assert.notEqual(messageOf(answer), '')
    assert.match(answer.text, /name="next" value="\/account"/)
  }
  const twice = await ana.post(CONFIRM, [
    ['password', GOOD_PASSWORD],
    ['password', GOOD_PASSWORD],
  ])
  assert.equal(twice.status, 422)
  assert.equal((await ana.post(CONFIRM, { password: GOOD_PASSWORD, next: '/account' })).location, '/account')
})

test('[LIMIT-8] on a known device, the step-up and the login share a rate limit', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  for (let tries = 0; tries < 5; tries++) assert.equal((await ada.post(CONFIRM, { password: 'no' })).status, 422)
  const limited = await ada.post(CONFIRM, { password: 'crm-demo' })
  assert.deepEqual([limited.status, limited.setCookies], [429, []])
  assert.match(String(limited.headers['retry-after']), /^\d+$/)
  assert.equal((await ada.get('/account/sessions')).status, 200, 'the user stays signed in')
  await ada.logOut()
  for (let tries = 0; tries < 5; tries++) assert.equal((await ada.logIn(1, 'no')).status, 422)
  assert.equal((await ada.logIn(1)).status, 429)
  await demo.visitor().logInWell(1)
})

test('after five wrong passwords a session has to wait for the next attempt', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const forms: [string, Record<string, string>][] = [
    [CONFIRM, {}],
    ['/account/password', { newPassword: 'four unusual words' }],
    ['/account/email', { email: 'ada@new.example' }],
  ]
  for (let tries = 0; tries < 5; tries++) {
    const [path, fields] = forms[tries % forms.length] ?? [CONFIRM, {}]
    assert.equal((await ada.post(path, { ...fields, password: 'no' })).status, 422)
  }
  for (const [path, fields] of forms) {
    const refused = await ada.post(path, { ...fields, password: 'crm-demo' })
    assert.deepEqual([refused.status, refused.setCookies], [429, []], path)
  }
  await demo.visitor().logInWell(1)
})

test('a step-up form that is sent twice redirects both times', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  // The server verifies neither password before both requests have arrived.
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  const bothArrived = barrier(2)
  passwords.verify = async (...asked) => {
    await bothArrived()
    return verify(...asked)
  }
  const sent = { password: 'crm-demo', next: '/account/password' }
  const answers = await Promise.all([ada.copy().post(CONFIRM, sent), ada.copy().post(CONFIRM, sent)])
  for (const { status, location } of answers) assert.deepEqual([status, location], [303, '/account/password'])
  assert.equal(answers.flatMap(({ setCookies }) => setCookies).length, 1, 'one response sets the new cookie')
})

test('[TAB-4] a form that rotates the cookie and is sent twice leads to the same page, with the former and with the new cookie', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = () => randomUUID()
  for (const [path, fields, result] of [
    [CONFIRM, { password: 'crm-demo', next: '/customers?q=a' }, '/customers?q=a'],
    ['/account/email', { password: 'crm-demo', email: 'ada@new.example', once: once() }, '/account/email'],
    [
      '/account/password',
      { password: 'crm-demo', newPassword: 'four unusual words', once: once() },
      '/account/password',
    ],
  ] as const) {
    const former = ada.copy()
    for (const visitor of [ada, former, ada]) {
      const answer = await visitor.post(path, fields)
      assert.deepEqual([answer.status, answer.location], [303, result], path)
      if (visitor === former) assert.deepEqual(answer.setCookies, [])
    }
  }
  assert.match((await ada.get('/account/password')).text, /Your password is changed/)
  const former = ada.copy()
  await ada.post(CONFIRM, { password: 'four unusual words' })
  demo.clock.advance({ minutes: 1 })
  const late = await former.post('/account/password', { password: 'four unusual words', newPassword: 'y' })
  assert.deepEqual([late.status, headingOf(late)], [409, 'Your session has ended'])
})

test('the step-up redirects to pages of this server only', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  for (const next of ['//evil.test', 'https://evil.test/', '/\\evil.test', 'javascript:alert(1)', '']) {
    const answer = await ada.post(CONFIRM, { password: 'crm-demo', next })
    assert.deepEqual([answer.status, answer.location], [303, '/account/sessions'], next)
    const { text } = await ada.get(`${CONFIRM}?next=${encodeURIComponent(next)}`)
    assert.doesNotMatch(text, /name="next" value="[^"]*evil/)
  }
})

test('a guest is asked to log in first, and a device signed in by a link has never entered a password', async (t) => {
  const demo = await startDemo(t)
  assert.match(String((await demo.visitor().get(`${CONFIRM}?next=%2Fcustomers`)).location), /^\/authenticate\.shtml/)
  const [ada, phone] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(6)
  const link = await demo.parts.sessions?.createOTP(sessionIdOf(ada))
  await phone.get(`/account/sessions?$4DSID=${link}`)
  const csv = '/admin/audit.csv'
  assert.equal((await ada.get(csv)).status, 200)
  assert.match(String((await phone.get(csv)).location), /^\/account\/confirm/)
  assert.equal((await phone.post(CONFIRM, { password: 'crm-demo', next: csv })).location, csv)
  assert.equal((await phone.get(csv)).status, 200)
})

test('the audit trail records failures, with user and address', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await demo.visitor().logIn('unknown@example.com')
  await ada.logInWell(1)
  await ada.post(CONFIRM, { password: 'no' })
  await demo.parts.audit.written()
  const rows = await demo.parts.database.selectFrom('audit_events').selectAll().orderBy('id').execute()
  const told = rows.map(({ event, user_name, user_id, detail, address }) => [
    event,
    user_id,
    user_name,
    detail,
    address,
  ])
  assert.deepEqual(
    told.filter(([event]) => event === 'sign-in' || event === 'sign-in-failed'),
    [
      ['sign-in-failed', null, '***', 'unknown account', '127.0.0.1'],
      ['sign-in', '1', 'Ada Marlow', '', '127.0.0.1'],
      ['sign-in-failed', null, '1', 'wrong password', '127.0.0.1'],
    ],
  )
})
