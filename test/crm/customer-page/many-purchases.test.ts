import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { signedUpCustomer } from '../../support/sign-up.ts'
import type { Answer } from '../../support/visitor.ts'

const MANY = 2000

test('[CUST-20] of 2,000 purchases, the pages show the newest 20 and lead to older ones, and stay below 100 KB', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  await database.deleteFrom('purchases').where('customer_id', '=', 1).execute()
  const purchases = Array.from({ length: MANY }, (_, index) => ({
    customer_id: 1,
    // Several purchases of a day, so that the order depends on the id too.
    purchased_on: new Date(Date.UTC(2024, 0, 1 + Math.floor(index / 3))).toISOString().slice(0, 10),
    description: `Purchase no. ${index} `.padEnd(200, 'x'),
    amount: 1_000_000_000,
  }))
  for (let start = 0; start < MANY; start += 500)
    await database
      .insertInto('purchases')
      .values(purchases.slice(start, start + 500))
      .execute()
  const email = 'ana@example.com'
  const changed = { email, total_purchase: MANY * 1_000_000_000 }
  await database.updateTable('customers').set(changed).where('id', '=', 1).execute()
  const noah = demo.visitor()
  await noah.logInWell(4)

  const newest = await noah.get('/customers/1?list=sort%3Dtotal')
  assert.deepEqual(numbersOf(newest), lastOf(MANY))
  assert.match(
    newest.text,
    /20 of 2,000 purchases<[\s\S]*Total of all 2,000 purchases<.*data-label="Total">€20,000,000,000\.00/,
  )
  const older = await noah.get(linkOf(newest, 'Older purchases'))
  assert.deepEqual(numbersOf(older), lastOf(MANY - 20))
  assert.match(older.text, /class="back"><a href="\/customers\?sort=total"/)
  assert.deepEqual(numbersOf(await noah.get(linkOf(older, 'Newest purchases'))), lastOf(MANY))
  for (const key of [
    'x',
    '',
    linkOf(older, 'Older purchases')
      .replace(/.*purchases=|#.*/g, '')
      .slice(1),
  ])
    assert.deepEqual(numbersOf(await noah.get(`/customers/1?purchases=${key}`)), lastOf(MANY), key)

  const own = await (await signedUpCustomer(demo, email)).get('/account')
  assert.deepEqual(numbersOf(own), lastOf(MANY))
  assert.match(own.text, /20 of 2,000 purchases</)
  const welcome = await noah.get('/authenticationOK.shtml')
  assert.match(welcome.text, /<svg [^>]*role="img"/)
  for (const { text } of [newest, older, own, welcome]) assert.ok(Buffer.byteLength(text) < 100_000)
})

test('[CUST-20] a page with all purchases of a customer has no links to others', async (t) => {
  const demo = await startDemo(t)
  const noah = demo.visitor()
  await noah.logInWell(4)
  const { text } = await noah.get('/customers/1')
  assert.match(text, />\d+ purchases?<[\s\S]*>Total</)
  assert.doesNotMatch(text, /Older purchases|Newest purchases/)
})

function numbersOf({ text }: Answer): number[] {
  return [...text.matchAll(/Purchase no\. (\d+) /g)].map(([, number]) => Number(number))
}

/** The 20 numbers before `end`, in descending order. */
function lastOf(end: number): number[] {
  return Array.from({ length: 20 }, (_, index) => end - 1 - index)
}

function linkOf({ text }: Answer, label: string): string {
  const href = new RegExp(`href="([^"]*)">${label}<`).exec(text)?.[1]?.replaceAll('&amp;', '&')
  assert.ok(href, label)
  return href.replace(/#.*/, '')
}
