import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { devicesOf } from '../../support/devices.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { callWith, makeToken, tokenOn } from '../../support/tokens.ts'

const PAGE = '/account/sessions'
const CONFIRM = `/account/confirm?next=${encodeURIComponent(PAGE)}`

test('a device signed in by a link cannot sign out another device before a step-up', async (t) => {
  const demo = await startDemo(t)
  const [ada, other, linked] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await other.logInWell(1)
  const token = tokenOn(await makeToken(ada))
  await linked.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada))}`)
  const buttons = (await devicesOf(linked)).filter(({ isThis }) => !isThis).map(({ end }) => end)
  assert.equal(buttons.length, 3)
  for (const path of [`${PAGE}/end-others`, `${PAGE}/end-all`, ...buttons]) {
    const answer = await linked.post(path)
    assert.deepEqual([answer.status, answer.location], [303, CONFIRM], path)
  }
  for (const visitor of [ada, other, linked]) assert.equal((await visitor.get(PAGE)).status, 200)
  assert.equal((await callWith(demo, token)).status, 200)

  const proved = await linked.post('/account/confirm', { password: 'crm-demo', next: PAGE })
  assert.equal(proved.location, PAGE)
  assert.equal((await linked.post(`${PAGE}/end-others`)).location, PAGE)
  for (const visitor of [ada, other]) assert.equal((await visitor.get(PAGE)).status, 303)
  assert.equal((await linked.get(PAGE)).status, 200)
})

test('a device signed in by a link may log itself out', async (t) => {
  const demo = await startDemo(t)
  const [ada, linked] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  await linked.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(id)}`)
  const { devices = [] } = (await demo.parts.sessions?.get(id)) ?? {}
  const own = devices.find(({ via }) => via === 'link')
  assert.equal((await linked.post(`${PAGE}/${id}/${own?.handle}/end`)).location, '/')
  assert.equal((await linked.get(PAGE)).status, 303)
})
