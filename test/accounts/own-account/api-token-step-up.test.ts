import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, sessionIdOf } from '../../support/pages.ts'
import { callWith, formOn, tokenOn, tokensOf } from '../../support/tokens.ts'
import type { Visitor } from '../../support/visitor.ts'

const PAGE = '/account/tokens'
const WANTED = { name: 'Nightly report', days: '90', scope: 'read-write' }

test('creating a token long after the login requires the password again, and the form keeps the typed values', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const opened = await ada.get(PAGE)
  assert.doesNotMatch(opened.text, /name="password"/)
  demo.clock.advance({ minutes: 16 })
  const asked = await ada.post(PAGE, { ...WANTED, once: formOn(opened) })
  assert.equal(asked.status, 422)
  assert.match(messageOf(asked), /enter your password too/)
  for (const kept of [
    /value="Nightly report"/,
    /value="90" selected/,
    /value="read-write" required checked/,
    /name="password"/,
  ])
    assert.match(asked.text, kept)
  const wrong = await ada.post(PAGE, { ...WANTED, once: formOn(asked), password: 'wrong' })
  assert.equal(wrong.status, 422)
  assert.match(messageOf(wrong), /not your password/)
  const made = await ada.post(PAGE, { ...WANTED, once: formOn(wrong), password: 'crm-demo' })
  assert.deepEqual([made.status, headingOf(made), made.setCookies.length], [200, 'Your new API token', 1])
  assert.equal((await callWith(demo, tokenOn(made))).status, 200)
  assert.doesNotMatch((await ada.get(PAGE)).text, /name="password"/, 'the password is not asked for again')
})

test('a device signed in by a link needs the password to create tokens, but not to list or revoke tokens', async (t) => {
  const demo = await startDemo(t)
  const [ada, phone] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await ada.post(PAGE, { ...WANTED, once: formOn(await ada.get(PAGE)) })
  await phone.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada))}`)
  const page = await phone.get(PAGE)
  assert.match(page.text, /name="password"/)
  assert.equal((await phone.post(PAGE, { ...WANTED, once: formOn(page) })).status, 422)
  const [row] = await tokensOf(phone)
  assert.equal((await phone.post(String(row?.revoke))).status, 303)
  assert.deepEqual(await tokensOf(ada), [])
})

test('a token that is created during a password change on another device is revoked', async (t) => {
  const demo = await startDemo(t)
  for (let round = 0; round < 6; round++) {
    const [was, will] = [round === 0 ? 'crm-demo' : `four unusual words ${round - 1}`, `four unusual words ${round}`]
    const [owner, thieves] = [demo.visitor(), Array.from({ length: 6 }, () => demo.visitor())]
    for (const visitor of [owner, ...thieves]) await visitor.logInWell(1, was)
    const make = async (thief: Visitor) => {
      for (let times = 0; times < 4; times++) await thief.post(PAGE, { ...WANTED, once: randomUUID() })
    }
    const [answer] = await Promise.all([
      owner.post('/account/password', { password: was, newPassword: will }),
      ...thieves.map(make),
    ])
    assert.equal(answer.status, 303, messageOf(answer))
    assert.deepEqual(await tokensOf(owner), [])
  }
})
