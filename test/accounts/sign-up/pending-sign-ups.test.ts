import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { headingOf, pathOf, sessionIdOf } from '../../support/pages.ts'
import { comparable, GOOD_PASSWORD, signUpAs, statusOf } from '../../support/sign-up.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const PRODUCTION = { profile: 'production', guests: 'first-write' } as const
const ANA = 'ana@example.com'
const FULL = /Three mails with valid links were sent to this address/

test('[JOIN-2] [MAIL-10] three visitors sign up with one address, each link validates its own account, and the first validation ends the other sign-ups', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  const strangers = [demo.visitor(), demo.visitor(), demo.visitor()] as const
  for (const stranger of strangers) await signUp(demo, stranger)
  const links = await linksTo(demo)
  assert.equal(links.length, 3)
  const owner = demo.visitor()
  assert.equal(headingOf(await owner.post(String(links[1]), { password: GOOD_PASSWORD })), 'Congratulations')
  assert.equal(sessionIdOf(owner), sessionIdOf(strangers[1]))
  for (const link of links) {
    const late = demo.visitor()
    for (const answer of [await late.get(link), await late.post(link, { password: 'another long sentence' })])
      assert.deepEqual([answer.status, headingOf(answer)], [400, 'Invalid token'])
    for (const stranger of strangers) assert.notEqual(sessionIdOf(late), sessionIdOf(stranger))
  }
  assert.deepEqual(await accountsOf(demo), [1])
  assert.equal((await demo.visitor().logIn(ANA, 'another long sentence')).status, 422)
  assert.equal((await owner.logIn(ANA, GOOD_PASSWORD)).location, '/account')
})

test('[JOIN-2] a fourth sign-up is refused while three links are valid, for a taken address too, and works when one link has ended', async (t) => {
  const demo = await startDemo(t, { ...PRODUCTION, trustProxyHops: 1 })
  const taken = 'taken@example.com'
  await signUp(demo, demo.visitor(), taken)
  const [link = ''] = await linksTo(demo, taken)
  await demo.visitor().post(link, { password: GOOD_PASSWORD })
  demo.clock.advance({ hours: 1 })

  const refused: string[] = []
  for (const email of [ANA, taken]) {
    const visitors = [demo.visitor(), demo.visitor(), demo.visitor()] as const
    for (const visitor of visitors) await signUp(demo, visitor, email)
    const fourth = demo.visitor()
    const answer = await fourth.post('/signup', { email }, elsewhere())
    assert.deepEqual([answer.status, FULL.test(answer.text)], [429, true], email)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    refused.push(comparable(answer.text, email, fourth).replace(/Request [\w-]+/i, ''))
    // A stranger who logs out has made the link invalid, so this sign-up no longer counts.
    await visitors[0].logOut()
    await signUp(demo, fourth, email)
    assert.equal((await demo.visitor().post('/signup', { email }, elsewhere())).status, 429)
    demo.clock.advance({ minutes: 61 })
    await signUp(demo, fourth, email)
  }
  assert.equal(new Set(refused.map((text) => text.replaceAll(/[0-9a-f-]{36}/g, ''))).size, 1)
})

test('[JOIN-2] strangers who sign up with an address until they are refused do not keep its owner out', async (t) => {
  const demo = await startDemo(t, { ...PRODUCTION, trustProxyHops: 1 })
  const from = (address: string) => ({ 'X-Forwarded-For': address })
  const stranger = demo.visitor()
  const statuses = []
  for (let count = 0; count < 8; count += 1)
    statuses.push((await stranger.post('/signup', { email: ANA }, from('192.0.2.1'))).status)
  assert.deepEqual(statuses, [303, 303, 303, 429, 429, 429, 429, 429])
  await sendAll(demo)
  const [link = ''] = await linksTo(demo)
  const owner = demo.visitor()
  assert.equal(headingOf(await owner.post(link, { password: GOOD_PASSWORD }, from('192.0.2.2'))), 'Congratulations')

  demo.clock.advance({ minutes: 20 })
  const other = 'bo@example.com'
  for (let count = 0; count < 6; count += 1) await stranger.post('/signup', { email: other }, from('192.0.2.1'))
  await stranger.logOut()
  const answer = await demo.visitor().post('/signup', { email: other }, from('192.0.2.2'))
  assert.equal(answer.status, 303, 'the limit of the stranger’s network does not count for the owner')
})

test('[JOIN-2] of many concurrent sign-ups with one address, three are accepted, and only one of their links validates', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  for (let round = 0; round < 3; round += 1) {
    const emails = Array.from({ length: 4 }, (_, index) => `many-${round}-${index}@example.com`)
    await Promise.all(
      emails.map(async (email) => {
        const visitors = Array.from({ length: 5 }, () => demo.visitor())
        const answers = await Promise.all(visitors.map((visitor) => visitor.post('/signup', { email })))
        assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 303, 303, 429, 429])
        assert.deepEqual(await accountsOf(demo, email), [0, 0, 0])
      }),
    )
    await sendAll(demo)
    await Promise.all(
      emails.map(async (email) => {
        const links = await linksTo(demo, email)
        assert.equal(links.length, 3)
        const opened = await Promise.all(links.map((link) => demo.visitor().post(link, { password: GOOD_PASSWORD })))
        assert.deepEqual(opened.map(headingOf).sort(), ['Congratulations', 'Invalid token', 'Invalid token'])
        assert.deepEqual(await accountsOf(demo, email), [1])
      }),
    )
  }
})

test('[JOIN-2] after a validation, a mail of another sign-up that was still waiting says that the address is taken', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  const [ana, stranger] = [demo.visitor(), demo.visitor()]
  await ana.post('/signup', { email: ANA })
  await demo.parts.mail.tick()
  await stranger.post('/signup', { email: ANA })
  const [link = ''] = await linksTo(demo)
  await ana.post(link, { password: GOOD_PASSWORD })
  await sendAll(demo)
  assert.match(String((await mailsTo(demo)).at(-1)?.subject), /^You already have an account/)
  assert.match((await stranger.get('/signup/waiting')).text, /A mail with a link is on its way to you/)
})

for (const settings of [{}, PRODUCTION]) {
  const profile = 'profile' in settings ? 'production' : 'the demo'

  test(`[JOIN-3] in ${profile}, a sign-up form that is sent several times at once gives one working link and one mail`, async (t) => {
    const demo = await startDemo(t, settings)
    for (const [nth, before] of ['/', '/signup'].entries()) {
      const email = `ana-${nth}@example.com`
      const ana = demo.visitor()
      await ana.get(before)
      const form = { email, password: GOOD_PASSWORD, once: tokenOn(await ana.get('/signup')) }
      const answers = await Promise.all([ana, ana.copy(), ana.copy()].map((tab) => tab.post('/signup', form)))
      answers.push(await ana.post('/signup', form))
      assert.deepEqual([...new Set(answers.map(({ location }) => location))], ['/signup/waiting'])
      await sendAll(demo)
      const [link = '', ...more] = await linksTo(demo, email)
      assert.equal(more.length, 0)
      assert.match((await ana.get('/signup/waiting')).text, /A mail with a link is on its way to you/)
      const phone = demo.visitor()
      const opened = profile === 'production' ? phone.post(link, { password: GOOD_PASSWORD }) : phone.get(link)
      assert.equal(headingOf(await opened), 'Congratulations')
    }
  })
}

test('[JOIN-2] a refused sign-up does not undo a sign-up that another tab has begun meanwhile', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  for (let n = 0; n < 3; n++) await signUp(demo, demo.visitor())
  const visitor = demo.visitor()
  await signUp(demo, visitor, 'first@example.com')
  const { database } = demo.parts
  const transaction = database.transaction.bind(database)
  database.transaction = () => {
    database.transaction = transaction
    const builder = transaction()
    const execute = builder.execute.bind(builder)
    builder.execute = async (work) => {
      await signUp(demo, visitor.copy(), 'second@example.com')
      return execute(work)
    }
    return builder
  }
  const refused = await visitor.post('/signup', { email: ANA }, elsewhere())
  assert.deepEqual([refused.status, FULL.test(refused.text)], [429, true])
  assert.equal((await statusOf(demo, visitor))?.email, 'second@example.com')
})

test('[JOIN-3] the button "Send again", pressed twice at once, sends one mail', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, ANA)
  const pages = [await ana.get('/signup/waiting'), await demo.visitor().logIn(ANA, GOOD_PASSWORD)]
  for (const page of pages) assert.match(tokenOn(page), /^[0-9a-f-]{36}$/)
  const form = { once: tokenOn(pages[0]) }
  demo.clock.advance({ minutes: 2 })
  await Promise.all([ana, ana.copy()].map((tab) => tab.post('/signup/again', form)))
  await ana.post('/signup/again', form)
  await sendAll(demo)
  const links = await linksTo(demo)
  assert.equal(links.length, 2)
  assert.equal(headingOf(await demo.visitor().get(String(links[1]))), 'Congratulations')
})

test('[JOIN-3] a form that is sent again after its sign-up was replaced is a new sign-up', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  const form = { email: ANA, password: GOOD_PASSWORD, once: tokenOn(await ana.get('/signup')) }
  await ana.post('/signup', form)
  await signUpAs(demo, demo.visitor(), ANA)
  await ana.post('/signup', form)
  await sendAll(demo)
  const phone = demo.visitor()
  assert.equal(headingOf(await phone.get(String((await linksTo(demo)).at(-1)))), 'Congratulations')
  assert.equal(sessionIdOf(phone), sessionIdOf(ana))
})

test('[JOIN-4] after a hundred invalid links, a network gets 429 for every link, and another network opens its link', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const from = (address: string) => ({ 'X-Forwarded-For': address })
  const [ana, guesser] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, ANA)
  const [link = ''] = await linksTo(demo)
  const paths = ['/validateEmail', '/tools/validateEmail', '/account/email/confirm', '/customers']
  for (let count = 0; count < 100; count += 1) {
    const path = `${paths[count % paths.length]}?$4DSID=${String(count).padStart(32, '0')}`
    assert.notEqual((await guesser.get(path, from('192.0.2.1'))).status, 429)
  }
  const refused = await demo.visitor().get(link, from('192.0.2.1'))
  assert.equal(refused.status, 429)
  assert.match(refused.text, /Too many invalid links were opened from your network/)
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.notEqual((await guesser.get('/', from('192.0.2.1'))).status, 429, 'pages without a link stay open')
  assert.equal(headingOf(await demo.visitor().get(link, from('192.0.2.2'))), 'Congratulations')
})

test('[JOIN-4] requests that open nothing, such as those of programs that check mail, do not count as invalid links', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, ANA)
  const [link = ''] = await linksTo(demo)
  for (let count = 0; count < 100; count += 1) {
    await demo.visitor().send(link, { method: 'HEAD' })
    await demo.visitor().get(link, { 'Sec-Purpose': 'prefetch' })
  }
  assert.equal(headingOf(await demo.visitor().get(link)), 'Congratulations')
})

let networks = 0

/** A new network for each call, because these tests are not about the limit of a network. */
function elsewhere(): Record<string, string> {
  networks += 1
  return { 'X-Forwarded-For': `198.51.100.${networks}` }
}

async function signUp(demo: Demo, visitor: Visitor, email = ANA): Promise<void> {
  const answer = await visitor.post('/signup', { email }, elsewhere())
  assert.equal(answer.location, '/signup/waiting', answer.text)
  await sendAll(demo)
}

/** Sends all waiting mails. An address gets one mail a minute. */
async function sendAll({ parts, clock }: Demo): Promise<void> {
  for (let minute = 0; minute < 3; minute += 1) {
    await parts.mail.tick()
    clock.advance({ seconds: 61 })
  }
}

async function mailsTo({ parts: { database } }: Demo, email = ANA) {
  return database.selectFrom('mailbox').selectAll().where('recipient', '=', email).orderBy('id').execute()
}

/** The validation links that were mailed to this address, oldest first. */
async function linksTo(demo: Demo, email = ANA): Promise<string[]> {
  const links = (await mailsTo(demo, email)).map((mail) => JSON.parse(mail.links) as string[])
  return links.flatMap(([first]) => (first?.includes('$4DSID') ? [pathOf(first)] : []))
}

/** Whether each account with this address is validated. */
async function accountsOf({ parts: { database } }: Demo, email = ANA): Promise<number[]> {
  const rows = await database.selectFrom('users').select('validated').where('email', '=', email).execute()
  return rows.map(({ validated }) => validated)
}

function tokenOn(page: Answer | undefined): string {
  return /name="once" value="([^"]+)"/.exec(page?.text ?? '')?.[1] ?? ''
}
