import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'

const DONE = /role="status"/

test('a flash message is shown once, and no forged link shows it', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  for (const path of [
    '/account/password?done=changed',
    '/account/email?done=sent',
    '/account/sessions?done=others',
    '/account/sessions?done=ended',
  ]) {
    const page = await ada.get(path)
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text, DONE, path)
  }
  const forged = await ada.get('/account/email/changed')
  assert.deepEqual([forged.status, forged.location], [303, '/account/email'])
  const strange = await demo.visitor().get('/account/email/changed')
  assert.deepEqual([strange.status, strange.location], [303, '/account/email'])

  const done = await ada.post('/account/sessions/end-others')
  assert.equal(done.location, '/account/sessions')
  assert.doesNotMatch((await ada.get('/account/password')).text, DONE, 'another page does not show the message')
  assert.match((await ada.follow(done)).text, /All other devices are signed out/)
  assert.doesNotMatch((await ada.get('/account/sessions')).text, DONE)
})
