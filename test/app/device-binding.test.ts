import assert from 'node:assert/strict'
import test from 'node:test'
import { challengeIn, deviceKey } from '../../src/session/testing/device-key.ts'
import { auditOf } from '../support/audit.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { IPHONE } from '../support/devices.ts'
import { scrape } from '../support/metrics.ts'
import type { Scope } from '../support/process.ts'
import { readMailbox } from '../support/sign-up.ts'
import { until } from '../support/until.ts'
import type { Visitor } from '../support/visitor.ts'

const OF_THE_BROWSER = { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'empty' }
const NOTICE = 'A copy of your cookie was refused.'
const SUBJECT = 'A copy of your session cookie was refused at Tessera'

test('[BIND-40] the lists of devices show which cookies are bound to a key, and since when', async (t) => {
  const demo = await startBindingDemo(t)
  const ordinary = demo.visitor()
  await ordinary.logInWell(4)
  const browser = await boundVisitor(demo, 4)
  const own = (await browser.get('/account/sessions')).text
  assert.deepEqual(own.match(/Bound to this device’s key since [^<]+|Not bound/g), [
    'Bound to this device’s key since 5 Jan 2026, 09:00 UTC',
    'Not bound',
  ])
  const administrator = await boundVisitor(demo, 6)
  const [id] = browser.sessionCookie.split('.')
  const session = (await administrator.get(`/admin/sessions/${id}`)).text
  assert.match(session, /Bound to the device’s key since 5 Jan 2026, 09:00:00 UTC/)
})

test('[BIND-41] the user learns of a refused copy on the next page and by mail, but only once an hour by mail', async (t) => {
  const demo = await startBindingDemo(t)
  const browser = await boundVisitor(demo, 1)
  const thief = browser.copy()
  assert.equal((await thief.get('/customers')).status, 200, 'the copied proof is still valid')
  demo.clock.advance({ minutes: 11 })
  const refused = await thief.get('/customers', { 'User-Agent': IPHONE })
  assert.equal(refused.location, '/authenticate.shtml?next=%2Fcustomers&ended=key')
  assert.match((await thief.follow(refused)).text, /This browser did not prove its key\./)
  await prove(browser)
  assert.match((await browser.get('/customers')).text, new RegExp(NOTICE))
  assert.doesNotMatch((await browser.get('/customers')).text, new RegExp(NOTICE))

  const [mail] = await until('the mail is sent', async () => mailsAbout(demo, 1))
  assert.equal(mail?.to, 'ada.marlow@crm.example')
  assert.match(String(mail?.text), /from the address 127\.0\.0\.1 \(Safari on an iPhone\)/)
  demo.clock.advance({ minutes: 30 })
  await failOnce(demo, thief)
  await prove(browser)
  assert.equal((await browser.get('/customers')).status, 200)
  assert.equal((await auditOf(demo, 'copy-refused')).length, 2)
  await demo.parts.mail.tick()
  assert.equal((await mailsAbout(demo, 1))?.length, 1)
  demo.clock.advance({ minutes: 31 })
  await failOnce(demo, thief)
  assert.equal((await until('the next mail is sent', async () => mailsAbout(demo, 2))).length, 2)
})

test('[BIND-42] ten requests with a copy of a cookie end the cookie, and the login page says why', async (t) => {
  const demo = await startBindingDemo(t)
  const browser = await boundVisitor(demo, 1)
  const thief = browser.copy()
  demo.clock.advance({ minutes: 11 })
  for (let failures = 1; failures <= 10; failures++) await failOnce(demo, thief)
  const login = await browser.follow(await browser.get('/customers'))
  assert.match(
    login.text,
    /Your session was ended\.<\/strong> Too many requests had this browser’s cookie without its key/,
  )
  await browser.logInWell(1)
  assert.equal((await browser.get('/customers')).status, 200)
})

test('[BIND-41] a user whose browser has lost its key keeps a filled-in form, and can log in again', async (t) => {
  const demo = await startBindingDemo(t)
  const browser = await boundVisitor(demo, 1)
  demo.clock.advance({ minutes: 11 })
  const refused = await browser.post('/operations', { customer: '1' })
  assert.equal(refused.status, 409)
  assert.match(refused.text, /The form was not sent\.[\s\S]*name="unsentForm"/)
  await browser.logInWell(1)
  assert.equal((await browser.get('/customers')).status, 200)
})

test('[BIND-43] bindings and refused copies stand in the audit trail and in the metrics', async (t) => {
  const demo = await startBindingDemo(t)
  const browser = await boundVisitor(demo, 1)
  demo.clock.advance({ minutes: 11 })
  const thief = browser.copy()
  await thief.get('/customers', { 'User-Agent': IPHONE, 'Secure-Session-Skipped': 'quota_exceeded' })
  const [bound] = await auditOf(demo, 'device-bound')
  assert.deepEqual([bound?.user_id, bound?.detail.slice(0, 7)], ['1', 'device '])
  const [refused] = await auditOf(demo, 'copy-refused')
  assert.deepEqual([refused?.user_id, refused?.device, refused?.address], ['1', IPHONE, '127.0.0.1'])
  assert.match(String(refused?.detail), /, failure 1 within an hour, the browser skipped the proof: quota_exceeded$/)
  const figures = await scrape(demo.visitor())
  assert.equal(figures.get('crm_session_bindings_total{outcome="bound"}'), 1)
  assert.equal(figures.get('crm_session_bindings_total{outcome="failed"}'), 1)
})

test('[BIND-44] without the setting, no key is asked for, and no page shows keys', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const login = await visitor.logInWell(4)
  assert.equal(login.headers['secure-session-registration'], undefined)
  assert.equal((await visitor.post('/session/bind')).status, 404)
  assert.doesNotMatch((await visitor.get('/account/sessions')).text, /Not bound/)
})

function startBindingDemo(scope: Scope): Promise<Demo> {
  return startDemo(scope, { publicUrl: 'https://localhost', deviceBindingMinutes: 10 })
}

const keys = new WeakMap<Visitor, { key: ReturnType<typeof deviceKey>; id: string }>()

/** A visitor who has logged in and registered a key. */
async function boundVisitor(demo: Demo, userId: number): Promise<Visitor> {
  const visitor = demo.visitor()
  const login = await visitor.logInWell(userId)
  const key = deviceKey()
  const proof = key.registration(challengeIn(login.headers['secure-session-registration']))
  const bound = await visitor.post('/session/bind', {}, { ...OF_THE_BROWSER, 'Secure-Session-Response': proof })
  assert.equal(bound.status, 200)
  const { session_identifier: id } = JSON.parse(bound.text)
  keys.set(visitor, { key, id })
  // Shortly after a registration, the browser may still send requests without the bound cookie.
  demo.clock.advance({ seconds: 59 })
  return visitor
}

async function prove(visitor: Visitor): Promise<void> {
  const { key, id } = keys.get(visitor) ?? assert.fail('the visitor has no key')
  const headers = { ...OF_THE_BROWSER, 'Sec-Secure-Session-Id': id }
  const asked = await visitor.post('/session/refresh', {}, headers)
  const proof = key.proof(challengeIn(asked.headers['secure-session-challenge']))
  const proved = await visitor.post('/session/refresh', {}, { ...headers, 'Secure-Session-Response': proof })
  assert.deepEqual([asked.status, proved.status], [403, 200])
}

/** Several failures within ten seconds count as one. */
async function failOnce(demo: Demo, thief: Visitor): Promise<void> {
  demo.clock.advance({ seconds: 11 })
  assert.equal((await thief.get('/customers')).status, 303)
}

/** Returns the mails about copies, when there are enough of them. */
async function mailsAbout(demo: Demo, atLeast: number) {
  const mails = (await readMailbox(demo.visitor())).filter(({ subject }) => subject === SUBJECT)
  return mails.length >= atLeast ? mails : undefined
}
