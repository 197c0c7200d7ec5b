import assert from 'node:assert/strict'
import test from 'node:test'
import { AccountError, addSalesperson, type NewSalesperson } from '../../../src/accounts/index.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { logInFrom } from '../../support/devices.ts'
import { headingOf, pathOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, newestLink, readMailbox, signUpAs } from '../../support/sign-up.ts'
import type { Visitor } from '../../support/visitor.ts'

const ROUNDS = 4
const MINUTE = { seconds: 61 }
const PAGE = '/account/email'
const CHANGED = 'Your e-mail address is changed'

test('of many concurrent sign-ups with one address, one account is pending and one mail goes out', async (t) => {
  const demo = await startDemo(t)
  for (let round = 0; round < ROUNDS; round++) {
    const addresses = Array.from({ length: 4 }, (_, index) => `many-${round}-${index}@example.com`)
    const answers = await Promise.all(
      addresses.flatMap((email) =>
        strangers(demo, 5).map((one) => one.post('/signup', { email, password: GOOD_PASSWORD })),
      ),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]))
    for (const email of addresses) {
      const users = demo.parts.database.selectFrom('users').select('id').where('email', '=', email)
      const mails = demo.parts.database.selectFrom('outbox').select('user_id').where('email', '=', email)
      const [waiting, ...more] = await users.execute()
      assert.ok(waiting && more.length === 0, email)
      assert.deepEqual(
        await mails.where((row) => row.or([row('problem', 'is', null), row('problem', '!=', 'REPLACED')])).execute(),
        [{ user_id: waiting.id }],
      )
    }
  }
})

test('when a link is opened during other sign-ups with the same address, either the link or the sign-ups succeed, never both', async (t) => {
  const demo = await startDemo(t)
  for (let round = 0; round < ROUNDS; round++) {
    const addresses = Array.from({ length: 8 }, (_, index) => `late-${round}-${index}@example.com`)
    const links: [email: string, visitor: Visitor, link: string][] = []
    for (const email of addresses) {
      const visitor = demo.visitor()
      await signUpAs(demo, visitor, email)
      links.push([email, visitor, await newestLink(demo, email)])
    }
    await Promise.all(
      links.map(async ([email, visitor, link]) => {
        const others = strangers(demo, 2).map((one) => one.post('/signup', { email, password: GOOD_PASSWORD }))
        const opened = await visitor.get(link)
        assert.deepEqual(
          (await Promise.all(others)).map(({ status }) => status),
          [303, 303],
        )
        const users = await demo.parts.database.selectFrom('users').selectAll().where('email', '=', email).execute()
        assert.deepEqual(
          users.map(({ validated }) => validated),
          [opened.status === 200 ? 1 : 0],
        )
      }),
    )
  }
})

test('of five users who change to one e-mail address at once, exactly one user gets the address', async (t) => {
  const demo = await startDemo(t)
  for (let round = 0; round < ROUNDS; round++) {
    const email = `wanted-${round}@crm.example`
    const links: [Visitor, string][] = []
    for (const userId of [1, 2, 3, 4]) links.push(await askFor(demo, userId, email))
    const newcomer = demo.visitor()
    demo.clock.advance(MINUTE)
    await signUpAs(demo, newcomer, email)
    links.push([newcomer, await newestLink(demo, email)])

    const answers = await Promise.all(
      links.map(([visitor, link]) => visitor.get(link).then((got) => visitor.follow(got))),
    )
    const gotIt = answers.filter((answer) => [CHANGED, 'Congratulations'].includes(headingOf(answer)))
    assert.equal(gotIt.length, 1, answers.map(headingOf).join('; '))
    assert.equal((await ownersOf(demo, email)).length, 1)
    demo.clock.advance(MINUTE)
  }
})

test('when one user requests five addresses at once, on five devices, exactly one link is valid', async (t) => {
  const demo = await startDemo(t)
  for (let round = 0; round < ROUNDS; round++) {
    const devices = strangers(demo, 5)
    for (const device of devices) await device.logInWell(1)
    const addresses = devices.map((_, index) => `ada-${round}-${index}@crm.example`)
    const asked = devices.map((ada, index) => ada.post(PAGE, { email: addresses[index] ?? '', password: 'crm-demo' }))
    for (const answer of await Promise.all(asked)) assert.equal(answer.status, 303, answer.text)
    const wanted = await demo.parts.database.selectFrom('email_changes').select('email').execute()
    assert.equal(wanted.length, 1)
    await demo.parts.mail.tick()
    const [newest, ...others] = (await readMailbox(demo.visitor())).filter(({ to }) => addresses.includes(to))
    assert.equal(newest?.to, wanted[0]?.email)
    for (const { links } of others) assert.equal((await demo.visitor().get(pathOf(links[0] ?? ''))).status, 400)
    assert.equal(headingOf(await demo.visitor().get(pathOf(newest?.links[0] ?? ''))), CHANGED)
    demo.clock.advance(MINUTE)
  }
})

test('twenty accounts that are added at once get consecutive userIds, and of twenty with the same address, one is added', async (t) => {
  const { parts } = await startDemo(t)
  for (let round = 0; round < ROUNDS; round++) {
    const numbers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => addSalesperson(parts, salesperson(`${round}-${index}@crm.example`))),
    )
    assert.deepEqual(
      numbers.toSorted((one, other) => one - other),
      Array.from({ length: 20 }, (_, index) => 7 + round * 21 + index),
    )
    const alike = await Promise.allSettled(
      Array.from({ length: 20 }, () => addSalesperson(parts, salesperson(`alike-${round}@crm.example`))),
    )
    const refused = alike.flatMap((made) => (made.status === 'rejected' ? [made.reason] : []))
    assert.equal(refused.length, 19)
    for (const reason of refused) {
      assert.ok(reason instanceof AccountError, String(reason))
      assert.match(reason.message, /alike-\d@crm\.example is taken/)
    }
  }
})

test('a new salesperson cannot take the address of a customer’s account, unless that account was never validated', async (t) => {
  const demo = await startDemo(t)
  const [ana, bo] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com')
  await ana.get(await newestLink(demo, 'ana@example.com'))
  await assert.rejects(addSalesperson(demo.parts, salesperson('ana@example.com')), /ana@example\.com is taken/)

  await signUpAs(demo, bo, 'bo@example.com')
  const link = await newestLink(demo, 'bo@example.com')
  await addSalesperson(demo.parts, salesperson('bo@example.com'))
  assert.equal(headingOf(await bo.get(link)), 'Invalid token')
  assert.equal((await ownersOf(demo, 'bo@example.com')).length, 1)
})

test('many concurrent logins from new browsers are all remembered, and one mail reports all of them', async (t) => {
  const demo = await startDemo(t)
  const browsers = [
    'curl/8',
    'Wget/1',
    'PostmanRuntime/7',
    'insomnia/9',
    'HTTPie/3',
    'python-requests/2',
    'undici',
    'okhttp/4',
  ]
  for (const userId of [1, 2, 3, 4]) {
    await logInFrom(demo.visitor(), 'Go-http-client/2', userId)
    await Promise.all(browsers.map((browser) => logInFrom(demo.visitor(), browser, userId)))
    const { database } = demo.parts
    const known = database.selectFrom('known_devices').select('device').where('user_id', '=', String(userId))
    assert.equal((await known.execute()).length, browsers.length + 1)
    await demo.parts.mail.tick()
    const mails = database.selectFrom('outbox').select('details').where('user_id', '=', String(userId))
    // A newer mail has replaced each mail with a problem. Such a mail counts only if it was sent before.
    const out = await mails
      .where((row) => row.or([row('problem', 'is', null), row('sent_at', 'is not', null)]))
      .execute()
    const told = out.map(({ details }) => JSON.parse(details ?? '{}'))
    assert.equal(
      told.reduce((sum, { before = 0 }) => sum + 1 + before, 0),
      browsers.length,
    )
  }
})

function strangers(demo: Demo, count: number): Visitor[] {
  return Array.from({ length: count }, () => demo.visitor())
}

function salesperson(email: string): NewSalesperson {
  return { firstname: 'Mira', lastname: 'Stone', email, role: 'salesperson', password: 'a good password' }
}

/** Requests a change to this address as a salesperson. Returns their browser and the path of the mailed link. */
async function askFor(demo: Demo, userId: number, email: string): Promise<[Visitor, string]> {
  const visitor = demo.visitor()
  await visitor.logInWell(userId)
  assert.equal((await visitor.post(PAGE, { email, password: 'crm-demo' })).status, 303)
  demo.clock.advance(MINUTE)
  await demo.parts.mail.tick()
  return [visitor, await newestLink(demo, email)]
}

async function ownersOf({ parts: { database } }: Demo, email: string): Promise<unknown[]> {
  const staff = database.selectFrom('sales_persons').select('user_id').where('email', '=', email)
  const customers = database.selectFrom('users').select('id').where('email', '=', email).where('validated', '=', 1)
  return [...(await staff.execute()), ...(await customers.execute())]
}
