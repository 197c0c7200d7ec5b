import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { headingOf, messageOf, pathOf, sessionIdOf, withoutChip } from '../../support/pages.ts'
import { GOOD_PASSWORD, readMailbox, signedUpCustomer, signUpAs, userOf } from '../../support/sign-up.ts'
import { callWith, formOn, makeToken, tokenOn } from '../../support/tokens.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const PAGE = '/account/email'
const DEVICES = '/account/sessions'
const CHANGED = 'Your e-mail address is changed'

onBothStores('opening the mailed link changes the address, and signs out all other devices', async (t, settings) => {
  const demo = await startDemo(t, settings)
  const ana = await signedUp(demo, 'ana@example.com')
  const [phone, linked] = [demo.visitor(), demo.visitor()]
  await phone.logInWell('ana@example.com', GOOD_PASSWORD)
  await linked.get(`${DEVICES}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ana))}`)
  const token = tokenOn(await makeToken(phone))
  const link = await askFor(demo, ana, ' New@Example.com ')
  assert.equal((await userOf(demo, 'ana@example.com'))?.validated, 1, 'asking alone changes nothing')
  const stolen = ana.copy()

  const opened = await ana.get(link)
  assert.deepEqual([opened.status, opened.location, opened.setCookies.length], [303, `${PAGE}/changed`, 1])
  const page = await ana.follow(opened)
  assert.equal(headingOf(page), 'Your e-mail address is changed')
  assert.match(page.text, />new@example\.com<\/span>/, 'the header shows the new address')
  assert.equal((await ana.get(DEVICES)).status, 200)
  for (const other of [phone, linked, stolen]) assert.equal((await other.get(DEVICES)).status, 303)
  assert.equal((await callWith(demo, token)).status, 401)
  assert.equal((await demo.visitor().logIn('ana@example.com', GOOD_PASSWORD)).status, 422)
  await demo.visitor().logInWell('new@example.com', GOOD_PASSWORD)

  const [notice] = await mailTo(demo, 'ana@example.com')
  assert.equal(notice?.subject, 'Your e-mail address for Tessera was changed')
  assert.ok(!JSON.stringify(notice).includes('new@example.com') && !JSON.stringify(notice).includes('4DSID'))
  assert.equal((await ana.get(link)).status, 400, 'it works once')
})

test('[REMEMBER-7] a customer who stays logged in stays so after a change of the e-mail address', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUp(demo, 'ana@example.com')
  await ana.logIn('ana@example.com', GOOD_PASSWORD, { remember: '1' })
  demo.clock.advance({ minutes: 1 })
  const changed = await ana.get(await askFor(demo, ana, 'new@example.com'))
  assert.match(changed.setCookies.join(), /; Max-Age=2591\d{3}$/)
})

onBothStores(
  'a link that is opened on another device signs no user in there, and the requesting device stays signed in',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const [ada, phone, linked, other] = [demo.visitor(), demo.visitor(), demo.visitor(), demo.visitor()]
    await ada.logInWell(1)
    await other.logInWell(1)
    await linked.get(`${DEVICES}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada))}`)
    const link = await askFor(demo, ada, 'ada@new.example', 'crm-demo')
    const opened = await phone.get(link)
    assert.deepEqual([opened.status, headingOf(opened)], [200, CHANGED])
    assert.doesNotMatch(opened.text, /Ada Marlow|session-ended|Log In/)
    assert.equal((await phone.get(DEVICES)).status, 303, 'the phone is not signed in')
    assert.equal((await ada.get(DEVICES)).status, 200)
    for (const gone of [other, linked]) assert.equal((await gone.get(DEVICES)).status, 303)
    await demo.visitor().logInWell('ada@new.example')
  },
)

test('another user stays signed in on the browser that opens the link', async (t) => {
  const demo = await startDemo(t)
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const link = await askFor(demo, ada, 'ada@new.example', 'crm-demo')
  assert.equal(headingOf(await jonas.get(link)), CHANGED)
  assert.match((await jonas.get(DEVICES)).text, /Jonas Keller/)
  assert.equal(await emailOf(demo, 2), 'jonas.keller@crm.example')
})

test('with LINK_MODE=confirm a mail scanner that opens the link changes nothing, and only the button changes the address', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const link = await askFor(demo, ada, 'ada@new.example', 'crm-demo')
  for (const opener of [demo.visitor(), ada, jonas]) {
    const page = await opener.get(link)
    assert.deepEqual([page.status, headingOf(page)], [200, 'Use this e-mail address?'])
  }
  assert.equal(await emailOf(demo, 1), 'ada.marlow@crm.example')
  const action = /<form class="card" method="post" action="([^"]+)"/.exec((await jonas.get(link)).text)?.[1] ?? ''
  const pressed = await jonas.post(action.replaceAll('&amp;', '&'))
  assert.deepEqual([pressed.status, headingOf(pressed)], [200, CHANGED])
  assert.equal(await emailOf(demo, 1), 'ada@new.example')
  assert.match((await jonas.get(DEVICES)).text, /Jonas Keller/)
})

test('a link becomes invalid after a newer link, after the end of its session, and after 15 minutes', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUp(demo, 'ana@example.com')
  const first = await askFor(demo, ana, 'one@example.com')
  const second = await askFor(demo, ana, 'two@example.com')
  assert.equal((await ana.get(first)).status, 400)
  assert.match((await ana.get(PAGE)).text, /within 15 minutes/)
  demo.clock.advance({ minutes: 16 })
  assert.equal((await ana.get(second)).status, 400)
  const third = await askFor(demo, ana, 'three@example.com')
  await ana.logOut()
  assert.equal((await ana.get(third)).status, 400)
  await ana.logInWell('ana@example.com', GOOD_PASSWORD)
  const fourth = await askFor(demo, ana, 'four@example.com')
  await ana.post('/account/password', { password: GOOD_PASSWORD, newPassword: 'four unusual words' })
  assert.equal((await ana.get(fourth)).status, 400, 'a new password ends it too')
  assert.deepEqual(await demo.parts.database.selectFrom('email_changes').selectAll().execute(), [])
  assert.ok(await userOf(demo, 'ana@example.com'))
})

test('a taken address gets the same response as a free address, and only the mail says that the address is taken', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUp(demo, 'ana@example.com')
  await signedUp(demo, 'taken@example.com')
  demo.clock.advance({ minutes: 2 })
  const answers: string[] = []
  for (const email of ['taken@example.com', 'ada.marlow@crm.example', 'free@example.com']) {
    const asked = await ana.post(PAGE, { email, password: GOOD_PASSWORD })
    answers.push(`${asked.status} ${asked.location} ${withoutChip(await ana.follow(asked))}`)
    await demo.parts.mail.tick()
  }
  assert.deepEqual(new Set(answers).size, 1)
  const [told] = await mailTo(demo, 'taken@example.com')
  assert.equal(told?.subject, 'You already have an account for Tessera')
  assert.ok(!JSON.stringify(told).includes('4DSID') && !JSON.stringify(told).includes('ana@'))
  assert.equal((await mailTo(demo, 'free@example.com'))[0]?.subject, 'Your new e-mail address for Tessera')
})

test('an address that was never validated counts as free, and an address that was taken meanwhile is refused', async (t) => {
  const demo = await startDemo(t)
  const [ana, ben] = [await signedUp(demo, 'ana@example.com'), await signedUp(demo, 'ben@example.com')]
  await signUpAs(demo, demo.visitor(), 'wanted@example.com')
  demo.clock.advance({ minutes: 2 })
  const [first, second] = [await askFor(demo, ana, 'wanted@example.com'), await askFor(demo, ben, 'wanted@example.com')]
  assert.equal((await ana.get(first)).status, 303)
  const late = await ben.get(second)
  assert.equal(late.status, 409)
  assert.match(late.text, /Another account has this address now/)
  assert.equal((await ben.get(DEVICES)).status, 200)
  assert.ok(await userOf(demo, 'ben@example.com'))
})

test('of many concurrent requests that open the link, one changes the address', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUp(demo, 'ana@example.com')
  const link = await askFor(demo, ana, 'new@example.com')
  const answers = await Promise.all(Array.from({ length: 8 }, () => demo.visitor().get(link)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.equal(
    (await mailTo(demo, 'ana@example.com')).filter(({ subject }) => subject.includes('was changed')).length,
    1,
  )
})

test('an invalid address, a wrong password and the current address are refused, and nothing is mailed', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const tries: [Record<string, string>, RegExp][] = [
    [{ email: 'nonsense', password: 'crm-demo' }, /not an e-mail address/],
    [{ email: '', password: 'crm-demo' }, /enter your e-mail/],
    [{ email: `${'x'.repeat(250)}@example.com`, password: 'crm-demo' }, /at most 254/],
    [{ email: 'ada@new.example', password: 'wrong' }, /not your password/],
    [{ email: 'ada@new.example' }, /once, as plain text/],
    [{ email: 'ada.marlow@crm.example', password: 'crm-demo' }, /your address already/],
  ]
  for (const [fields, message] of tries) {
    const answer = await ada.post(PAGE, fields)
    assert.equal(answer.status, 422)
    assert.match(messageOf(answer), message)
  }
  assert.equal((await demo.visitor().post(PAGE, { email: 'x@example.com', password: 'crm-demo' })).status, 409)
  assert.deepEqual(await demo.parts.database.selectFrom('outbox').selectAll().execute(), [])
  for (const visitor of [ada, demo.visitor()]) {
    assert.equal((await visitor.get(`${PAGE}/confirm`)).status, 400)
    assert.equal((await visitor.post(`${PAGE}/confirm`)).status, 400)
  }
})

test('the link is valid only for the change of address, and no other page consumes the link', async (t) => {
  const demo = await startDemo(t)
  const [ada, stranger] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  const link = await askFor(demo, ada, 'ada@new.example', 'crm-demo')
  for (const path of [DEVICES, '/customers', PAGE])
    assert.equal((await stranger.get(link.replace(`${PAGE}/confirm`, path))).status, 303, path)
  assert.equal(headingOf(await stranger.get(link)), CHANGED)
})

test('requests to change an address cannot flood a mailbox', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const answers: Answer[] = []
  for (let times = 0; times < 6; times++)
    answers.push(await ada.post(PAGE, { email: 'victim@example.com', password: 'crm-demo' }))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [303, 303, 303, 303, 303, 429],
  )
})

test('the audit trail records the change of address', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUp(demo, 'ana@example.com')
  await ana.get(await askFor(demo, ana, 'new@example.com'))
  await demo.parts.audit.written()
  const rows = await demo.parts.database.selectFrom('audit_events').selectAll().execute()
  const [told] = rows.filter(({ event }) => event === 'email-changed')
  assert.deepEqual(
    [told?.user_name, told?.detail, told?.address],
    ['ana@example.com', 'from ana@example.com to new@example.com', '127.0.0.1'],
  )
})

/** Requests a change to this address. Returns the path of the mailed link. */
async function askFor(demo: Demo, visitor: Visitor, email: string, password = GOOD_PASSWORD): Promise<string> {
  const answer = await visitor.post(PAGE, { email, password })
  assert.deepEqual([answer.status, answer.location], [303, PAGE], answer.text)
  demo.clock.advance({ seconds: 61 })
  const [mail] = await mailTo(demo, email.trim().toLowerCase())
  const link = mail?.links[0] ?? ''
  assert.ok(link.includes(`${PAGE}/confirm`), `no link for ${email}`)
  return pathOf(link)
}

async function mailTo(demo: Demo, address: string) {
  await demo.parts.mail.tick()
  return (await readMailbox(demo.visitor())).filter(({ to }) => to === address)
}

async function signedUp(demo: Demo, email: string): Promise<Visitor> {
  const visitor = await signedUpCustomer(demo, email)
  demo.clock.advance({ seconds: 61 })
  return visitor
}

async function emailOf({ parts }: Demo, userId: number): Promise<string> {
  const query = parts.database.selectFrom('sales_persons').select('email').where('user_id', '=', userId)
  return (await query.executeTakeFirstOrThrow()).email
}

test('[TAB-4] the form for a new address that is sent twice mails one link, which works', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = /name="once" value="([^"]+)"/.exec((await ada.get(PAGE)).text)?.[1] ?? ''
  const form = { email: 'ada@new.example', password: 'crm-demo', once }
  for (let n = 0; n < 2; n++) assert.equal((await ada.post(PAGE, form)).status, 303)
  const mails = await demo.parts.database.selectFrom('outbox').selectAll().execute()
  assert.deepEqual(
    mails.map(({ kind, email }) => [kind, email]),
    [['email-link', 'ada@new.example']],
  )
})

test('[TAB-4] a form that was refused because of too many mails is refused again when it is sent again', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const form = { email: 'victim@example.com', password: 'crm-demo' }
  for (let times = 0; times < 5; times++) assert.equal((await ada.post(PAGE, form)).status, 303)
  await ada.get(PAGE)
  const once = formOn(await ada.get(PAGE))
  assert.notEqual(once, '')
  const refused = { ...form, once }
  for (let times = 0; times < 2; times++) assert.equal((await ada.post(PAGE, refused)).status, 429)
})

test('[TAB-4] a form that is sent again with another address mails a link to this address', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = formOn(await ada.get(PAGE))
  for (const email of ['mistyped@example.com', 'right@example.com'])
    assert.equal((await ada.post(PAGE, { email, password: 'crm-demo', once })).status, 303)
  await demo.parts.mail.tick()
  assert.equal((await readMailbox(demo.visitor()))[0]?.to, 'right@example.com')
})
