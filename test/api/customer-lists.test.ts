import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { assertProblem, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'

interface Purchase {
  date: string
  amount: number
}

test('the list over the API is searched, filtered, sorted and paged like the customers page, and a salesperson sees only their own customers', async (t) => {
  const demo = await startDemo(t)
  const [ada, manager] = [await signedIn(demo, 1), await signedIn(demo, 5)]
  const all = await demo.parts.database.selectFrom('customers').select(['id', 'sales_person']).execute()
  for (const [client, mine] of [
    [ada, all.filter((row) => row.sales_person === 1)],
    [manager, all],
  ] as const) {
    const everyOrder: Record<string, number[]> = {}
    for (const sort of ['name', 'total', 'since', 'name-desc', 'total-asc', 'since-asc']) {
      const ids: number[] = []
      for (let next: string | null = ''; next !== null; ) {
        const page = await client.get(`/customers?sort=${sort}&limit=37${next && `&after=${next}`}`)
        assert.equal(page.body.count, mine.length)
        ids.push(...page.body.customers.map(idOf))
        next = page.body.next
      }
      assert.deepEqual(ids.toSorted(byNumber), mine.map(idOf).toSorted(byNumber), sort)
      everyOrder[sort] = ids
    }
    assert.deepEqual(everyOrder['name-desc'], everyOrder.name?.toReversed())
    assert.deepEqual(everyOrder['total-asc'], everyOrder.total?.toReversed())
    assert.deepEqual(everyOrder['since-asc'], everyOrder.since?.toReversed())
  }
  const [first] = (await manager.get('/customers?limit=1')).body.customers
  const found = await manager.get(
    `/customers?country=${encodeURIComponent(first.country)}&industry=${encodeURIComponent(first.industry)}`,
  )
  assert.ok(found.body.customers.some((row: { id: number }) => row.id === first.id))
  assert.ok(found.body.count < all.length)
  const named = await manager.get(`/customers?search=${encodeURIComponent(first.name.toUpperCase())}`)
  assert.deepEqual(named.body.customers.map(idOf), [first.id])
  assert.deepEqual((await manager.get('/customers?search=%25')).body, { customers: [], count: 0, next: null })
  const total = (await manager.get('/customers?sort=total')).body.customers.map(
    (row: { totalPurchase: number }) => row.totalPurchase,
  )
  assert.deepEqual(
    total,
    total.toSorted((one: number, other: number) => other - one),
  )
  assert.equal(total.length, 25)
})

test('an invalid list request says which parameter is wrong', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const { next } = (await client.get('/customers?limit=1')).body
  for (const [query, status, words] of [
    ['limit=0', 422, /^limit: must be a whole number from 1 to 100\.$/],
    ['limit=101', 422, /^limit: /],
    ['limit=1e1', 422, /^limit: /],
    ['sort=price', 422, /^sort: must be name, name-desc, total, total-asc, since or since-asc\.$/],
    ['after=nonsense', 422, /^after: /],
    [`after=${next}&sort=total`, 422, /^after: /],
    [`after=${next}&sort=since`, 422, /^after: /],
    [`after=${'x'.repeat(601)}`, 422, /^after: at most 600 characters\.$/],
    ['search=%20', 422, /^search: must not be empty\.$/],
    ['search=%CC%81', 422, /^search: must have a visible character\.$/],
    ['unknown=', 422, /^unknown: is not a field here\.$/],
    [`search=${'x'.repeat(81)}`, 422, /^search: at most 80 characters\.$/],
    ['search=%00', 422, /^search: /],
    ['serach=x', 422, /^serach: is not a field here\.$/],
    ['limit=1&limit=2', 400, /more than once/],
    ['__proto__=1', 422, /__proto__: /],
  ] as const)
    assertProblem(await client.get(`/customers?${query}`), status, words)
})

test('an empty parameter counts as missing', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const page = readFileSync(join(projectRoot(), 'docs', 'rest-api.md'), 'utf8')
  const [, address = ''] = /`GET \/api(\/customers\?[^`]*)`/.exec(page) ?? []
  assert.match(address, /search=&.*limit=&after=$/)
  assert.deepEqual((await client.get(address)).body, (await client.get('/customers')).body)
  assertProblem(await client.get('/customers?search=&search='), 400, /more than once/)
})

test('a page key is valid for one list in one order', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 1)
  const [one, other] = (await client.get('/customers?sort=total&limit=2')).body.customers
  const key = async (path: string) => (await client.get(path)).body.next
  const byDay = await key('/customers?sort=since&limit=1')
  const bought = await key(`/customers/${one.id}/purchases?limit=1`)
  assert.equal((await client.get(`/customers?sort=since&after=${byDay}`)).status, 200)
  assert.equal((await client.get(`/customers/${one.id}/purchases?after=${bought}`)).status, 200)
  for (const path of [
    `/customers?after=${byDay}`,
    `/customers?sort=since&after=${bought}`,
    `/customers/${one.id}/purchases?after=${byDay}`,
    `/customers/${other.id}/purchases?after=${bought}`,
  ])
    assertProblem(await client.get(path), 422, /^after: is not a page key of this list/)
})

test('the purchases of a customer are listed newest first, in pages', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const whole = (await client.get('/customers/1/purchases')).body
  assert.equal(whole.purchases.length, whole.count)
  const paged: Purchase[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page: { purchases: Purchase[]; next: string | null } = (
      await client.get(`/customers/1/purchases?limit=2${next && `&after=${next}`}`)
    ).body
    paged.push(...page.purchases)
    next = page.next
  }
  assert.deepEqual(paged, whole.purchases)
  const days = paged.map(({ date }) => date)
  assert.deepEqual(days, days.toSorted().toReversed())
  const sum = paged.reduce((total, { amount }) => total + amount, 0)
  assert.equal(sum, (await client.get('/customers/1')).body.totalPurchase)
})

test('the top 3 are calculated for each request, from the user’s own customers', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 1)
  const before = (await client.get('/portfolio/top3')).body.customers
  assert.equal(before.length, 3)
  await client.send('DELETE', `/customers/${before[0].id}`)
  const after = (await client.get('/portfolio/top3')).body.customers
  assert.deepEqual(after.slice(0, 2), before.slice(1))
  assert.equal((await (await signedIn(demo, 4)).get('/portfolio/top3')).body.customers.length, 2)
  assert.deepEqual((await (await signedIn(demo, 6)).get('/portfolio/top3')).body, { customers: [] })
})

function idOf({ id }: { id: number }): number {
  return id
}

function byNumber(one: number, other: number): number {
  return one - other
}
