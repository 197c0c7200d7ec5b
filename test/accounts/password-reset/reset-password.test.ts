import assert from 'node:assert/strict'
import test from 'node:test'
import bcrypt from 'bcryptjs'
import { accounts, disableAccount, enableAccount } from '../../../src/accounts/index.ts'
import { auditOf } from '../../support/audit.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { headingOf, messageOf, pathOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, readMailbox, signedUpCustomer } from '../../support/sign-up.ts'
import { callWith, everyWayIn } from '../../support/tokens.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const ADA = 'ada.marlow@crm.example'
const NEW = 'four unusual words here'

onBothStores(
  '[RESET-1] the mailed link sets a new password, ends all sessions, tokens and links, and signs no one in',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const { laptop, phone, token, link: otherLink } = await everyWayIn(demo)

    const link = await resetLink(demo, ADA)
    const form = await laptop.get(link)
    assert.equal(form.status, 200)
    assert.match(form.text, /a•••@crm\.example/)
    assert.match(form.text, /5 January 2026/)
    assert.equal((await phone.get('/customers')).status, 200, 'opening the link changes nothing')

    const owner = demo.visitor()
    const done = await owner.follow(await redeem(owner, link))
    assert.equal(headingOf(done), 'Your password is changed')
    assert.equal((await owner.get('/customers')).status, 303)
    for (const device of [laptop, phone])
      assert.match((await device.follow(await device.get('/customers'))).text, /Your password was reset\./)
    assert.equal((await callWith(demo, token)).status, 401)
    assert.equal((await demo.visitor().get(`/customers?$4DSID=${otherLink}`)).status, 303)
    assert.equal((await demo.visitor().logIn(1)).status, 422)
    await owner.logInWell(1, NEW)

    assert.equal((await redeem(demo.visitor(), link)).status, 400, 'a link works once')
    await demo.parts.mail.tick()
    const [notice] = await readMailbox(demo.visitor())
    assert.deepEqual([notice?.to, notice?.subject], [ADA, 'Your password for Tessera was changed'])
    assert.equal((await auditOf(demo, 'password-reset'))[0]?.user_id, '1')
  },
)

test('[RESET-1] [LIMIT-7] a new password opens an account that is locked for new devices, and makes all devices unknown', async (t) => {
  const demo = await startDemo(t)
  const known = demo.visitor()
  await known.logInWell(1)
  const lock = () => demo.parts.database.insertInto('login_failures').values({ user_id: '1', failures: 100 }).execute()
  await lock()
  assert.equal((await demo.visitor().logIn(1)).status, 422)
  await redeem(demo.visitor(), await resetLink(demo, ADA))
  await demo.visitor().logInWell(1, NEW)
  await lock()
  assert.equal((await known.logIn(1, NEW)).status, 422)
})

test('[RESET-1] a customer resets the password too', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUpCustomer(demo, 'ana@example.com')
  demo.clock.advance({ minutes: 2 })
  assert.equal((await redeem(demo.visitor(), await resetLink(demo, 'ana@example.com'))).status, 303)
  assert.equal((await ana.get('/account')).status, 303)
  assert.equal((await ana.logIn('ana@example.com', GOOD_PASSWORD)).status, 422)
  await ana.logInWell('ana@example.com', NEW)
})

test('[RESET-1] a customer without a password gets one', async (t) => {
  const demo = await startDemo(t)
  await signedUpCustomer(demo, 'ana@example.com')
  await demo.parts.database.updateTable('users').set({ password: null }).execute()
  demo.clock.advance({ minutes: 2 })
  assert.equal((await redeem(demo.visitor(), await resetLink(demo, 'ana@example.com'))).status, 303)
  await demo.visitor().logInWell('ana@example.com', NEW)
})

test('[RESET-2] the answer is the same for an address without an account, and only accounts get mail', async (t) => {
  const demo = await startDemo(t)
  await demo.visitor().post('/signup', { email: 'pending@example.com', password: GOOD_PASSWORD })
  await disableAccount(demo.parts, '2')
  const answers = []
  for (const email of [ADA, 'unknown@example.com', 'pending@example.com', 'jonas.keller@crm.example']) {
    const { status, location, text, headers } = await demo.visitor().post('/password/reset', { email })
    const { date, 'x-request-id': requestId, 'set-cookie': cookie, ...same } = headers
    answers.push({ status, location, text, same })
  }
  assert.deepEqual([answers[0]?.status, answers[0]?.location], [303, '/password/reset?sent=1'])
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  await sendAllMail(demo)
  const resets = (await readMailbox(demo.visitor())).filter(({ subject }) => /new password/.test(subject))
  assert.deepEqual(
    resets.map(({ to }) => to),
    [ADA],
  )
})

test('[RESET-2] a request for a link reads no account, so that its time does not depend on the address', async (t) => {
  const demo = await startDemo(t)
  // The mails stay in the outbox, because no process sends them.
  Object.assign(demo.parts.mail, { wake: () => {} })
  const rows = () =>
    demo.parts.database.selectFrom('outbox').select(['kind', 'email', 'user_id']).orderBy('email').execute()
  for (const email of [ADA, 'unknown@example.com']) await demo.visitor().post('/password/reset', { email })
  assert.deepEqual(await rows(), [
    { kind: 'password-reset', email: ADA, user_id: '' },
    { kind: 'password-reset', email: 'unknown@example.com', user_id: '' },
  ])
})

test('[RESET-3] of many simultaneous uses of a link, exactly one sets its password', async (t) => {
  const demo = await startDemo(t)
  const link = await resetLink(demo, ADA)
  const words = Array.from({ length: 8 }, (_, index) => `unusual words for try ${index}`)
  const answers = await Promise.all(words.map((word) => redeem(demo.visitor(), link, word)))
  const won = answers.flatMap(({ status }, index) => (status === 303 ? [index] : []))
  assert.equal(won.length, 1)
  await demo.visitor().logInWell(1, words[Number(won[0])])
})

test('[TAB-4] the forms of a reset link that are sent twice say both times what they did', async (t) => {
  const demo = await startDemo(t)
  const used = 'The password was changed before'
  for (const atOnce of [false, true]) {
    demo.clock.advance({ minutes: 2 })
    const link = await resetLink(demo, ADA)
    const visitors = [demo.visitor(), demo.visitor()]
    const answers: Answer[] = []
    if (atOnce) answers.push(...(await Promise.all(visitors.map((visitor) => redeem(visitor, link)))))
    else for (const visitor of visitors) answers.push(await redeem(visitor, link))
    const repeated = answers.filter(({ status }) => status !== 303)
    assert.deepEqual(
      repeated.map((answer) => [answer.status, headingOf(answer)]),
      [[400, used]],
    )
    const token = link.slice(link.indexOf('=') + 1)
    const late = await demo.visitor().post('/password/new/decline', { token })
    assert.equal(headingOf(late), 'Invalid token', 'the password has changed, so nothing was declined')
    demo.clock.advance({ minutes: 16 })
    assert.equal(headingOf(await redeem(demo.visitor(), link)), 'Invalid token')
  }
  const declined = await resetLink(demo, ADA)
  const token = declined.slice(declined.indexOf('=') + 1)
  for (let click = 0; click < 2; click += 1) {
    const answer = await demo.visitor().post('/password/new/decline', { token })
    assert.deepEqual([answer.status, headingOf(answer)], [200, 'The link is invalid now'])
  }
  assert.equal(headingOf(await redeem(demo.visitor(), declined)), 'Invalid token')
})

test('[RESET-3] a link that is used while it is declined is not reported as declined', async (t) => {
  const demo = await startDemo(t)
  const link = await resetLink(demo, ADA)
  const { database } = demo.parts
  const updateTable = database.updateTable.bind(database)
  // The link is used between the moment when the page has found it and the moment when the page makes it invalid.
  database.updateTable = ((table: 'password_resets') => {
    const set = (changes: { hash: string }) => ({
      where: (...condition: ['hash', '=', string]) => ({
        async executeTakeFirst() {
          database.updateTable = updateTable
          assert.equal((await redeem(demo.visitor(), link)).status, 303)
          return updateTable(table)
            .set(changes)
            .where(...condition)
            .executeTakeFirst()
        },
      }),
    })
    return { set }
  }) as unknown as typeof database.updateTable
  const token = link.slice(link.indexOf('=') + 1)
  const declined = await demo.visitor().post('/password/new/decline', { token })
  assert.deepEqual([declined.status, headingOf(declined)], [400, 'Invalid token'])
})

test('[RESET-3] a link ends after 15 minutes, and with a newer link, a new password, a new address, another role or a disabled account', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const { database } = demo.parts
  const ada = async () => (await accounts.findById(database, '1')) ?? assert.fail()
  const change = (changes: { email: string } | { role: 'manager' }) =>
    database.updateTable('sales_persons').set(changes).where('user_id', '=', 1).execute()
  const isOpen = async (link: string) => (await demo.visitor().get(link)).status === 200
  let link = ''
  const endings: Record<string, () => Promise<unknown>> = {
    'a newer link': () => resetLink(demo, ADA),
    'a new password': async () => {
      await accounts.replacePassword(database, await ada(), await demo.parts.passwords.hash('another one'), 'stamp')
    },
    'a disabled account': async () => {
      await disableAccount(demo.parts, '1')
      await enableAccount(demo.parts, '1')
    },
    '15 minutes': async () => {
      // The mail may have been sent a minute ago.
      demo.clock.advance({ minutes: 13 })
      assert.equal(await isOpen(link), true)
      demo.clock.advance({ minutes: 2 })
    },
    'another role': () => change({ role: 'manager' }),
    'a new address': () => change({ email: 'ada@elsewhere.example' }),
  }
  for (const [index, [how, end]] of Object.entries(endings).entries()) {
    demo.clock.advance({ minutes: 61 })
    // Requests are limited by client.
    link = await resetLink(demo, ADA, `203.0.113.${index}`)
    assert.equal(await isOpen(link), true, how)
    await end()
    assert.equal(await isOpen(link), false, how)
    assert.equal((await redeem(demo.visitor(), link)).status, 400, how)
  }
})

test('[RESET-6] a login that stores a new hash of the same password leaves the link valid', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  const ada = async () => (await accounts.findById(database, '1')) ?? assert.fail()
  await accounts.renewHash(database, await ada(), bcrypt.hashSync('crm-demo', 5))
  const { passwordHash } = await ada()
  const link = await resetLink(demo, ADA)
  await demo.visitor().logInWell(1)
  assert.notEqual((await ada()).passwordHash, passwordHash)
  assert.equal((await redeem(demo.visitor(), link)).status, 303)
  await demo.visitor().logInWell(1, NEW)
})

test('[RESET-3] a link sets no password if the account gets another address while the new password is hashed', async (t) => {
  const demo = await startDemo(t)
  const link = await resetLink(demo, ADA)
  const { hash } = demo.parts.passwords
  demo.parts.passwords.hash = async (password) => {
    const salespersons = demo.parts.database.updateTable('sales_persons').where('user_id', '=', 1)
    await salespersons.set({ email: 'ada@elsewhere.example' }).execute()
    return hash(password)
  }
  assert.equal((await redeem(demo.visitor(), link)).status, 400)
  await demo.visitor().logInWell(1)
})

test('[RESET-3] no other token opens the page, and the link opens no other page', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const link = await resetLink(demo, ADA)
  const token = link.slice(link.indexOf('=') + 1)
  const otp = String(await demo.parts.sessions?.createOTP(sessionIdOf(ada)))
  for (const other of [otp, '', 'x'.repeat(43), `${token}x`, token.toLowerCase()])
    assert.equal((await demo.visitor().get(`/password/new?token=${other}`)).status, 400, other)
  assert.equal((await demo.visitor().get(`/password/new?token=${token}&token=${token}`)).status, 400)
  for (const path of ['/account/sessions', '/validateEmail', '/account/email/confirm'])
    assert.notEqual((await demo.visitor().get(`${path}?$4DSID=${token}`)).status, 200, path)
})

test('[RESET-4] requests are limited by client and address, and a stranger cannot keep the owner from a link', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const ask = (email: string, client: string) =>
    demo.visitor().post('/password/reset', { email }, { 'X-Forwarded-For': client })
  for (let times = 0; times < 5; times++) assert.equal((await ask(ADA, '203.0.113.7')).status, 303)
  const refused = await ask(ADA, '203.0.113.7')
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal((await ask(ADA, '198.51.100.1')).status, 303)
  for (let times = 0; times < 45; times++) await ask(`a${times}@example.com`, '203.0.113.7')
  assert.equal((await ask('new@example.com', '203.0.113.7')).status, 429)
  const attempt = { token: 'x', newPassword: NEW }
  assert.equal((await demo.visitor().get('/password/reset')).status, 200)
  const link = await resetLink(demo, ADA, '198.51.100.1')
  const token = link.slice(link.indexOf('=') + 1)
  const tried = await demo.visitor().post('/password/new', { ...attempt, token }, { 'X-Forwarded-For': '203.0.113.7' })
  assert.equal(tried.status, 429)
})

test('[RESET-4] strangers in many networks cannot keep the owner from a link', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const ask = (client: string) => demo.visitor().post('/password/reset', { email: ADA }, { 'X-Forwarded-For': client })
  for (let network = 0; network < 8; network++)
    for (let times = 0; times < 5; times++) assert.equal((await ask(`203.0.113.${network}`)).status, 303)
  assert.equal((await ask('198.51.100.1')).status, 303)
})

test('[RESET-5] an unsuitable password keeps the link, and “This was not me” ends it', async (t) => {
  const demo = await startDemo(t)
  const link = await resetLink(demo, ADA)
  const visitor = demo.visitor()
  const refused = await redeem(visitor, link, 'short')
  assert.equal(refused.status, 422)
  assert.match(messageOf(refused), /at least 8/)
  assert.ok(refused.text.includes(link.slice(link.indexOf('=') + 1)))
  const declined = await visitor.post('/password/new/decline', { token: link.slice(link.indexOf('=') + 1) })
  assert.equal(headingOf(declined), 'The link is invalid now')
  assert.equal((await redeem(visitor, link)).status, 400)
  await demo.visitor().logInWell(1)
})

test('[RESET-5] the token stays out of the log, the database and other sites', async (t) => {
  const demo = await startDemo(t)
  const link = await resetLink(demo, ADA)
  const token = link.slice(link.indexOf('=') + 1)
  const { headers } = await demo.visitor().get(link)
  assert.equal(headers['referrer-policy'], 'strict-origin')
  assert.equal(headers['x-robots-tag'], 'noindex')
  assert.match(String(headers['cache-control']), /no-store/)
  assert.ok(!demo.log.join('').includes(token))
  const stored = await demo.parts.database.selectFrom('password_resets').selectAll().execute()
  const queued = await demo.parts.database.selectFrom('outbox').selectAll().execute()
  assert.equal(stored.length, 1)
  assert.ok(!JSON.stringify([stored, queued]).includes(token))
})

/** Asks for a link and sends the mail. Returns the path and query of the link. */
async function resetLink(demo: Demo, email: string, client?: string): Promise<string> {
  const from = client === undefined ? {} : { 'X-Forwarded-For': client }
  const before = await newestLink(demo, email)
  const asked = await demo.visitor().post('/password/reset', { email }, from)
  assert.equal(asked.status, 303, asked.text)
  let link = before
  // An address gets one mail a minute, and another mail may wait.
  for (let minute = 0; link === before && minute < 5; minute++) {
    await sendAllMail(demo)
    link = await newestLink(demo, email)
  }
  assert.notEqual(link, before, `there is no new link for ${email}`)
  return pathOf(link)
}

async function newestLink(demo: Demo, email: string): Promise<string | undefined> {
  const mails = await readMailbox(demo.visitor())
  return mails.find(({ to, links }) => to === email && links[0]?.includes('token='))?.links[0]
}

async function sendAllMail(demo: Demo): Promise<void> {
  demo.clock.advance({ seconds: 61 })
  await demo.parts.mail.tick()
}

function redeem(visitor: Visitor, link: string, newPassword = NEW) {
  return visitor.post('/password/new', { token: link.slice(link.indexOf('=') + 1), newPassword })
}
