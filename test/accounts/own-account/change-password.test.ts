import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { headingOf, messageOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, readMailbox, signedUpCustomer } from '../../support/sign-up.ts'
import { callWith, makeToken, tokenOn } from '../../support/tokens.ts'
import type { Visitor } from '../../support/visitor.ts'

const PAGE = '/account/password'
const NEW = 'four unusual words here'

onBothStores('a new password signs out all other devices, and gives this device a new cookie', async (t, settings) => {
  const demo = await startDemo(t, settings)
  const [laptop, phone, linked, jonas] = [demo.visitor(), demo.visitor(), demo.visitor(), demo.visitor()]
  await laptop.logInWell(1)
  await phone.logInWell(1)
  await jonas.logInWell(2)
  await linked.get(`/account/sessions?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(laptop))}`)
  const openLink = await demo.parts.sessions?.createOTP(sessionIdOf(phone))
  const token = tokenOn(await makeToken(phone))
  const [stolen, id] = [laptop.copy(), sessionIdOf(laptop)]

  const answer = await change(laptop, { password: 'crm-demo', newPassword: NEW })
  assert.deepEqual([answer.status, answer.location], [303, PAGE])
  assert.equal(answer.setCookies.filter((cookie) => cookie.startsWith('4DSID_')).length, 1)
  assert.match((await laptop.follow(answer)).text, /Your password is changed\./)
  assert.equal(sessionIdOf(laptop), id)
  for (const other of [phone, linked, stolen]) assert.equal((await other.get('/account/sessions')).status, 303)
  assert.equal((await callWith(demo, token)).status, 401)
  assert.equal((await demo.visitor().get(`/account/sessions?$4DSID=${openLink}`)).status, 303)
  assert.equal((await jonas.get('/account/sessions')).status, 200)

  assert.equal((await demo.visitor().logIn(1)).status, 422)
  await demo.visitor().logInWell(1, NEW)
})

test('[TAB-4] a form with a new password that is sent again with another one says that the first one is stored, and counts as an attempt', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const sent = { password: 'crm-demo', newPassword: NEW, once: randomUUID() }
  assert.equal((await change(ada, sent)).status, 303)
  assert.equal((await change(ada, sent)).status, 303)
  const corrected = await change(ada, { ...sent, newPassword: `${NEW}!` })
  assert.equal(corrected.status, 409)
  assert.match(messageOf(corrected), /to another new password/)
  await demo.visitor().logInWell(1, NEW)
  const guess = () => change(ada, { ...sent, newPassword: `${NEW}?` })
  const statuses = []
  for (let time = 0; time < 10; time += 1) statuses.push((await guess()).status)
  assert.equal(statuses.at(-1), 429)
})

test('a mail without a login link reports the change, the audit trail records the change, and neither contains a password', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUpCustomer(demo, 'ana@example.com')
  await change(ana, { password: GOOD_PASSWORD, newPassword: NEW })
  demo.clock.advance({ minutes: 2 })
  await demo.parts.mail.tick()
  const [mail] = await readMailbox(demo.visitor())
  assert.deepEqual([mail?.to, mail?.subject], ['ana@example.com', 'Your password for Tessera was changed'])
  assert.match(String(mail?.text), /from the address 127\.0\.0\.1 \(/)
  assert.ok(!JSON.stringify(mail).includes('4DSID') && !JSON.stringify(mail).includes(NEW))
  await demo.parts.audit.written()
  const rows = await demo.parts.database.selectFrom('audit_events').selectAll().execute()
  const [told] = rows.filter(({ event }) => event === 'password-changed')
  assert.deepEqual(
    [told?.user_name, told?.session_id, told?.address],
    ['ana@example.com', sessionIdOf(ana), '127.0.0.1'],
  )
  const said = JSON.stringify(rows) + demo.log.join('')
  for (const secret of [NEW, GOOD_PASSWORD, '$2b$']) assert.ok(!said.includes(secret), secret)
})

test('the mail about the change goes out even when other mail to that address is requested all the time', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUpCustomer(demo, 'ana@example.com')
  await change(ana, { password: GOOD_PASSWORD, newPassword: NEW })
  for (let times = 0; times < 3; times++) {
    await demo.visitor().post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
    demo.clock.advance({ seconds: 61 })
    await demo.parts.mail.tick()
  }
  const subjects = (await readMailbox(demo.visitor())).map(({ subject }) => subject)
  assert.ok(subjects.includes('Your password for Tessera was changed'), subjects.join())
})

test('[PASS-1] an invalid password changes nothing', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const [before, other] = [await hashOf(demo), demo.visitor()]
  await other.logInWell(1)
  const tries: [Record<string, string>, RegExp][] = [
    [{ password: 'crm-demo', newPassword: 'short' }, /at least 8/],
    [{ password: 'crm-demo', newPassword: 'é'.repeat(37) }, /74 bytes long; at most 72/],
    [{ password: 'crm-demo', newPassword: 'ada.marlow' }, /your name or your e-mail address/],
    [{ password: 'crm-demo', newPassword: `${NEW}\0` }, /cannot be kept/],
    [{ password: 'wrong', newPassword: NEW }, /This is not your password/],
    [{ password: '', newPassword: NEW }, /enter your password/],
    [{ password: 'crm-demo' }, /once, as plain text/],
    [{ newPassword: NEW }, /once, as plain text/],
  ]
  for (const [fields, message] of tries) {
    const answer = await change(ada, fields)
    assert.deepEqual([answer.status, answer.setCookies], [422, []], message.source)
    assert.match(messageOf(answer), message)
  }
  assert.equal(await hashOf(demo), before)
  for (const visitor of [ada, other]) assert.equal((await visitor.get(PAGE)).status, 200)
  assert.equal((await demo.visitor().post(PAGE, { password: 'crm-demo', newPassword: NEW })).status, 409)
  assert.equal(await hashOf(demo), before, 'a guest changes nothing')
  await change(ada, { password: 'crm-demo', newPassword: NEW })
  assert.match(messageOf(await change(ada, { password: NEW, newPassword: NEW })), /your current password/)
})

test('the production profile requires 15 characters', async (t) => {
  const demo = await startDemo(t, {
    profile: 'production',
    publicUrl: 'http://localhost',
    smtpUrl: 'smtp://127.0.0.1:9',
  })
  const hash = await demo.parts.passwords.hash(GOOD_PASSWORD)
  const row = { user_id: 9, firstname: 'A', lastname: 'B', email: 'a@b.example', role: 'manager', active: 1 } as const
  await demo.parts.database
    .insertInto('sales_persons')
    .values({ ...row, password: hash })
    .execute()
  const ada = demo.visitor()
  await ada.logInWell(9, GOOD_PASSWORD)
  const refused = await change(ada, { password: GOOD_PASSWORD, newPassword: 'fourteen chars' })
  assert.match(messageOf(refused), /14 characters; at least 15/)
  assert.equal((await change(ada, { password: GOOD_PASSWORD, newPassword: 'fifteen charact' })).status, 303)
})

onBothStores('a session that begins with the old password during the change is ended', async (t, settings) => {
  const demo = await startDemo(t, settings)
  // Each round uses another account, because the rate limit of logins applies to each account.
  for (let userId = 1; userId <= 6; userId++) {
    const ada = demo.visitor()
    await ada.logInWell(userId)
    const thieves = Array.from({ length: 6 }, () => demo.visitor())
    const [answer] = await Promise.all([
      change(ada, { password: 'crm-demo', newPassword: NEW }),
      ...thieves.map((thief) => thief.logIn(userId)),
    ])
    assert.equal(answer.status, 303, messageOf(answer))
    for (const thief of thieves) assert.equal((await thief.get('/account/sessions')).status, 303)
    assert.equal((await ada.get('/account/sessions')).status, 200)
  }
})

onBothStores(
  'of several concurrent password changes, one succeeds and signs out all other devices',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const rivals = [demo.visitor(), demo.visitor(), demo.visitor()]
    for (const rival of rivals) await rival.logInWell(1)
    const answers = await Promise.all(
      rivals.map((rival, index) => change(rival, { password: 'crm-demo', newPassword: `${NEW} ${index}` })),
    )
    const winners = answers.flatMap(({ status }, index) =>
      status === 303 && answers[index]?.location === PAGE ? [index] : [],
    )
    assert.equal(winners.length, 1, answers.map(({ status }) => status).join())
    const [winner = -1] = winners
    for (const [index, rival] of rivals.entries())
      assert.equal((await rival.get('/account/sessions')).status, index === winner ? 200 : 303)
    await demo.visitor().logInWell(1, `${NEW} ${winner}`)
    const hashes = await demo.parts.database.selectFrom('outbox').select('kind').execute()
    assert.equal(hashes.length, 1, 'one notice')
  },
)

test('a device signed in by a link needs the old password to change it, and then stays signed in', async (t) => {
  const demo = await startDemo(t)
  const [laptop, phone] = [demo.visitor(), demo.visitor()]
  await laptop.logInWell(1)
  await phone.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(laptop))}`)
  assert.equal((await change(phone, { password: 'guess', newPassword: NEW })).status, 422)
  assert.equal((await change(phone, { password: 'crm-demo', newPassword: NEW })).status, 303)
  assert.equal(headingOf(await phone.get('/account/sessions')), 'Your devices')
  assert.equal((await laptop.get('/account/sessions')).status, 303)
})

function change(visitor: Visitor, fields: Record<string, string>) {
  return visitor.post(PAGE, fields)
}

async function hashOf({ parts }: Demo): Promise<string> {
  const query = parts.database.selectFrom('sales_persons').select('password').where('user_id', '=', 1)
  return (await query.executeTakeFirstOrThrow()).password
}
