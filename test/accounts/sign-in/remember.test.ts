import assert from 'node:assert/strict'
import test from 'node:test'
import { REMEMBER_DAYS } from '../../../src/accounts/sign-in/login-pages.ts'
import { auditOf } from '../../support/audit.ts'
import { startDemo } from '../../support/demo.ts'
import { headingOf } from '../../support/pages.ts'
import type { Answer } from '../../support/visitor.ts'

const CHECKED = { remember: '1' }
const maxAgesOf = ({ setCookies }: Answer) =>
  setCookies.filter((cookie) => cookie.includes('4DSID_')).map((cookie) => /Max-Age=(\d+)/.exec(cookie)?.[1])

test('[REMEMBER-7] with the box, the user stays logged in for 30 days, and without the box until the browser closes', async (t) => {
  const demo = await startDemo(t)
  const [kept, plain] = [demo.visitor(), demo.visitor()]
  const { text } = await kept.get('/authenticate.shtml')
  assert.match(text, /<label for="remember"><input id="remember" name="remember" type="checkbox" value="1"[^>]*>/)
  assert.ok(text.includes(`>Stay logged in for ${REMEMBER_DAYS} days</label>`))
  const refused = await kept.logIn(4, 'wrong', CHECKED)
  assert.match(refused.text, /id="remember"[^>]* checked>/, 'the box of a refused form stays checked')

  assert.deepEqual(maxAgesOf(await kept.logIn(4, 'crm-demo', CHECKED)), [String(REMEMBER_DAYS * 86_400)])
  for (const value of [{}, { remember: '' }, { remember: 'on' }])
    assert.deepEqual(maxAgesOf(await plain.logIn(4, 'crm-demo', value)), [undefined])
  demo.clock.advance({ hours: 29 * 24 })
  assert.equal(headingOf(await kept.get('/customers')), 'Your customers')
  assert.equal((await plain.get('/customers')).status, 303)
  const details = (await auditOf(demo, 'sign-in')).map(({ detail }) => detail)
  assert.deepEqual([details[0], details[1]], [`stays logged in for ${REMEMBER_DAYS} days`, ''])
})

test('[REMEMBER-7] a new proof of the password does not extend the 30 days, and an administrator is not kept logged in', async (t) => {
  const demo = await startDemo(t)
  const [user, administrator] = [demo.visitor(), demo.visitor()]
  await user.logIn(4, 'crm-demo', CHECKED)
  demo.clock.advance({ hours: 20 })
  await user.get('/account/confirm')
  const confirmed = await user.post('/account/confirm', { password: 'crm-demo' })
  assert.deepEqual(maxAgesOf(confirmed), [String(REMEMBER_DAYS * 86_400 - 20 * 3600)])

  assert.deepEqual(maxAgesOf(await administrator.logIn(6, 'crm-demo', CHECKED)), [undefined])
  demo.clock.advance({ hours: 2 })
  assert.equal((await administrator.get('/admin/sessions')).status, 303)
})

test('[REMEMBER-7] a new password ends the remembered sessions of the other devices', async (t) => {
  const demo = await startDemo(t)
  const [phone, laptop] = [demo.visitor(), demo.visitor()]
  for (const device of [phone, laptop]) await device.logIn(4, 'crm-demo', CHECKED)
  await laptop.get('/account/password')
  const passwords = { password: 'crm-demo', newPassword: 'four unusual words' }
  const changed = await laptop.post('/account/password', passwords)
  assert.equal(changed.status, 303, changed.text)
  assert.equal((await phone.get('/customers')).status, 303)
  assert.deepEqual(maxAgesOf(changed), [String(REMEMBER_DAYS * 86_400)])
})
