import assert from 'node:assert/strict'
import test from 'node:test'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { startWithRecorder, stateOf } from '../support/approvals.ts'
import { headingOf, messageOf, pathOf, sessionIdOf } from '../support/pages.ts'
import { GOOD_PASSWORD, newestLink, readMailbox, signUpAs, userOf } from '../support/sign-up.ts'
import { formOn } from '../support/tokens.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'
import { troubledStore } from '../support/troubled-store.ts'
import type { Answer } from '../support/visitor.ts'

function assertUnavailable({ status, headers, setCookies }: Answer, what = ''): void {
  assert.deepEqual([status, headers['retry-after'], setCookies], [503, '5', []], what)
}

test('a logout that could not be stored gets 503, and the user is still signed in when the store works again', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  for (const operations of [[], ['end']] as const) {
    trouble.trouble('fails', ...operations)
    const answer = await visitor.logOut()
    assertUnavailable(answer)
    assert.equal(answer.headers['clear-site-data'], undefined)
    trouble.mend()
    assert.equal((await visitor.get('/customers')).status, 200)
  }
  assert.equal((await visitor.logOut()).status, 303)
  assert.equal((await visitor.get('/customers')).status, 303)
})

test('a login whose session could not be stored says so and signs no user in, and the same form works when the store works again', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const known = demo.visitor()
  await known.get('/')
  const guest = sessionIdOf(known)
  for (const visitor of [known, demo.visitor()]) {
    trouble.trouble('fails', 'create', 'replace')
    const answer = await visitor.logIn(4)
    assertUnavailable(answer)
    assert.match(answer.text, /You are not signed in\./)
    trouble.mend()
    assert.equal((await visitor.get('/customers')).status, 303)
    assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 0)
  }
  assert.equal(sessionIdOf(known), guest, 'the guest’s session is as it was')
  await known.logInWell(4)
})

test('a login whose session could not be stored does not count as a failed guess', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  trouble.trouble('fails', 'create')
  for (let n = 0; n < 15; n++) assertUnavailable(await visitor.logIn(4), String(n))
  trouble.mend()
  await visitor.logInWell(4)
})

test('a login succeeds even if the data for the welcome page could not be stored with it', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  trouble.trouble('fails', 'update')
  await visitor.logInWell(4)
  assert.notEqual(visitor.sessionCookie, '')
  assertUnavailable(await visitor.get('/authenticationOK.shtml'), 'the page requests the data again')
  trouble.mend()
  assert.equal(headingOf(await visitor.get('/authenticationOK.shtml')), 'Welcome, Noah Lindgren')
})

test('a sign-up that could not be stored in the session leaves no account and no mail', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const [known, newcomer] = [demo.visitor(), demo.visitor()]
  await known.get('/')
  trouble.trouble('fails', 'update', 'create')
  for (const visitor of [known, newcomer])
    assertUnavailable(await visitor.post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD }))
  trouble.mend()
  assert.equal(await userOf(demo, 'ana@example.com'), undefined)
  await signUpAs(demo, known, 'ana@example.com')
})

test('mail whose link cannot be made waits in the outbox, and goes out when the store is back', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  trouble.trouble('fails', 'attach')
  await signUpAs(demo, visitor, 'ana@example.com')
  assert.deepEqual(await readMailbox(visitor), [])
  trouble.mend()
  demo.clock.advance({ seconds: 30 })
  await demo.parts.mail.tick()
  assert.equal((await readMailbox(visitor)).length, 1)
})

test('a mailed link that is opened while the store is down still works afterwards', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  const phone = demo.visitor()
  for (const operations of [[], ['redeem'], ['findOTP']] as const) {
    trouble.trouble('fails', ...operations)
    const answer = await phone.get(link)
    assertUnavailable(answer)
    assert.match(answer.text, /href="">Try again</)
    assert.ok(!answer.text.includes('4DSID='))
    trouble.mend()
  }
  assert.equal(headingOf(await phone.get(link)), 'Congratulations')
})

test('an e-mail address is validated when its link is opened, even if the session could not record the validation', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  trouble.trouble('fails', 'update')
  assert.equal(headingOf(await demo.visitor().get(link)), 'Congratulations')
  trouble.mend()
  await demo.visitor().logInWell('ana@example.com', GOOD_PASSWORD)
})

test('an approval is stored and the callback is answered, even if the salesperson’s session could not record the approval', async (t) => {
  const trouble = troubledStore(memoryStore())
  const { demo, ask, received, salesperson } = await startWithRecorder(t, { store: trouble.store })
  await ask()
  const callback = pathOf(received[0]?.body.reply.callback)
  trouble.trouble('fails')
  assertUnavailable(await demo.visitor().get(callback), 'the token is not consumed')
  trouble.trouble('fails', 'update')
  assert.equal((await demo.visitor().get(callback)).status, 200)
  trouble.mend()
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'approved')
})

test('[PEOPLE-8] a change of the address that cannot sign out the other devices changes nothing, and can be requested again', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const openLink = async () => {
    const asked = await ada.post('/account/email', { email: 'ada@new.example', password: 'crm-demo' })
    assert.equal(asked.status, 303, messageOf(asked))
    demo.clock.advance({ minutes: 2 })
    await demo.parts.mail.tick()
    return newestLink(demo, 'ada@new.example')
  }
  const link = await openLink()
  trouble.trouble('fails', 'rotate')
  assert.equal((await ada.get(link)).status, 503)
  trouble.mend()
  await demo.visitor().logInWell('ada.marlow@crm.example')
  assert.equal((await ada.follow(await ada.get(await openLink()))).status, 200)
  await demo.visitor().logInWell('ada@new.example')
})

test('[TAB-4] a form that failed because of the store is not taken for one that was sent before', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const fields = { email: 'ada@new.example', password: 'crm-demo', once: formOn(await ada.get('/account/email')) }
  trouble.trouble('fails', 'rotate')
  assertUnavailable(await ada.post('/account/email', fields))
  trouble.mend()
  assert.equal((await ada.post('/account/email', fields)).status, 303)
  await demo.parts.mail.tick()
  await newestLink(demo, 'ada@new.example')
})

test('[TAB-4] the button "Send again" works after it has failed because of the store', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t, { profile: 'production', publicUrl: 'http://127.0.0.1' })
  const [stranger, owner] = [demo.visitor(), demo.visitor()]
  for (const visitor of [stranger, owner]) await signUpAs(demo, visitor, 'ana@example.com')
  const once = formOn(await owner.get('/signup/waiting'))
  trouble.trouble('fails', 'get')
  assertUnavailable(await owner.post('/signup/again', { once }))
  trouble.mend()
  assert.equal((await owner.post('/signup/again', { once })).status, 303)
  assert.equal((await demo.parts.database.selectFrom('outbox').selectAll().execute()).length, 3)
})
