import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { LoginLimit } from '../../../src/accounts/index.ts'
import { KNOWN_DEVICE_DAYS, MOST_CONSECUTIVE_FAILURES } from '../../../src/accounts/people/login-history.ts'
import { LOGIN_LIMITS } from '../../../src/accounts/sign-in/login-limit.ts'
import { projectRoot } from '../../../src/config/project-root.ts'
import { ApiClient } from '../../support/api-client.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { messageOf } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

const HELEN = 'helen.okafor@crm.example'

test('[LIMIT-1] after ten wrong guesses even the right password has to wait, in every spelling of the userId', async (t) => {
  const demo = await startDemo(t)
  for (let guess = 0; guess < 10; guess += 1)
    assert.equal((await demo.visitor().logIn(['4', '04', ' 4 '][guess % 3] ?? '4', `guess ${guess}`)).status, 422)
  const answer = await demo.visitor().logIn('004')
  assert.equal(answer.status, 429)
  assert.match(messageOf(answer), /^Too many failed attempts. Please try again in 15 minutes\.$/)
  assert.ok(Number(answer.headers['retry-after']) > 800)
  const call = { username: '4', password: 'crm-demo' }
  assert.equal((await new ApiClient(demo).post('/signin', call)).status, 429, 'the API has the same limit')
  await demo.visitor().logInWell(5)
})

test('[LIMIT-1] an unknown userId is limited like a known one', async (t) => {
  const demo = await startDemo(t)
  for (let guess = 0; guess < 10; guess += 1) assert.equal((await demo.visitor().logIn(77)).status, 422)
  assert.equal((await demo.visitor().logIn(77)).status, 429)
})

test('[LIMIT-2] no answer reveals that a userId and an e-mail address belong to one account', async (t) => {
  const answersFor = async (names: [string, string]) => {
    const demo = await startDemo(t, { loginText: 'uniform' })
    const answers: unknown[] = []
    for (let guess = 0; guess < 24; guess += 1) {
      const answer = await demo.visitor().logIn(names[guess % 2] ?? '', `guess ${guess}`)
      answers.push([answer.status, messageOf(answer)])
    }
    return answers
  }
  const together = await answersFor(['5', HELEN])
  assert.deepEqual(together, await answersFor(['4', HELEN]), 'as for two accounts')
  assert.deepEqual(together, await answersFor(['77', 'unknown@crm.example']), 'as for no accounts')
  assert.deepEqual(
    together.map((answer) => (answer as [number])[0]),
    [...Array(20).fill(422), ...Array(4).fill(429)],
  )
})

test('[LIMIT-3] of thirty concurrent guesses at most ten get an answer about the password', async (t) => {
  const demo = await startDemo(t)
  const guesses = Array.from({ length: 30 }, (_, guess) => demo.visitor().logIn(4, `guess ${guess}`))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 422).length, 10)
  assert.equal(statuses.filter((status) => status === 429).length, 20)
})

test('[LIMIT-3] a right password among concurrent guesses is refused once ten of them have failed', async (t) => {
  const demo = await startDemo(t)
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  let failures: Promise<unknown> = Promise.resolve()
  // The right password is verified last.
  passwords.verify = async (password, hash) => {
    if (password === 'crm-demo') await failures
    return verify(password, hash)
  }
  let started = () => {}
  failures = new Promise<void>((resolve) => {
    started = resolve
  })
  const right = demo.visitor().logIn(4)
  for (let guess = 0; guess < 10; guess += 1) assert.equal((await demo.visitor().logIn(4, 'x')).status, 422)
  started()
  assert.equal((await right).status, 429)
})

test('[LIMIT-3] right passwords that are still being verified do not count as failures', async (t) => {
  const demo = await startDemo(t)
  const logins = await Promise.all(Array.from({ length: 12 }, () => demo.visitor().logIn(4)))
  assert.deepEqual(new Set(logins.map(({ status }) => status)), new Set([302]))
  for (let time = 0; time < 15; time += 1) await demo.visitor().logInWell(4)
})

test('[LIMIT-1] the limit of one IP address is a hundred failed logins, whatever accounts and headers it sends', async (t) => {
  const demo = await startDemo(t)
  for (let guess = 0; guess < 100; guess += 1) {
    const claims = {
      'X-Forwarded-For': `198.51.100.${guess}`,
      'X-Real-IP': `198.51.100.${guess}`,
      Forwarded: `for=198.51.100.${guess}`,
    }
    const answer = await demo
      .visitor()
      .post('/4DACTION/authenticate', { userId: String(1000 + guess), password: 'x' }, claims)
    assert.equal(answer.status, 422)
  }
  assert.equal((await demo.visitor().logIn(2000)).status, 429)
})

test('[LIMIT-1] behind a trusted proxy each visitor has a separate limit, and cannot forge another address', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const guess = (forwarded: string) => logInFrom(demo.visitor(), forwarded, '4', 'x')
  for (let time = 0; time < 10; time += 1) assert.equal((await guess(`203.0.113.${time}, 198.51.100.1`)).status, 422)
  assert.equal((await guess('203.0.113.99, 198.51.100.1')).status, 429)
  assert.equal((await guess('198.51.100.2')).status, 422)
})

test('[LIMIT-1] the limit ends after a quarter of an hour', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  const attempt = new LoginLimit().attempt({ name: 4, address: '::1' })
  for (let time = 0; time < 10; time += 1) {
    assert.equal(await attempt.wait(), undefined)
    assert.equal(await attempt.fail(), undefined)
  }
  assert.deepEqual([await attempt.wait(), await attempt.fail()], [900, 900])
  now += 899_000
  assert.equal(await attempt.wait(), 1)
  now += 1_000
  assert.equal(await attempt.wait(), undefined)
})

test('[LIMIT-5] guesses of others behind the same address do not lock a user out of a known device', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(5)
  await helen.logOut()
  await useUp(demo, '5')
  for (let name = 0; name < 90; name += 1) await demo.visitor().logIn(1000 + name, 'x')
  assert.equal((await demo.visitor().logIn(5)).status, 429, 'the name is refused on other devices')
  assert.equal((await demo.visitor().logIn(6)).status, 429, 'the network is refused on other devices')
  await helen.logInWell(5)
  await helen.logInWell(HELEN)
  assert.equal((await helen.logIn(4)).status, 429, 'the device is known to one account only')
})

test('[LIMIT-6] a known device has its own limit of ten failures', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(5)
  await helen.logOut()
  for (let guess = 0; guess < 10; guess += 1)
    assert.equal((await helen.logIn(guess % 2 ? '5' : HELEN, 'x')).status, 422)
  assert.equal((await helen.logIn(5)).status, 429)
  await demo.visitor().logInWell(5)
})

test('[LIMIT-10] the documented login limits equal the limits in the code', () => {
  const page = readFileSync(join(projectRoot(), 'docs/operations.md'), 'utf8')
  const [, section = ''] = /## Login limits\n([\s\S]*?)\n## /.exec(page) ?? []
  const rows = [...section.matchAll(/^\| (?!limit|-)(.*?) \| (.*?) \| (.*?) \|$/gm)].map(([, ...cells]) => cells)
  const { windowMinutes, perName, perNetwork, perDevice, perSession } = LOGIN_LIMITS
  const window = `${windowMinutes} minutes`
  assert.deepEqual(rows, [
    ['a name (userId or e-mail address) from one network', String(perName), window],
    ['all names from one network', String(perNetwork), window],
    ['a known device', String(perDevice), window],
    ['re-authentication in one session', String(perSession), window],
    ['an account, on unknown devices, consecutively', String(MOST_CONSECUTIVE_FAILURES), 'until it is opened'],
  ])
  assert.match(section, new RegExp(`stays known for ${KNOWN_DEVICE_DAYS} days`))
})

async function useUp(demo: Demo, name: string): Promise<void> {
  for (let guess = 0; guess < 10; guess += 1) assert.equal((await demo.visitor().logIn(name, 'x')).status, 422)
}

function logInFrom(visitor: Visitor, forwarded: string, userId: string, password: string) {
  return visitor.post('/4DACTION/authenticate', { userId, password }, { 'X-Forwarded-For': forwarded })
}
