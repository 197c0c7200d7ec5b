import assert from 'node:assert/strict'
import test from 'node:test'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { removeCustomer } from '../../src/crm/index.ts'
import { type Begun, beginOperation, type NewOperation } from '../../src/operations/operations.ts'
import { startDemo } from '../support/demo.ts'
import { editor } from '../support/editor.ts'

const MANAGER = editor(5, { seesAll: true })

test('of twenty concurrent approval requests for one customer, one is sent, and the others redirect to it', async (t) => {
  const { database, clock } = (await startDemo(t)).parts
  for (let customer = 1; customer <= 5; customer++) {
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ask(database, { customer, user: 1 + (index % 4) }, clock.now())),
    )
    const [winner, ...more] = begun.filter(({ is }) => is === 'begun')
    assert.ok(winner?.is === 'begun' && more.length === 0)
    for (const other of begun.filter((one) => one !== winner)) assert.deepEqual(other, { is: 'waiting', id: winner.id })
  }
})

test('of twenty concurrent approval requests of one user, five are accepted, and the others are refused as too many', async (t) => {
  const { database, clock } = (await startDemo(t)).parts
  for (const user of [1, 2, 3, 4, 5]) {
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ask(database, { customer: user * 20 + index, user }, clock.now())),
    )
    assert.deepEqual(
      [begun.filter(({ is }) => is === 'begun').length, begun.filter(({ is }) => is === 'too many').length],
      [5, 15],
    )
  }
})

test('when a customer is removed during an approval request, either the removal or the request fails', async (t) => {
  const { database, clock } = (await startDemo(t)).parts
  const outcomes = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const customers = Array.from({ length: 20 }, (_, index) => 10 + round * 20 + index)
    await Promise.all(
      customers.map(async (customer, index) => {
        const user = 1 + (index % 5)
        const removing = () => removeCustomer(database, MANAGER, customer, clock.now())
        const asking = () => ask(database, { customer, user }, clock.now())
        const [first, second] = index % 2 === 0 ? [removing, asking] : [asking, removing]
        const outcome = (await Promise.all([first(), second()])).map(({ is }) => is).sort()
        outcomes.add(outcome.join(' and '))
      }),
    )
    await database.updateTable('operations').set({ state: 'refused' }).execute()
  }
  for (const outcome of outcomes)
    assert.ok(['approval waits and begun', 'gone and removed', 'removed and too many'].includes(outcome), outcome)
})

function ask(
  database: Kysely<Database>,
  { customer, user }: { customer: number; user: number },
  now: number,
): Promise<Begun> {
  const wanted: NewOperation = {
    customer_id: customer,
    user_id: user,
    session_id: 'A'.repeat(32),
    percent: 10,
    reason: '',
    scenario: '$4DSID',
  }
  return beginOperation(database, wanted, now)
}
