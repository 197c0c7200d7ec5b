import assert from 'node:assert/strict'
import test from 'node:test'
import { SignUpLimit } from '../../../src/accounts/index.ts'
import { addPendingUser, newUserId, validateUser } from '../../../src/accounts/people/users.ts'
import { enqueueMail } from '../../../src/mail/index.ts'
import { Problem } from '../../../src/web/problem.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, pathOf, sessionIdOf } from '../../support/pages.ts'
import { comparable, GOOD_PASSWORD, newestLink, readMailbox, signUpAs } from '../../support/sign-up.ts'
import type { Visitor } from '../../support/visitor.ts'

const PRODUCTION = { profile: 'production', guests: 'first-write' } as const

test('a logged-in user must log out before signing up, so that no mailed link opens that session', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const form = { email: 'ana@example.com', password: GOOD_PASSWORD }
  for (const answer of [await ada.get('/signup'), await ada.post('/signup', form), await ada.post('/signup/again')]) {
    assert.deepEqual([answer.status, headingOf(answer)], [409, 'You are logged in'])
    assert.match(answer.text, /You are logged in as Ada Marlow\. Log out before you sign up another address\./)
  }
  await demo.parts.mail.tick()
  assert.deepEqual(await readMailbox(ada), [])
})

test('[JOIN-1] after a session ended on another device, its browser can sign up at once', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const ended = sessionIdOf(ada)
  await demo.parts.sessions?.end(ended)
  const shown = await ada.get('/signup')
  assert.deepEqual([shown.status, shown.setCookies.length], [200, 0], 'a page alone begins no session')
  await signUpAs(demo, ada, 'ana@example.com')
  assert.notEqual(sessionIdOf(ada), ended)
  assert.equal(headingOf(await ada.get('/signup/waiting')), 'Waiting for validation email')
  assert.equal(headingOf(await demo.visitor().get(await newestLink(demo, 'ana@example.com'))), 'Congratulations')
})

test('[JOIN-1] after a session ended on another device, a login with a pending account offers its mail again', async (t) => {
  const demo = await startDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const ada = demo.visitor()
  await ada.logInWell(1)
  await demo.parts.sessions?.end(sessionIdOf(ada))
  const answer = await ada.logIn('ana@example.com', GOOD_PASSWORD)
  assert.equal(answer.status, 422)
  assert.match(answer.text, /action="\/signup\/again"/)
})

test('a waiting sign-up mail does not go out after a user logs in to the session of the sign-up', async (t) => {
  const demo = await startDemo(t)
  const { database, clock, mail } = demo.parts
  const ada = demo.visitor()
  await ada.logInWell(1)
  const [email, user_id, session_id] = ['ana@example.com', newUserId(), sessionIdOf(ada)]
  await addPendingUser(database, { email, password: null, sessionId: session_id }, user_id, clock.now())
  await enqueueMail(database, { kind: 'validate', user_id, session_id, email }, clock.now())
  await mail.tick()
  assert.deepEqual(await readMailbox(ada), [])
})

test('[MAIL-7] in production three sign-ups for a taken address get the same responses as three for a free address, and "send again" does not reveal the difference', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  await takeAddress(demo, 'taken@example.com')
  const [free, taken] = ['free@example.com', 'taken@example.com'].map((email) => ({
    email,
    visitors: [demo.visitor(), demo.visitor(), demo.visitor()] as [Visitor, Visitor, Visitor],
  })) as [Person, Person]
  const look = async (when: string) => assert.deepEqual(await pagesOf(taken), await pagesOf(free), when)
  for (const turn of [0, 1, 2] as const) {
    for (const { email, visitors } of [free, taken]) await signUpAs(demo, visitors[turn], email)
    await look(`after sign-up ${turn + 1}`)
  }
  for (const turn of [0, 2] as const) {
    for (const { visitors } of [free, taken]) assert.equal((await visitors[turn].post('/signup/again')).status, 303)
    await demo.parts.mail.tick()
    await look(`after sending again to ${turn + 1}`)
  }
  demo.clock.advance({ seconds: 61 })
  await demo.parts.mail.tick()
  await look('when the last mail is out')
})

test('when the server is too busy to hash a password, a form with a new link asks for the password again', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const { links } = await demo.parts.database.selectFrom('mailbox').select('links').executeTakeFirstOrThrow()
  const link = pathOf(JSON.parse(links)[0])
  const busy = async () => {
    throw new Problem(503, 'Many people are signing in at this moment.', { 'Retry-After': '5' })
  }
  const hash = t.mock.method(demo.parts.passwords, 'hash', busy)
  const ana = demo.visitor()
  const answer = await ana.post(link, { password: GOOD_PASSWORD })
  assert.deepEqual(
    [answer.status, answer.headers['retry-after'], messageOf(answer)],
    [503, '5', 'Many people are signing in at this moment.'],
  )
  hash.mock.restore()
  const [, again = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(answer.text) ?? []
  assert.equal(headingOf(await ana.post(again, { password: GOOD_PASSWORD })), 'Congratulations')
})

test('after an unreadable form, a new link replaces the consumed one', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const { links } = await demo.parts.database.selectFrom('mailbox').select('links').executeTakeFirstOrThrow()
  let link = pathOf(JSON.parse(links)[0])
  const ana = demo.visitor()
  for (const [status, type, body] of [
    [415, 'application/json', '{}'],
    [400, 'application/x-www-form-urlencoded', 'password=%E0%A4%A'],
    [413, 'application/x-www-form-urlencoded', `password=${'x'.repeat(40_000)}`],
  ] as const) {
    const answer = await ana.send(link, { method: 'POST', headers: { 'Content-Type': type }, body })
    assert.equal(answer.status, status)
    link = String(/<form class="card" method="post" action="([^"]+)"/.exec(answer.text)?.[1])
  }
  assert.equal(headingOf(await ana.post(link, { password: GOOD_PASSWORD })), 'Congratulations')
})

test('a network over its limit does not use up the limit of a mailbox, and an IPv6 /64 counts as one network', async () => {
  const limit = new SignUpLimit()
  for (let count = 0; count < 100; count += 1)
    assert.equal(await limit.take(`${count}@example.com`, `2001:db8:0:1::${count}`), undefined)
  for (let count = 0; count < 10; count += 1)
    assert.ok(await limit.take('victim@example.com', `2001:db8:0:1:${count}::1`))
  for (let count = 0; count < 5; count += 1)
    assert.equal(await limit.take('victim@example.com', '2001:db8:0:2::1'), undefined)
  assert.ok(await limit.take('victim@example.com', '2001:db8:0:2::1'))
})

test('one session may have five pending sign-ups, including taken addresses; a sixth sign-up is refused, and the five links work', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  const five = ['a@example.com', 'ada.marlow@crm.example', 'b@example.com', 'c@example.com', 'd@example.com']
  for (const email of five) await signUpAs(demo, ana, email)
  const sixth = await ana.post('/signup', { email: 'e@example.com', password: GOOD_PASSWORD })
  assert.equal(sixth.status, 422)
  assert.match(sixth.text, /At most 5 addresses can be signed up from one browser at a time/)
  assert.match((await ana.get('/signup/waiting')).text, /d@example\.com/)
  const link = await newestLink(demo, 'a@example.com')
  demo.clock.advance({ minutes: 59 })
  await ana.get('/')
  assert.equal(headingOf(await demo.visitor().get(link)), 'Congratulations')
  demo.clock.advance({ minutes: 2 })
  await signUpAs(demo, ana, 'e@example.com')
})

interface Person {
  email: string
  visitors: [Visitor, Visitor, Visitor]
}

async function takeAddress({ parts: { database, clock } }: Demo, email: string): Promise<void> {
  const id = newUserId()
  await addPendingUser(database, { email, password: null, sessionId: '' }, id, clock.now())
  await validateUser(database, id, clock.now(), 'no hash of any password')
}

/** The waiting pages with each address and session id replaced, so that they can be compared. */
function pagesOf({ email, visitors }: Person): Promise<string[]> {
  return Promise.all(
    visitors.map(async (visitor) => {
      const { text } = await visitor.get('/signup/waiting')
      return comparable(text, email, visitor)
    }),
  )
}
