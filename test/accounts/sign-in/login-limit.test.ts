import assert from 'node:assert/strict'
import test from 'node:test'
import { LoginLimit } from '../../../src/accounts/index.ts'
import { startDemo } from '../../support/demo.ts'
import { messageOf } from '../../support/pages.ts'

test('after ten wrong guesses even the right password is refused for a while, in every spelling of the userId', async (t) => {
  const demo = await startDemo(t)
  for (let guess = 0; guess < 10; guess += 1)
    assert.equal((await demo.visitor().logIn(['4', '04', ' 4 '][guess % 3] ?? '4', `guess ${guess}`)).status, 422)
  const answer = await demo.visitor().logIn('004')
  assert.equal(answer.status, 429)
  assert.match(messageOf(answer), /^Too many failed attempts. Please try again in 15 minutes\.$/)
  assert.ok(Number(answer.headers['retry-after']) > 800)
  await demo.visitor().logInWell(5)
})

test('an unknown userId is limited like a known one', async (t) => {
  const demo = await startDemo(t)
  for (let guess = 0; guess < 10; guess += 1) assert.equal((await demo.visitor().logIn(77)).status, 422)
  assert.equal((await demo.visitor().logIn(77)).status, 429)
})

test('of thirty concurrent guesses at most ten are verified', async (t) => {
  const demo = await startDemo(t)
  const guesses = Array.from({ length: 30 }, (_, guess) => demo.visitor().logIn(4, `guess ${guess}`))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 422).length, 10)
  assert.equal(statuses.filter((status) => status === 429).length, 20)
})

test('a successful login does not count towards the limit', async (t) => {
  const demo = await startDemo(t)
  for (let time = 0; time < 15; time += 1) await demo.visitor().logInWell(4)
})

test('one IP address may have a hundred failed logins, whatever accounts and headers it sends', async (t) => {
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

test('behind a trusted proxy each visitor has a separate limit, and cannot forge the address of another visitor', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const guess = (forwarded: string) =>
    demo.visitor().post('/4DACTION/authenticate', { userId: '4', password: 'x' }, { 'X-Forwarded-For': forwarded })
  for (let time = 0; time < 10; time += 1) assert.equal((await guess(`203.0.113.${time}, 198.51.100.1`)).status, 422)
  assert.equal((await guess('203.0.113.99, 198.51.100.1')).status, 429)
  assert.equal((await guess('198.51.100.2')).status, 422)
})

test('the limit ends after a quarter of an hour', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  const limit = new LoginLimit()
  for (let time = 0; time < 10; time += 1) assert.equal((await limit.take(4, '::1')).allowed, true)
  assert.deepEqual(await limit.take(4, '::1'), { allowed: false, retryAfterSeconds: 900 })
  now += 899_000
  assert.deepEqual(await limit.take(4, '::1'), { allowed: false, retryAfterSeconds: 1 })
  now += 1_000
  assert.equal((await limit.take(4, '::1')).allowed, true)
})

test('an IPv6 /64 network counts as one address', async () => {
  const limit = new LoginLimit()
  for (let time = 0; time < 10; time += 1) await limit.take(4, `2001:db8:0:1::${time}`)
  assert.equal((await limit.take(4, '2001:0db8:0000:0001:ffff:1:2:3')).allowed, false)
  assert.equal((await limit.take(4, '2001:db8:0:2::1')).allowed, true)
  assert.equal((await limit.take(4, '::ffff:192.0.2.1')).allowed, true)
})
