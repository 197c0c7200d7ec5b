import assert from 'node:assert/strict'
import test from 'node:test'
import { changeRole } from '../../../src/accounts/index.ts'
import { auditOf } from '../../support/audit.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { signedUpCustomer, userOf } from '../../support/sign-up.ts'
import type { Answer } from '../../support/visitor.ts'

test('[PEOPLE-5] an administrator disables, enables and changes the role of an account, and the audit trail records it', async (t) => {
  const { demo, admin } = await startWithAdmin(t)
  const jonas = demo.visitor()
  await jonas.logInWell(2)
  const act = async (what: string, fields = {}) => admin.follow(await admin.post(`/admin/accounts/2/${what}`, fields))

  assert.match((await act('disable')).text, /role="status">The account is disabled[\s\S]*>Disabled</)
  assert.equal((await jonas.get('/customers')).status, 303)
  assert.match((await act('enable')).text, /role="status">The account is enabled[\s\S]*>Active</)
  assert.match((await act('role', { role: 'manager' })).text, /role="status">The role is changed[\s\S]*<dd>manager</)
  await jonas.logInWell(2)
  assert.match((await jonas.get('/customers')).text, /<h1>All customers</)

  for (const [event, detail] of [
    ['account-disabled', ''],
    ['account-enabled', ''],
    ['role-changed', 'from salesperson to manager'],
  ] as const) {
    const [row] = await auditOf(demo, event)
    assert.deepEqual(
      [row?.user_id, row?.user_name, row?.by_user_id, row?.by_user_name, row?.detail],
      ['2', 'Jonas Keller', '6', 'Tomasz Nowak', detail],
    )
  }
})

test('[PEOPLE-5] the actions need a recent password, and re-authentication returns to the page or to the form', async (t) => {
  const { demo, admin } = await startWithAdmin(t)
  demo.clock.advance({ minutes: 16 })
  for (const [method, path] of [
    ['POST', '/admin/accounts/2/disable'],
    ['POST', '/admin/accounts/2/enable'],
    ['POST', '/admin/accounts/2/role'],
    ['GET', '/admin/accounts/2'],
  ] as const) {
    const answer = await (method === 'GET' ? admin.get(path) : admin.post(path, { role: 'manager' }))
    const next = method === 'GET' ? path : '/account/unsent'
    assert.deepEqual([answer.status, answer.location], [303, `/account/confirm?next=${encodeURIComponent(next)}`], path)
  }
  const row = await demo.parts.database
    .selectFrom('sales_persons')
    .select(['active', 'role'])
    .where('user_id', '=', 2)
    .executeTakeFirst()
  assert.deepEqual(row, { active: 1, role: 'salesperson' })
})

test('[PEOPLE-5] actions on the own account, on an unknown account and with an unknown role are refused', async (t) => {
  const { demo, admin } = await startWithAdmin(t)
  await changeRole(demo.parts, '5', 'administrator')
  assert.equal((await admin.post('/admin/accounts/6/disable')).status, 409)
  assert.equal((await admin.get('/admin/accounts')).status, 200)
  assert.match((await admin.get('/admin/accounts/6')).text, /This is your own account/)
  for (const userId of ['99', 'nobody', '%00', "1'--"])
    assert.equal((await admin.post(`/admin/accounts/${userId}/disable`)).status, 404, userId)
  for (const role of ['king', '', 'customer']) {
    const refused = await admin.post('/admin/accounts/2/role', { role })
    assert.deepEqual([refused.status, /The role is one of/.test(refused.text)], [409, true], role)
  }
})

test('[PEOPLE-5] the list is searched by userId, name and e-mail address, and every account is on one of its pages', async (t) => {
  const { demo, admin } = await startWithAdmin(t)
  await signedUpCustomer(demo, 'ana_b@example.com')
  const { id = '' } = (await userOf(demo, 'ana_b@example.com')) ?? {}
  const found = async (search: string) => idsOn(await admin.get(`/admin/accounts?search=${encodeURIComponent(search)}`))
  assert.deepEqual(await found('marlow'), ['1'])
  assert.deepEqual(await found('HELEN'), ['5'])
  assert.deepEqual(await found('ana_b'), [id])
  assert.deepEqual(await found('ana%b'), [])
  assert.deepEqual(await found(id), [id])
  assert.deepEqual(await found('@crm.example'), ['1', '2', '3', '4', '5', '6'])

  const added = Array.from({ length: 60 }, (_, index) => `c${String(index).padStart(2, '0')}@example.com`)
  for (const email of added) {
    const row = { id: crypto.randomUUID(), email, password: null, validated: 1, session_id: '' }
    await demo.parts.database
      .insertInto('users')
      .values({ ...row, created_at: '2026-01-01T00:00:00.000Z', validated_at: null })
      .execute()
  }
  const seen: string[] = []
  let path: string | undefined = '/admin/accounts'
  while (path !== undefined) {
    const page: Answer = await admin.get(path)
    seen.push(...idsOn(page))
    path = /rel="next" href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')
  }
  assert.equal(seen.length, 67)
  assert.equal(new Set(seen).size, 67)
})

async function startWithAdmin(
  t: Parameters<typeof startDemo>[0],
): Promise<{ demo: Demo; admin: ReturnType<Demo['visitor']> }> {
  const demo = await startDemo(t)
  const admin = demo.visitor()
  await admin.logInWell(6)
  return { demo, admin }
}

function idsOn({ text }: Answer): string[] {
  return [...text.matchAll(/href="\/admin\/accounts\/([^"]+)"/g)].map(([, id = '']) => id)
}
