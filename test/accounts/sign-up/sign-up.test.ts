import assert from 'node:assert/strict'
import test from 'node:test'
import { sweepSignUps } from '../../../src/accounts/index.ts'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, sessionIdOf, withoutChip } from '../../support/pages.ts'
import {
  comparable,
  GOOD_PASSWORD,
  newestLink,
  readMailbox,
  signUpAs,
  statusOf,
  userOf,
} from '../../support/sign-up.ts'
import { formOn } from '../../support/tokens.ts'

test('[MAIL-1] signing up stores the user, notes the documented status in the session and mails the link', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  const form = await ana.get('/signup')
  assert.match(form.text, /<form class="card" method="post" action="\/signup">/)
  assert.match(form.text, /name="email" type="email"[\s\S]*name="password" type="password" autocomplete="new-password"/)
  const waiting = await ana.follow(await signUpAs(demo, ana, ' Ana@Example.com '))
  assert.equal(headingOf(waiting), 'Waiting for validation email')
  const user = await userOf(demo, 'ana@example.com')
  assert.equal(user?.validated, 0)
  assert.match(String(user?.password), /^\$2[aby]\$04\$/)
  assert.deepEqual(await statusOf(demo, ana), {
    step: 'Waiting for validation email',
    email: 'ana@example.com',
    ID: user?.id,
  })
  const [mail] = await readMailbox(demo.visitor())
  assert.equal(mail?.to, 'ana@example.com')
  assert.match(String(mail?.links[0]), /^http:\/\/localhost:\d+\/validateEmail\?\$4DSID=[0-9A-F]{32}$/)
  for (const part of [mail?.text, mail?.html])
    assert.ok(part?.replaceAll('&#36;', '$').includes(String(mail?.links[0])))
})

test('[MAIL-2] the link in another browser validates the address and brings both browsers into one session', async (t) => {
  const demo = await startDemo(t)
  const [ana, phone] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com')
  await phone.get('/')
  const answer = await phone.get(await newestLink(demo, 'ana@example.com'))
  assert.deepEqual([answer.status, headingOf(answer)], [200, 'Congratulations'])
  assert.match(answer.text, /Your email <strong>ana@example\.com<\/strong> has been validated/)
  assert.equal((await userOf(demo, 'ana@example.com'))?.validated, 1)
  assert.equal(sessionIdOf(phone), sessionIdOf(ana))
  assert.notDeepEqual([...phone.cookies], [...ana.cookies])
  assert.equal((await statusOf(demo, ana))?.step, 'Email validated')
  const first = await ana.get('/signup/waiting')
  for (const page of [first, answer]) assert.ok(page.text.includes(`<code>${sessionIdOf(ana)}</code>`))
  assert.match(first.text, /<h1>Email validated<\/h1>/)
})

test('[MAIL-3] a link that was used, invented or has expired, or whose session has ended, gets the same page with "Invalid token"', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const used = await newestLink(demo, 'ana@example.com')
  await demo.visitor().get(used)
  await signUpAs(demo, ana, 'late@example.com')
  const late = await newestLink(demo, 'late@example.com')
  const gone = demo.visitor()
  await signUpAs(demo, gone, 'gone@example.com')
  const orphan = await newestLink(demo, 'gone@example.com')
  await gone.logOut()
  demo.clock.advance({ minutes: 61 })
  const answers = new Set<string>()
  const tokens = ['0'.repeat(32), '', 'x'.repeat(8000), 'A&$4DSID=B', '%2524'].map(
    (token) => `/validateEmail?$4DSID=${token}`,
  )
  for (const link of [used, late, orphan, '/validateEmail', '/tools/validateEmail?$4DSID=A', ...tokens]) {
    const answer = await demo.visitor().get(link)
    assert.deepEqual([answer.status, headingOf(answer)], [400, 'Invalid token'], link.slice(0, 60))
    answers.add(withoutChip(answer))
  }
  assert.equal(answers.size, 1)
  assert.equal((await userOf(demo, 'late@example.com'))?.validated, 0)
})

test('[MAIL-4] the browser that signed up cannot validate the address without a token or with a random token', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  for (const query of ['', `?$4DSID=${'F'.repeat(32)}`, `?state=${'F'.repeat(32)}`]) {
    assert.equal(headingOf(await ana.get(`/validateEmail${query}`)), 'Invalid token')
    assert.equal((await ana.post(`/validateEmail${query}`)).status, 400)
  }
  assert.equal((await userOf(demo, 'ana@example.com'))?.validated, 0)
  assert.equal((await statusOf(demo, ana))?.step, 'Waiting for validation email')
})

test('[MAIL-5] [MAIL-11] of two sign-ups in one session, each link validates its own account, and the session’s status belongs to the newer sign-up', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'first@example.com')
  await signUpAs(demo, ana, 'second@example.com')
  const answer = await demo.visitor().get(await newestLink(demo, 'first@example.com'))
  assert.match(answer.text, /first@example\.com<\/strong> has been validated/)
  assert.equal((await userOf(demo, 'first@example.com'))?.validated, 1)
  assert.equal((await userOf(demo, 'second@example.com'))?.validated, 0)
  assert.equal(
    (await statusOf(demo, ana))?.step,
    'Waiting for validation email',
    'the status belongs to the second sign-up',
  )
  await demo.visitor().get(await newestLink(demo, 'second@example.com'))
  assert.equal((await userOf(demo, 'second@example.com'))?.validated, 1)
  assert.equal((await statusOf(demo, ana))?.step, 'Email validated')
})

test('[MAIL-11] under "Invalid token" the page says that a link needs to be opened only once', async (t) => {
  const { text } = await (await startDemo(t)).visitor().get('/validateEmail')
  assert.match(text, /If you opened it before, there is nothing more to do/)
})

test('[MAIL-6] an e-mail address can add neither markup to a page nor headers to a mail', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  for (const email of [
    'a@example.com\r\nBcc: evil@example.com',
    'a@example.com%0aBcc:evil@example.com',
    'a@example.com, evil@example.com',
    '"a"<script>@example.com',
    '<b>a@example.com',
    'a@example.com\0',
    'ä@example.com',
    'a@пример.рф',
    `${'a'.repeat(308)}@example.com`,
    'no-address',
    '@',
    '',
  ]) {
    const answer = await visitor.post('/signup', { email, password: GOOD_PASSWORD })
    assert.equal(answer.status, 422, email)
    assert.notEqual(messageOf(answer), '', email)
    assert.doesNotMatch(answer.text, /<script>@|<b>a@/)
  }
  await signUpAs(demo, visitor, "o'hara@example.com")
  const [mail] = await readMailbox(visitor)
  assert.match(String(mail?.html), /o&#39;hara@example\.com/)
  const page = await visitor.get('/dev/mailbox')
  assert.doesNotMatch(page.text, /<strong>o'hara/)
  assert.equal((await readMailbox(visitor)).length, 1)
})

test('[MAIL-7] a taken address gets the same response as a free address, and a mail to it says that the address is taken', async (t) => {
  const demo = await startDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  await demo.visitor().get(await newestLink(demo, 'ana@example.com'))
  demo.clock.advance({ minutes: 2 })
  const before = await userOf(demo, 'ana@example.com')
  const pages = []
  for (const email of ['ana@example.com', 'ada.marlow@crm.example', 'free@example.com']) {
    const visitor = demo.visitor()
    const answer = await visitor.follow(await signUpAs(demo, visitor, email, 'another sentence'))
    const { step, ID = '' } = (await statusOf(demo, visitor)) ?? {}
    assert.equal(step, 'Waiting for validation email')
    assert.match(ID, /^[0-9a-f-]{36}$/)
    pages.push(comparable(withoutChip(answer), email, visitor))
  }
  assert.equal(new Set(pages).size, 1)
  assert.deepEqual(await userOf(demo, 'ana@example.com'), before)
  const [free, staff, taken] = await readMailbox(demo.visitor())
  assert.match(String(free?.subject), /^Validate your e-mail address/)
  for (const mail of [staff, taken]) {
    assert.match(String(mail?.subject), /^You already have an account/)
    assert.doesNotMatch(String(mail?.text), /4DSID/)
  }
})

test('[MAIL-10] signing up again replaces the pending account and revokes the older link', async (t) => {
  const demo = await startDemo(t)
  const [ana, bo] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com', 'the first password')
  const older = await newestLink(demo, 'ana@example.com')
  await signUpAs(demo, bo, 'ana@example.com', 'the second password')
  const opened = demo.visitor()
  assert.equal(headingOf(await opened.get(older)), 'Invalid token')
  assert.notEqual(sessionIdOf(opened), sessionIdOf(ana), 'the older link opens no session any more')
  assert.equal((await readMailbox(ana)).length, 1, 'at most one mail a minute')
  assert.match((await bo.get('/signup/waiting')).text, /The next one goes out at \d\d:\d\d:\d\d UTC/)
  demo.clock.advance({ minutes: 1 })
  await demo.parts.mail.tick()
  assert.equal(headingOf(await demo.visitor().get(await newestLink(demo, 'ana@example.com'))), 'Congratulations')
  assert.equal((await bo.logIn('ana@example.com', 'the first password')).status, 422)
  assert.equal((await bo.logIn('ana@example.com', 'the second password')).location, '/account')
})

test('[MAIL-10] after a login with the right password of a pending account, the page offers to send the mail again', async (t) => {
  const demo = await startDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const other = demo.visitor()
  assert.doesNotMatch((await other.logIn('ana@example.com', 'wrong password')).text, /signup\/again/)
  const answer = await other.logIn('ana@example.com', GOOD_PASSWORD)
  assert.equal(answer.status, 422)
  assert.match(messageOf(answer), /not validated yet/)
  assert.match(answer.text, /action="\/signup\/again"/)
  demo.clock.advance({ minutes: 1 })
  await other.post('/signup/again')
  await demo.parts.mail.tick()
  const phone = demo.visitor()
  await phone.get(await newestLink(demo, 'ana@example.com'))
  assert.equal(sessionIdOf(phone), sessionIdOf(other), 'the new link opens the session that requested it')
  assert.equal((await statusOf(demo, other))?.step, 'Email validated')
})

test('[MAIL-10] accounts that are not validated expire after 24 hours, and page and mail show the time at which the link expires', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  const page = await ana.follow(await signUpAs(demo, ana, 'ana@example.com'))
  assert.match(page.text, /works once, until <time datetime="2026-01-05T10:00:00.000Z">10:00 UTC<\/time>/)
  const [mail] = await readMailbox(ana)
  for (const part of [mail?.text, mail?.html]) assert.match(String(part), /until 10:00 UTC/)
  demo.clock.advance({ hours: 23, minutes: 59 })
  assert.match(messageOf(await demo.visitor().logIn('ana@example.com', GOOD_PASSWORD)), /not validated yet/)
  await sweepSignUps(demo.parts.database, demo.clock.now())
  assert.notEqual(await userOf(demo, 'ana@example.com'), undefined)
  demo.clock.advance({ minutes: 1 })
  assert.equal(messageOf(await demo.visitor().logIn('ana@example.com', GOOD_PASSWORD)), 'This userId is unknown')
  await sweepSignUps(demo.parts.database, demo.clock.now())
  assert.equal(await userOf(demo, 'ana@example.com'), undefined)
})

test('a password that is too short, or too long for bcrypt, is refused with the reason, and no account is created', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const refused = async (password: string) =>
    messageOf(await visitor.post('/signup', { email: 'a@example.com', password }))
  assert.match(await refused('short'), /has 5 characters; at least 8 are needed/)
  assert.match(await refused('x'.repeat(73)), /is 73 bytes long; at most 72 can be kept/)
  assert.match(await refused('é'.repeat(40)), /is 80 bytes long/)
  assert.match(await refused(''), /at least 8/)
  const twice = await visitor.post('/signup', [
    ['email', 'a@example.com'],
    ['email', 'b@example.com'],
    ['password', GOOD_PASSWORD],
  ])
  assert.equal(twice.status, 400)
  assert.equal(await userOf(demo, 'a@example.com'), undefined)
})

test('a thousand sign-ups for one address are rate limited, and send one mail', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const seen: Record<number, number> = {}
  for (let count = 0; count < 1000; count += 1) {
    const { status, headers, text } = await visitor.post('/signup', {
      email: 'ana@example.com',
      password: GOOD_PASSWORD,
    })
    seen[status] = (seen[status] ?? 0) + 1
    if (status !== 429) continue
    assert.ok(Number(headers['retry-after']) > 0)
    assert.match(text, /Too many mails were requested from your network/)
  }
  assert.deepEqual(seen, { 303: 5, 429: 995 })
  await demo.parts.mail.tick()
  assert.equal((await readMailbox(visitor)).length, 1)
  const { count } = await demo.parts.database
    .selectFrom('users')
    .select((row) => row.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  assert.equal(Number(count), 1)
})

test('[TAB-4] a sign-up form that is sent again with another password sets this password, in the same session only', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  const form = { email: 'ada@example.com', once: formOn(await ada.get('/signup')) }
  for (const [visitor, password] of [
    [ada, 'mistyped horse battery'],
    [ada, GOOD_PASSWORD],
    [demo.visitor(), 'words of another visitor'],
  ] as const)
    assert.equal((await visitor.post('/signup', { ...form, password })).status, 303)
  await demo.parts.mail.tick()
  await ada.get(await newestLink(demo, form.email))
  await ada.logInWell(form.email, GOOD_PASSWORD)
  assert.equal((await readMailbox(ada)).length, 1)
})
