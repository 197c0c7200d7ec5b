import assert from 'node:assert/strict'
import test from 'node:test'
import {
  AccountError,
  addSalesperson,
  changeRole,
  disableAccount,
  enableAccount,
  type NewSalesperson,
} from '../../../src/accounts/index.ts'
import { startDemo } from '../../support/demo.ts'
import { messageOf, sessionIdOf } from '../../support/pages.ts'

const MIRA: NewSalesperson = {
  firstname: 'Mira',
  lastname: 'Stone',
  email: 'Mira@Crm.example',
  role: 'salesperson',
  password: 'a good password',
}

test('[PRIV-12] disabling an account signs it out at once, on all devices, and it cannot sign in again', async (t) => {
  const demo = await startDemo(t)
  const [laptop, phone, colleague] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await laptop.logInWell(4)
  await phone.logInWell(4)
  await colleague.logInWell(1)

  await disableAccount(demo.parts, '4')
  for (const device of [laptop, phone]) assert.equal((await device.get('/customers')).status, 303)
  assert.equal((await colleague.get('/customers')).status, 200)
  assert.equal(messageOf(await laptop.logIn(4)), 'This userId is unknown')

  await enableAccount(demo.parts, '4')
  await laptop.logInWell(4)
})

test('[PRIV-12] a new role signs the user out at once, and the next login has the new privileges', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(5)
  assert.match((await visitor.get('/customers')).text, /<h1>All customers</)
  await changeRole(demo.parts, '5', 'salesperson')
  assert.equal((await visitor.get('/customers')).status, 303)
  await visitor.logInWell(5)
  assert.match((await visitor.get('/customers')).text, /<h1>Your customers</)
})

test('[PRIV-12] an account that is disabled while its password is verified is not signed in', async (t) => {
  const demo = await startDemo(t)
  const { passwords } = demo.parts
  const verify = passwords.verify.bind(passwords)
  passwords.verify = async (password, hash) => {
    const fits = await verify(password, hash)
    await disableAccount(demo.parts, '4')
    return fits
  }
  const visitor = demo.visitor()
  const answer = await visitor.logIn(4)
  assert.equal(answer.status, 422)
  assert.equal((await visitor.get('/customers')).status, 303)
  assert.equal(await demo.parts.sessions?.count({ userId: '4', state: 'user' }), 0)
})

test('a new salesperson signs in with the next free userId', async (t) => {
  const demo = await startDemo(t)
  assert.equal(await addSalesperson(demo.parts, MIRA), 7)
  const visitor = demo.visitor()
  const page = await visitor.follow(await visitor.logIn(7, MIRA.password))
  assert.match(page.text, /Welcome, Mira Stone/)
  assert.equal((await demo.parts.sessions?.get(sessionIdOf(visitor)))?.userId, '7')
  const row = await demo.parts.database
    .selectFrom('sales_persons')
    .selectAll()
    .where('user_id', '=', 7)
    .executeTakeFirst()
  assert.equal(row?.email, 'mira@crm.example')
})

test('an invalid account is refused with the reason, and nothing is stored', async (t) => {
  const { parts } = await startDemo(t)
  const wrong: [Partial<Record<keyof NewSalesperson, unknown>>, RegExp][] = [
    [{ firstname: ' ' }, /first name is empty/],
    [{ lastname: 'x'.repeat(61) }, /last name is too long/],
    [{ email: 'no-address' }, /not an e-mail address/],
    [{ email: 'ada.marlow@CRM.example' }, /ada\.marlow@crm\.example is taken/],
    [{ userId: 4 }, /userId 4 is taken/],
    [{ userId: 0 }, /at least 1/],
    [{ userId: 1.5 }, /whole number/],
    [{ role: 'king' }, /role is salesperson, manager or administrator/],
    [{ password: '' }, /password is empty/],
    [{ password: 'x'.repeat(73) }, /73 bytes long/],
  ]
  for (const [change, reason] of wrong) {
    const asked = { ...MIRA, ...change } as NewSalesperson
    await assert.rejects(
      addSalesperson(parts, asked),
      (error: Error) => error instanceof AccountError && reason.test(error.message),
    )
  }
  const { count } = await parts.database
    .selectFrom('sales_persons')
    .select((row) => row.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  assert.equal(count, 6)
  await assert.rejects(disableAccount(parts, '99'), /no account with the userId 99/)
})
