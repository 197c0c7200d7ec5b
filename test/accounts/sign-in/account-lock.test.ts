import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { accounts, sweepSignUps } from '../../../src/accounts/index.ts'
import { rememberDevice } from '../../../src/accounts/sign-in/known-devices.ts'
import type { Config } from '../../../src/config/config.ts'
import { ApiClient } from '../../support/api-client.ts'
import { auditOf } from '../../support/audit.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { messageOf, sessionIdOf } from '../../support/pages.ts'
import { ownCrmDatabase } from '../../support/servers/crm-databases.ts'
import { readMailbox } from '../../support/sign-up.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const HELEN = 5
const EMAIL = 'helen.okafor@crm.example'
const NEW = 'four unusual words'
const PROXIED = { trustProxyHops: 1, loginText: 'uniform' } as const

test('[LIMIT-4] after a hundred failures from many networks, a new device gets the same answer to every password', async (t) => {
  const demo = await startDemo(t, PROXIED)
  for (let round = 0; round < 5; round += 1) {
    const guesses = Array.from({ length: 20 }, (_, guess) => guessFrom(demo, `203.0.113.${round * 20 + guess}`))
    for (const answer of await Promise.all(guesses)) assert.equal(answer.status, 422)
  }
  const attempts = async (network: string, name: string, password: string) => {
    const answers: [number, string][] = []
    for (let attempt = 0; attempt < 12; attempt += 1) answers.push(seen(await guessFrom(demo, network, name, password)))
    return answers
  }
  const wrong = await attempts('198.51.100.1', '4', 'wrong')
  assert.deepEqual(await attempts('198.51.100.2', String(HELEN), 'crm-demo'), wrong, 'as for an open account')
  assert.deepEqual(await attempts('198.51.100.3', EMAIL, 'crm-demo'), wrong)
  const call = await new ApiClient(demo).post('/signin', { username: HELEN, password: 'crm-demo' })
  assert.equal(call.status, 401)

  await demo.parts.mail.tick()
  const mails = (await readMailbox(demo.visitor())).filter(({ to }) => to === EMAIL)
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    ['Your account at Tessera is locked for new devices'],
  )
  assert.equal((await auditOf(demo, 'account-locked')).length, 1)
})

test('[LIMIT-4] concurrent guesses are counted one by one, and a right one after the hundredth failure is refused', async (t) => {
  const demo = await startDemo(t, PROXIED)
  await setFailures(demo, 95)
  const guesses = Array.from({ length: 30 }, (_, guess) => guessFrom(demo, `203.0.113.${guess}`))
  await Promise.all(guesses)
  assert.equal(await failuresOf(demo), 100)
  assert.equal((await auditOf(demo, 'account-locked')).length, 1)

  await setFailures(demo, 99)
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  passwords.verify = async (password, stored) => {
    const fits = await verify(password, stored)
    if (password === 'crm-demo') await guessFrom(demo, '198.51.100.9', String(HELEN), 'the hundredth failure')
    return fits
  }
  assert.equal((await demo.visitor().logIn(HELEN)).status, 422)
})

test('[LIMIT-4] a login on a new device ends the series of failures', async (t) => {
  const demo = await startDemo(t)
  await setFailures(demo, 99)
  await demo.visitor().logInWell(HELEN)
  assert.equal(await failuresOf(demo), undefined)
})

test('[LIMIT-4] the failures survive a restart, and all processes count them together', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'crm-lock-'))
  const own = await ownCrmDatabase('filled', join(folder, 'crm.sqlite'))
  t.after(async () => {
    await own.drop()
    rmSync(folder, { recursive: true, force: true })
  })
  const settings: Partial<Config> = { ...PROXIED, database: own.setting }
  const [one, other] = [await startDemo(t, settings), await startDemo(t, settings)]
  await setFailures(one, 80)
  const guesses = Array.from({ length: 20 }, (_, guess) => guessFrom(guess % 2 ? one : other, `203.0.113.${guess}`))
  await Promise.all(guesses)
  assert.equal(await failuresOf(one), 100)
  const restarted = await startDemo(t, settings)
  for (const demo of [one, other, restarted]) assert.equal((await demo.visitor().logIn(HELEN)).status, 422)
})

test('[LIMIT-5] a known device opens a locked account, for all devices', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(HELEN)
  await helen.logOut()
  await setFailures(demo, 100)
  assert.equal((await demo.visitor().logIn(HELEN)).status, 422)
  assert.equal((await helen.logIn(HELEN, 'wrong')).status, 422)
  assert.equal((await demo.visitor().logIn(HELEN)).status, 422)
  await helen.logInWell(HELEN)
  await demo.visitor().logInWell(HELEN)
})

test('[LIMIT-6] failures on a known device do not lock the account', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(HELEN)
  for (let guess = 0; guess < 3; guess += 1) await helen.logIn(HELEN, 'wrong')
  assert.equal(await failuresOf(demo), undefined)
})

test('[LIMIT-7] a known device has a random token in a cookie of its own, and the database only its hash', async (t) => {
  const demo = await startDemo(t, { appName: 'Sales' })
  const helen = demo.visitor()
  const answer = await helen.logInWell(HELEN)
  const token = helen.deviceToken
  assert.equal(Buffer.from(token, 'base64url').length, 32)
  assert.deepEqual(
    answer.setCookies.filter((cookie) => cookie.startsWith('device_')),
    [`device_Sales=${token}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax`],
  )
  const rows = await demo.parts.database.selectFrom('device_tokens').selectAll().execute()
  assert.deepEqual(
    rows.map((row) => [row.hash, row.user_id]),
    [[hash('sha256', token, 'base64url'), String(HELEN)]],
  )
  assert.ok(!JSON.stringify(rows).includes(token))
  await helen.logInWell(HELEN)
  assert.equal(helen.deviceToken, token, 'the account already knows it')

  const secure = await startDemo(t, { publicUrl: 'https://crm.example.com' })
  const { setCookies } = await secure
    .visitor()
    .post(
      '/4DACTION/authenticate',
      { userId: '5', password: 'crm-demo' },
      { Origin: 'https://crm.example.com', Host: 'crm.example.com' },
    )
  assert.match(
    setCookies.join('\n'),
    /^__Host-device_Tessera=[\w-]{43}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure$/m,
  )
})

test('[LIMIT-7] the next account does not accept a token that another user of the browser may have copied', async (t) => {
  const demo = await startDemo(t)
  const shared = demo.visitor()
  await shared.logInWell(4)
  const copied = shared.copy()
  await shared.logOut()
  await shared.logInWell(HELEN)
  assert.notEqual(shared.deviceToken, copied.deviceToken)
  await setFailures(demo, 100)
  await setFailures(demo, 100, 4)
  assert.equal((await copied.logIn(HELEN)).status, 422)
  await shared.logOut()
  await shared.logInWell(4)
  await shared.logInWell(HELEN)

  const planted = demo.visitor()
  planted.cookies.set('device_Tessera', 'x'.repeat(43))
  await planted.logInWell(6)
  assert.notEqual(planted.deviceToken, 'x'.repeat(43))
})

test('[LIMIT-7] a password change makes all other devices unknown, even one that logs in meanwhile', async (t) => {
  const demo = await startDemo(t)
  const [helen, phone, thief] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await helen.logInWell(HELEN)
  await phone.logInWell(HELEN)
  const { passwords } = demo.parts
  const hashing = passwords.hash.bind(passwords)
  // The thief logs in with the old password before the new one is stored.
  passwords.hash = async (password) => {
    await thief.logInWell(HELEN)
    return hashing(password)
  }
  const fields = { password: 'crm-demo', newPassword: NEW }
  assert.equal((await helen.post('/account/password', fields)).status, 303)
  await setFailures(demo, 100)
  for (const other of [phone, thief]) assert.equal((await other.logIn(HELEN, NEW)).status, 422)
  await helen.logOut()
  await helen.logInWell(HELEN, NEW)
})

test('[LIMIT-7] a login with a password that was changed meanwhile makes no device known', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  const account = await accounts.findById(database, String(HELEN))
  assert.ok(account)
  assert.equal(await accounts.replacePassword(database, account, 'new', 'stamp'), true)
  const origin = { device: null, address: '203.0.113.7' }
  const kept: string[] = []
  await rememberDevice(demo.parts, account, origin, { token: undefined, keep: (token) => void kept.push(token) })
  assert.deepEqual([kept, await database.selectFrom('device_tokens').selectAll().execute()], [[], []])
})

test('[LIMIT-7] a device that has not signed in for 180 days is unknown, and its row is removed', async (t) => {
  const demo = await startDemo(t)
  const [used, unused] = [demo.visitor(), demo.visitor()]
  await used.logInWell(HELEN)
  await unused.logInWell(HELEN)
  demo.clock.advance({ hours: 24 * 179 })
  await used.logInWell(HELEN)
  demo.clock.advance({ hours: 24 })
  await setFailures(demo, 100)
  assert.equal((await unused.logIn(HELEN)).status, 422)
  await used.logInWell(HELEN)
  await sweepSignUps(demo.parts.database, demo.clock.now())
  const rows = await demo.parts.database.selectFrom('device_tokens').select('hash').execute()
  assert.deepEqual(
    rows.map((row) => row.hash),
    [hash('sha256', used.deviceToken, 'base64url')],
  )
})

test('[LIMIT-7] an account knows its fifty most recently used devices', async (t) => {
  const demo = await startDemo(t)
  const first = demo.visitor()
  await first.logInWell(HELEN)
  for (let device = 0; device < 49; device += 1) {
    demo.clock.advance({ seconds: 1 })
    await demo.visitor().logInWell(HELEN)
  }
  demo.clock.advance({ seconds: 1 })
  await first.logInWell(HELEN)
  await demo.visitor().logInWell(HELEN)
  const rows = await demo.parts.database.selectFrom('device_tokens').select('hash').execute()
  assert.equal(rows.length, 50)
  assert.ok(rows.some((row) => row.hash === hash('sha256', first.deviceToken, 'base64url')))
})

test('[LIMIT-8] the step-up counts failures on an unknown device, and refuses this device while the account is locked', async (t) => {
  const demo = await startDemo(t)
  const [helen, linked] = [demo.visitor(), demo.visitor()]
  await helen.logInWell(HELEN)
  await linked.get(`/account/sessions?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(helen))}`)
  const confirm = (visitor: Visitor, password: string) => visitor.post('/account/confirm', { password })
  const wrong = await confirm(linked, 'wrong')
  assert.equal(await failuresOf(demo), 1)
  await setFailures(demo, 100)
  assert.deepEqual(seen(await confirm(linked, 'crm-demo')), seen(wrong))
  assert.equal((await confirm(helen, 'crm-demo')).status, 303)
  assert.equal((await confirm(linked, 'crm-demo')).status, 303)
  assert.notEqual(linked.deviceToken, '', 'the account knows the device now')
})

function guessFrom(demo: Demo, network: string, name = String(HELEN), password = 'wrong'): Promise<Answer> {
  const fields = { userId: name, password }
  return demo.visitor().post('/4DACTION/authenticate', fields, { 'X-Forwarded-For': network })
}

function seen(answer: Answer): [number, string] {
  return [answer.status, messageOf(answer)]
}

async function setFailures({ parts }: Demo, failures: number, userId = HELEN): Promise<void> {
  const row = { user_id: String(userId), failures }
  const rows = parts.database.insertInto('login_failures').values(row)
  await rows.onConflict((conflict) => conflict.column('user_id').doUpdateSet({ failures })).execute()
}

async function failuresOf({ parts }: Demo, userId = HELEN): Promise<number | undefined> {
  const rows = parts.database.selectFrom('login_failures').select('failures')
  return (await rows.where('user_id', '=', String(userId)).executeTakeFirst())?.failures
}
