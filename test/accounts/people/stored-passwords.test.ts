import assert from 'node:assert/strict'
import test from 'node:test'
import bcrypt from 'bcryptjs'
import { createPasswords, highestStoredCost } from '../../../src/accounts/index.ts'
import work, { type PasswordTask } from '../../../src/accounts/people/password-worker.ts'
import { ApiClient } from '../../support/api-client.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { messageOf } from '../../support/pages.ts'

test('[PASS-2] a login stores a hash of the configured cost, and eight concurrent logins all succeed and get a device cookie', async (t) => {
  const demo = await startDemo(t)
  await store(demo, bcrypt.hashSync('crm-demo', 6))
  assert.equal((await demo.visitor().logIn(1, 'wrong')).status, 422)
  assert.match(await hashOf(demo), /^\$2b\$06\$/, 'a wrong password changes nothing')
  for (let round = 0; round < 4; round += 1) {
    await store(demo, bcrypt.hashSync('crm-demo', 6))
    const visitors = Array.from({ length: 8 }, () => demo.visitor())
    await Promise.all(visitors.map((visitor) => visitor.logInWell(1)))
    assert.equal(visitors.filter((visitor) => visitor.cookies.has('device_Tessera')).length, 8)
    for (const visitor of visitors) assert.equal((await visitor.get('/customers')).status, 200)
  }
  const renewed = await hashOf(demo)
  assert.match(renewed, /^\$2b\$04\$/)
  await demo.visitor().logInWell(1)
  assert.equal(await hashOf(demo), renewed, 'a hash of the configured cost stays')
})

test('[PASS-2] a login succeeds although the new hash cannot be stored', async (t) => {
  const demo = await startDemo(t)
  await store(demo, bcrypt.hashSync('crm-demo', 5))
  const hash = t.mock.method(demo.parts.passwords, 'hash', async () => {
    throw new Error('no thread')
  })
  await demo.visitor().logInWell(1)
  assert.equal(hash.mock.callCount(), 1)
  assert.equal(demo.log.filter((line) => line.includes('password.renew')).length, 1)
})

test('[PASS-3] every password takes the time of the highest stored cost, whether it is right or not, for unknown users too', async (t) => {
  const demo = await startDemo(t)
  assert.equal(await highestStoredCost(demo.parts.database), 4)
  await store(demo, bcrypt.hashSync('crm-demo', 7))
  await store(demo, `$2b$99$${'x'.repeat(53)}`, 2)
  assert.equal(await highestStoredCost(demo.parts.database), 7, 'a damaged hash does not count')

  const steps: number[] = []
  let isRight = false
  const passwords = createPasswords({ cost: 4 }, () => ({
    queueSize: 0,
    async run(task: PasswordTask) {
      const compare = t.mock.method(bcrypt, 'compareSync', (_: string, hash: string) => {
        steps.push(2 ** Number(hash.slice(4, 6)))
        return isRight
      })
      const result = await work(task)
      compare.mock.restore()
      return result
    },
    async close() {},
  }))
  passwords.expectCost(7)
  for (const hash of [undefined, 'damaged', bcrypt.hashSync('x', 4), bcrypt.hashSync('x', 6), bcrypt.hashSync('x', 7)])
    for (isRight of [false, true]) {
      steps.length = 0
      assert.equal(await passwords.verify('x', hash), isRight && hash?.startsWith('$') === true)
      assert.equal(
        steps.reduce((sum, step) => sum + step, 0),
        2 ** 7,
        `${isRight} ${hash}`,
      )
    }
})

test('[PASS-3] a server that starts reads the highest stored cost', async (t) => {
  const demo = await startDemo(t, { bcryptCost: 5 })
  const { passwords } = demo.parts
  const expected = t.mock.method(Object.getPrototypeOf(passwords), 'expectCost')
  await startDemo(t, { bcryptCost: 5 })
  assert.equal(expected.mock.callCount(), 1)
  assert.deepEqual(expected.mock.calls[0]?.arguments, [5])
})

test('[PASS-4] with a damaged hash, the login page, the API and the step-up refuse the password and log one line', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const lines = () => demo.log.filter((line) => line.includes('"event":"password.damaged"')).splice(0).length
  let seen = 0
  for (const damaged of ['', 'crm-demo', `$2b$31$${'x'.repeat(53)}`, `$9z$04$${'!'.repeat(53)}`]) {
    await store(demo, damaged)
    const page = await demo.visitor().logIn(1)
    assert.deepEqual([page.status, messageOf(page)], [422, 'This password is wrong'], damaged)
    assert.equal((await new ApiClient(demo).post('/signin', { username: '1', password: 'crm-demo' })).status, 401)
    if (seen === 0) {
      const step = await ada.post('/account/confirm', { password: 'crm-demo' })
      assert.deepEqual([step.status, messageOf(step)], [422, 'This is not your password.'])
      seen += 1
    }
    seen += 2
    assert.equal(lines(), seen, damaged)
  }
  assert.ok(demo.log.every((line) => !line.includes('"status":500')))
})

async function store({ parts: { database } }: Demo, password: string, userId = 1): Promise<void> {
  await database.updateTable('sales_persons').set({ password }).where('user_id', '=', userId).execute()
}

async function hashOf({ parts: { database } }: Demo): Promise<string> {
  const row = database.selectFrom('sales_persons').select('password').where('user_id', '=', 1)
  return (await row.executeTakeFirstOrThrow()).password
}
