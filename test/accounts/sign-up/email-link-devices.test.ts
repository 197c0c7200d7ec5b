import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { headingOf, sessionIdOf } from '../../support/pages.ts'
import { newestLink } from '../../support/sign-up.ts'
import type { Visitor } from '../../support/visitor.ts'

const PAGE = '/account/email'
const DEVICES = '/account/sessions'
const CHANGED = 'Your e-mail address is changed'

test('when the mailed link is opened on a device signed in by a one-time link, only the requesting device stays signed in', async (t) => {
  const demo = await startDemo(t)
  const [ada, linked] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await joinByLink(demo, ada, linked)
  const link = await askFor(demo, ada)
  const opened = await linked.get(link)
  assert.deepEqual([opened.status, headingOf(opened)], [200, CHANGED])
  assert.doesNotMatch(opened.text, /Ada Marlow/)
  assert.equal((await ada.get(DEVICES)).status, 200)
  assert.equal((await linked.get(DEVICES)).status, 303)
})

test('another device of the same session is signed out, even if its user has entered the password', async (t) => {
  const demo = await startDemo(t)
  const [ada, linked] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await joinByLink(demo, ada, linked)
  const link = await askFor(demo, ada)
  assert.equal((await linked.post('/account/confirm', { password: 'crm-demo' })).status, 303)
  const opened = await demo.visitor().get(link)
  assert.match(opened.text, /Only the device that requested the change stays signed in/)
  assert.equal((await ada.get(DEVICES)).status, 200)
  assert.equal((await linked.get(DEVICES)).status, 303)
})

test('the requesting device stays even if its cookie was rotated meanwhile', async (t) => {
  const demo = await startDemo(t)
  const [ada, linked] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await joinByLink(demo, ada, linked)
  const link = await askFor(demo, ada)
  await ada.post('/account/confirm', { password: 'crm-demo' })
  assert.equal((await ada.get(link)).location, `${PAGE}/changed`)
  assert.equal((await ada.get(DEVICES)).status, 200)
  assert.equal((await linked.get(DEVICES)).status, 303)
})

test('when the requesting device was signed out before, no device signed in by a link stays signed in', async (t) => {
  const demo = await startDemo(t)
  const [ada, linked] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await joinByLink(demo, ada, linked)
  const link = await askFor(demo, ada)
  const { sessions } = demo.parts
  const id = sessionIdOf(ada)
  const asker = (await sessions?.get(id))?.devices.find(({ authenticatedAt }) => authenticatedAt !== null)
  await sessions?.detach(id, String(asker?.handle), 'revoked')
  assert.equal(headingOf(await demo.visitor().get(link)), CHANGED)
  for (const visitor of [ada, linked]) assert.equal((await visitor.get(DEVICES)).status, 303)
  assert.equal(await sessions?.count({ userId: '1' }), 0)
})

test('requesting a change requires the password, rotates the cookie and counts as a login', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(6)
  demo.clock.advance({ minutes: 16 })
  const before = ada.copy()
  assert.match(String((await ada.get('/admin/audit.csv')).location), /^\/account\/confirm/)
  const asked = await ada.post(PAGE, { email: 'new@crm.example', password: 'crm-demo' })
  assert.deepEqual([asked.status, asked.setCookies.length], [303, 1])
  assert.equal((await ada.get('/admin/audit.csv')).status, 200)
  assert.equal((await before.get(DEVICES)).status, 303, 'a cookie that was copied before is invalid')
})

test('a visitor who opens a link for an e-mail address that was taken meanwhile does not see whose session the link belongs to', async (t) => {
  const demo = await startDemo(t)
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const [first, second] = [await askFor(demo, ada), await askFor(demo, jonas)]
  assert.equal((await ada.get(first)).status, 303)
  const late = await demo.visitor().get(second)
  assert.deepEqual([late.status, headingOf(late)], [409, 'Your e-mail address was not changed'])
  assert.doesNotMatch(late.text, /Jonas|jonas|session-ended/)
  assert.equal((await jonas.get(DEVICES)).status, 200)
})

test('the page with the button that confirms the change names the address and the account', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  const ada = demo.visitor()
  await ada.logInWell(1)
  const { text } = await demo.visitor().get(await askFor(demo, ada))
  assert.match(text, />ada@new\.example</)
  assert.match(text, />Ada Marlow</)
})

async function joinByLink(demo: Demo, owner: Visitor, other: Visitor): Promise<void> {
  const token = await demo.parts.sessions?.createOTP(sessionIdOf(owner))
  assert.equal((await other.get(`${DEVICES}?$4DSID=${token}`)).status, 200)
}

async function askFor(demo: Demo, visitor: Visitor, email = 'ada@new.example'): Promise<string> {
  assert.equal((await visitor.post(PAGE, { email, password: 'crm-demo' })).status, 303)
  demo.clock.advance({ seconds: 61 })
  await demo.parts.mail.tick()
  return newestLink(demo, email)
}
