import assert from 'node:assert/strict'
import test from 'node:test'
import { isEmpty, seedDemo } from '../../../db/demo/seed.ts'
import { makeCustomers } from '../../../db/demo/seed-customers.ts'
import { makeFollowUps } from '../../../db/demo/seed-follow-ups.ts'
import { startDemo } from '../../support/demo.ts'

test('the demo has the documented accounts and the same customers each time', () => {
  const { customers, purchases } = makeCustomers('2026-06-30')
  assert.deepEqual(makeCustomers('2026-06-30'), { customers, purchases })
  assert.ok(customers.length >= 240)
  assert.ok(new Set(customers.map(({ country }) => country)).size >= 10)
  assert.ok(new Set(customers.map(({ industry }) => industry)).size >= 10)
  assert.equal(new Set(customers.map(({ name }) => name)).size, customers.length)
  assert.equal(customers.filter((customer) => customer.sales_person === 4).length, 2)
  assert.deepEqual([...new Set(customers.map((customer) => customer.sales_person))].sort(), [1, 2, 3, 4])
  for (const customer of customers) {
    const bought = purchases.filter((purchase) => purchase.customer_id === customer.id)
    assert.equal(
      bought.reduce((sum, purchase) => sum + purchase.amount, 0),
      customer.total_purchase,
      customer.name,
    )
    assert.ok(bought.length >= 2 && customer.total_purchase < 2 ** 31)
    assert.match(customer.email, /^[a-z-]+\.[a-z-]+@[a-z0-9-]+\.example$/)
  }
})

test('the demo has next steps that are due, next steps in the future, and notes, but none for userId 4', () => {
  const { customers } = makeCustomers('2026-06-30')
  const now = Date.parse('2026-07-01T09:00:00Z')
  const { nextSteps, notes } = makeFollowUps(customers, now)
  const isDue = ({ next_step_on }: { next_step_on: string }) => next_step_on <= '2026-07-01'
  assert.ok(nextSteps.filter(isDue).length >= 5 && nextSteps.filter((step) => !isDue(step)).length >= 10)
  assert.ok(notes.length >= 20 && notes.every(({ written_at }) => written_at < '2026-07-01'))
  for (const id of [...nextSteps.map((step) => step.id), ...notes.map((note) => note.customer_id)])
    assert.notEqual(customers.find((customer) => customer.id === id)?.sales_person, 4)
})

test('the demo never fills a database that already has accounts', async (t) => {
  const { parts } = await startDemo(t)
  assert.equal(await isEmpty(parts.database), false)
  await parts.database.updateTable('customers').set({ name: 'kept' }).where('id', '=', 7).execute()
  await seedDemo(parts.database, async () => 'hash', 0)
  const kept = await parts.database.selectFrom('customers').selectAll().where('id', '=', 7).executeTakeFirstOrThrow()
  assert.equal(kept.name, 'kept')
})

test('the production profile begins with an empty database', async (t) => {
  const { parts } = await startDemo(t, { profile: 'production' })
  assert.equal(await isEmpty(parts.database), true)
})
