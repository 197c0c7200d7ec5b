import assert from 'node:assert/strict'
import test from 'node:test'
import { AccountError, addSalesperson, changeRole, disableAccount, enableAccount } from '../../../src/accounts/index.ts'
import { SessionError } from '../../../src/session/index.ts'
import { Problem } from '../../../src/web/problem.ts'
import { auditOf } from '../../support/audit.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { GOOD_PASSWORD, signedUpCustomer, userOf } from '../../support/sign-up.ts'
import { callWith, everyWayIn } from '../../support/tokens.ts'

const EVE = {
  firstname: 'Eve',
  lastname: 'Adams',
  email: 'eve@crm.example',
  role: 'administrator',
  password: GOOD_PASSWORD,
} as const

onBothStores(
  '[PEOPLE-1] disabling an account ends its sessions, tokens and links, and each device shows the reason',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const { laptop, phone, token, link } = await everyWayIn(demo)

    await disableAccount(demo.parts, '1')
    for (const device of [laptop, phone])
      assert.match((await device.follow(await device.get('/customers'))).text, /Your account is disabled\./)
    assert.equal((await callWith(demo, token)).status, 401)
    assert.equal((await demo.visitor().get(`/customers?$4DSID=${link}`)).status, 303)
    assert.equal((await demo.visitor().logIn(1)).status, 422)

    await enableAccount(demo.parts, '1')
    assert.equal((await callWith(demo, token)).status, 401)
    assert.equal((await laptop.get('/customers')).status, 303)
    await laptop.logInWell(1)
  },
)

test('[PEOPLE-1] the account of a customer is disabled and enabled too, and its address stays taken', async (t) => {
  const demo = await startDemo(t)
  const ana = await signedUpCustomer(demo, 'ana@example.com')
  const { id = '' } = (await userOf(demo, 'ana@example.com')) ?? {}
  await disableAccount(demo.parts, id)
  assert.equal((await ana.get('/account')).status, 303)
  assert.equal((await ana.logIn('ana@example.com', GOOD_PASSWORD)).status, 422)
  await demo.visitor().post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
  assert.equal((await userOf(demo, 'ana@example.com'))?.id, id)
  await assert.rejects(changeRole(demo.parts, id, 'manager'), /account of a customer/)
  await enableAccount(demo.parts, id)
  await ana.logInWell('ana@example.com', GOOD_PASSWORD)
})

test('[PEOPLE-2] if the session store fails, a disabled account stays disabled, and enabling it revives no old session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(1)
  const failing = withoutStore(demo)
  await assert.rejects(disableAccount(failing, '1'), (error) => error instanceof Problem && error.status === 503)
  assert.equal(await demo.parts.sessions?.count({ userId: '1' }), 1)

  assert.equal((await demo.visitor().logIn(1)).status, 422)
  await enableAccount(failing, '1')
  assert.equal((await visitor.get('/customers')).status, 303)
})

test('[PEOPLE-2] if the session store fails while the role changes, the same change ends the sessions later', async (t) => {
  const demo = await startDemo(t)
  await demo.visitor().logInWell(1)
  const isFailure = (error: unknown) => error instanceof Problem && error.status === 503
  await assert.rejects(changeRole(withoutStore(demo), '1', 'manager'), isFailure)
  await assert.rejects(changeRole(withoutStore(demo), '1', 'manager'), isFailure)
  await changeRole(demo.parts, '1', 'manager')
  assert.equal(await demo.parts.sessions?.count({ userId: '1' }), 0)
  assert.equal((await auditOf(demo, 'role-changed')).length, 1)
})

test('[PEOPLE-3] the last active administrator can be neither disabled nor given another role', async (t) => {
  const { parts } = await startDemo(t)
  const isLast = (error: Error) => error instanceof AccountError && /last active administrator/.test(error.message)
  await assert.rejects(disableAccount(parts, '6'), isLast)
  await assert.rejects(changeRole(parts, '6', 'manager'), isLast)
  await changeRole(parts, '6', 'administrator')
  const eve = String(await addSalesperson(parts, EVE))
  await disableAccount(parts, eve)
  await assert.rejects(disableAccount(parts, '6'), isLast)
  await enableAccount(parts, eve)
  const outcomes = await Promise.allSettled([disableAccount(parts, '6'), disableAccount(parts, eve)])
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

test('[PEOPLE-3] an unknown account or role is refused and changes nothing', async (t) => {
  const { parts } = await startDemo(t)
  await assert.rejects(changeRole(parts, '4', 'king'), /The role is one of: salesperson, manager, administrator/)
  for (const userId of ['99', 'x', '', '1e3', '9'.repeat(40)])
    await assert.rejects(disableAccount(parts, userId), /There is no account/, userId)
})

function withoutStore({ parts }: Demo): Demo['parts'] {
  const fail = async () => {
    throw new SessionError('STORE_UNAVAILABLE', 'down')
  }
  return { ...parts, sessions: Object.create(parts.sessions, { endMany: { value: fail } }) }
}
