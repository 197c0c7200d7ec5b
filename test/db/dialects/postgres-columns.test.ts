import assert from 'node:assert/strict'
import test from 'node:test'
import { signedIn } from '../../support/api-client.ts'
import { startDemo } from '../../support/demo.ts'
import { namesOf } from '../../support/pages.ts'

test('names are sorted by code points, whatever the collation of the database', async (t) => {
  const demo = await startDemo(t)
  const names = ['zebra', 'Zebra', 'ab', 'a b', 'a-b', '_a', '~a', 'ä', 'éa', 'eb', '1', '10', '9', 'a']
  const { id: _id, ...template } = await demo.parts.database
    .selectFrom('customers')
    .selectAll()
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  for (const name of names)
    await demo.parts.database
      .insertInto('customers')
      .values({ ...template, name, name_folded: name, industry: 'Order' })
      .execute()
  const noah = demo.visitor()
  await noah.logInWell(4)
  assert.deepEqual(namesOf(await noah.get('/customers?industry=Order')), names.toSorted())
})

test('amounts of money may exceed 32 bits, on pages, over the API and in a page key', async (t) => {
  const demo = await startDemo(t)
  const totals = [9_007_199_254_740_000, 3_000_000_000, 2_147_483_648, 2_147_483_647]
  for (const [index, total_purchase] of totals.entries())
    await demo.parts.database
      .updateTable('customers')
      .set({ total_purchase, sales_person: 4 })
      .where('id', '=', index + 1)
      .execute()
  await demo.parts.database
    .updateTable('purchases')
    .set({ amount: 3_000_000_001 })
    .where('customer_id', '=', 1)
    .execute()
  const client = await signedIn(demo, 4)
  const seen: number[] = []
  for (let after = ''; ; ) {
    const { body } = await client.get(`/customers?sort=total&limit=1&after=${after}`)
    seen.push(...body.customers.map(({ totalPurchase }: { totalPurchase: number }) => totalPurchase))
    if (body.next === null) break
    after = body.next
  }
  assert.deepEqual(seen, totals)
  assert.equal((await client.get('/customers/1/purchases?limit=1')).body.purchases[0].amount, 3_000_000_001)
  const noah = demo.visitor()
  await noah.logInWell(4)
  assert.match((await noah.get('/customers/1')).text, /€30,000,000\.01/)
})
