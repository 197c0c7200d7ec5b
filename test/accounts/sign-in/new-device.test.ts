import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { FIREFOX, IPHONE, logInFrom } from '../../support/devices.ts'
import { GOOD_PASSWORD, newestLink, readMailbox, signUpAs } from '../../support/sign-up.ts'
import type { Visitor } from '../../support/visitor.ts'

const ODD_BROWSERS = ['curl/8', 'Wget/1.25', IPHONE, 'PostmanRuntime/7', 'python-requests/2']
const SUBJECT = 'A new device signed in to Tessera'

test('a mail reports a login from a new browser, but not the first login of an account', async (t) => {
  const demo = await startDemo(t)
  await logIn(demo.visitor(), FIREFOX)
  assert.deepEqual(await notices(demo), [])
  await logIn(demo.visitor(), FIREFOX.replaceAll('143', '144'))
  assert.deepEqual(await notices(demo), [], 'a newer version of Firefox is no new device')
  await logIn(demo.visitor(), IPHONE)
  const [mail, ...more] = await notices(demo)
  assert.deepEqual([mail?.to, more], ['ada.marlow@crm.example', []])
  assert.match(
    String(mail?.text),
    /on \d+ \w+ \d{4} at \d\d:\d\d UTC, from the address 127\.0\.0\.1 \(Safari on an iPhone\)/,
  )
  const origin = `http://localhost:${demo.port}`
  assert.deepEqual(mail?.links, [`${origin}/account/sessions`, `${origin}/account/password`])
  await logIn(demo.visitor(), IPHONE)
  assert.equal((await notices(demo)).length, 1, 'it is known by now')
  await logInFrom(demo.visitor(), IPHONE, 2)
  assert.equal((await notices(demo)).length, 1, 'the first login of another account causes no mail')
})

test('a mail also reports a sign-in over the API, but not a failed login', async (t) => {
  const demo = await startDemo(t)
  await logIn(demo.visitor(), FIREFOX)
  await logInFrom(demo.visitor(), IPHONE, 1, 'wrong')
  assert.deepEqual(await notices(demo), [])
  const body = JSON.stringify({ username: 1, password: 'crm-demo' })
  const headers = { 'Content-Type': 'application/json', 'User-Agent': 'curl/8.14.1' }
  for (let times = 0; times < 2; times++)
    assert.equal((await fetch(`${demo.url}/api/signin`, { method: 'POST', headers, body })).status, 200)
  const told = await notices(demo)
  assert.deepEqual(
    told.map(({ to, text }) => [to, /\(([^)]+)\)/.exec(text)?.[1]]),
    [['ada.marlow@crm.example', 'curl']],
  )
})

test('of several waiting notices, only the newest goes out, and it says how many logins it covers', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  await ana.get(await newestLink(demo, 'ana@example.com'))
  for (const browser of [FIREFOX, IPHONE, 'curl/8.14.1', 'Wget/1.25'])
    await logInFrom(demo.visitor(), browser, 'ana@example.com', GOOD_PASSWORD)
  for (let minute = 0; minute < 3; minute++) {
    demo.clock.advance({ seconds: 61 })
    await demo.parts.mail.tick()
  }
  const [mail, ...more] = await notices(demo)
  assert.deepEqual(more, [])
  assert.match(String(mail?.text), /\(Wget\)/i)
  assert.match(String(mail?.text), /Shortly before, 2 other new devices signed in\./)
})

test('an attacker who varies the User-Agent neither floods the mailbox nor delays other notices', async (t) => {
  const demo = await startDemo(t)
  const [ada, thief] = [demo.visitor(), demo.visitor()]
  await logIn(ada, FIREFOX)
  for (let round = 0; round < 20; round++) {
    await logInFrom(thief, ODD_BROWSERS[round % ODD_BROWSERS.length] ?? '', 1)
    await demo.parts.database.deleteFrom('known_devices').where('device', '!=', 'Firefox on Windows').execute()
    if (round % 2 === 1) demo.clock.advance({ minutes: 2 })
    await demo.parts.mail.tick()
  }
  assert.equal((await notices(demo)).length, 4)
  await logInFrom(thief, IPHONE, 1)
  const changed = await thief.post('/account/password', { password: 'crm-demo', newPassword: 'four unusual words' })
  assert.equal(changed.status, 303)
  await demo.parts.mail.tick()
  const subjects = (await readMailbox(demo.visitor())).map(({ subject }) => subject)
  assert.equal(subjects[0], 'Your password for Tessera was changed', 'at once')
})

test('a notice that an account was changed goes out at once, even right after another mail to that address', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await logIn(ada, FIREFOX)
  await logIn(demo.visitor(), IPHONE)
  assert.equal((await notices(demo)).length, 1)
  await ada.post('/account/password', { password: 'crm-demo', newPassword: 'four unusual words' })
  await demo.parts.mail.tick()
  const subjects = (await readMailbox(demo.visitor())).map(({ subject }) => subject)
  assert.deepEqual(subjects, ['Your password for Tessera was changed', SUBJECT])
})

test('nothing is added to a full outbox', async (t) => {
  const demo = await startDemo(t)
  await logIn(demo.visitor(), FIREFOX)
  const waiting = (index: number) => ({
    id: `waiting ${index}`,
    kind: 'taken' as const,
    user_id: '',
    session_id: '',
    email: 'x@example.com',
    state: 'waiting' as const,
    created_at: '2020-01-01T00:00:00.000Z',
    due_at: '2999-01-01T00:00:00.000Z',
    leased_until: '',
    attempts: 0,
  })
  for (let from = 0; from < 5000; from += 500)
    await demo.parts.database
      .insertInto('outbox')
      .values(Array.from({ length: 500 }, (_, index) => waiting(from + index)))
      .execute()
  await logIn(demo.visitor(), IPHONE)
  const query = demo.parts.database.selectFrom('outbox').select('id').where('kind', '=', 'new-device')
  assert.deepEqual(await query.execute(), [])
})

test('many concurrent logins from one new browser cause one mail, and at most fifty browsers of an account are remembered', async (t) => {
  const demo = await startDemo(t)
  await logIn(demo.visitor(), FIREFOX)
  await Promise.all(Array.from({ length: 5 }, () => logIn(demo.visitor(), IPHONE)))
  assert.equal((await notices(demo)).length, 1)
  const old = Array.from({ length: 60 }, (_, index) => ({
    user_id: '1',
    device: `Browser ${index}`,
    first_seen_at: '2020-01-01T00:00:00.000Z',
    last_seen_at: `2020-01-01T00:00:${String(index).padStart(2, '0')}.000Z`,
  }))
  await demo.parts.database.insertInto('known_devices').values(old).execute()
  await logIn(demo.visitor(), 'curl/8')
  const kept = await demo.parts.database
    .selectFrom('known_devices')
    .select('device')
    .where('user_id', '=', '1')
    .execute()
  const names = kept.map(({ device }) => device)
  assert.equal(names.length, 50)
  for (const device of ['curl', 'Firefox on Windows', 'Browser 59']) assert.ok(names.includes(device), device)
})

async function logIn(visitor: Visitor, userAgent: string): Promise<void> {
  assert.equal((await logInFrom(visitor, userAgent, 1)).status, 302)
}

async function notices(demo: Demo) {
  await demo.parts.mail.tick()
  return (await readMailbox(demo.visitor())).filter(({ subject }) => subject === SUBJECT)
}
