import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { waitingApprovals } from '../../../src/operations/index.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import type { Answer } from '../../support/visitor.ts'

const WELCOME = '/authenticationOK.shtml'

/** The two customers of salesperson 4. */
const [LEFEVRE, ALMEIDA] = [1, 2]

test('[WELCOME-1] [CHART-1] the figures are those of the own customers in twelve months, and the tables behind the charts agree', async (t) => {
  const demo = await demoWith(t, [
    [ALMEIDA, '2025-01-31', 999_00],
    [ALMEIDA, '2025-02-01', 100_00],
    [ALMEIDA, '2026-01-05', 50_49],
    [LEFEVRE, '2025-06-15', 200_00],
    [LEFEVRE, '2026-01-06', 70_00],
  ])
  const page = await welcomeOf(demo, 4)
  assert.deepEqual(factsOf(page), ['Customers 2', 'Purchases in 12 months €350', 'Purchases in total €1,419'])
  assert.match(page.text, /€350 in twelve months\. The best month was Jun 2025 with €200\./)
  const [months = [], customers = []] = tablesOf(page)
  assert.equal(months.length, 12)
  assert.deepEqual(
    months.filter((row) => !row.endsWith('€0')),
    ['Jan 2026, so far €50', 'Jun 2025 €200', 'Feb 2025 €100'],
  )
  assert.deepEqual(customers, ['Lefèvre Hydraulics SAS €200 57%', 'Almeida Gearworks Lda. €150 43%'])
  assert.match(page.text, /Lefèvre Hydraulics SAS bought most: €200, or 57% of all purchases\./)
})

test('[WELCOME-1] a manager sees the figures of all customers, and a chart of ten', async (t) => {
  const page = await welcomeOf(await startDemo(t), 5)
  assert.equal(factsOf(page)[0], 'Customers 252')
  assert.equal(tablesOf(page)[1]?.length, 10)
  assert.match(page.text, /<h2 id="portfolio">All customers</)
})

test('[CHART-2] the charts are inside the page, have a name, and use no style of their own', async (t) => {
  const { text } = await welcomeOf(await startDemo(t), 1)
  assert.equal(text.match(/<svg [^>]*role="img" aria-labelledby="(by-\w+) \1-point"/g)?.length, 2)
  for (const id of ['by-month', 'by-month-point', 'by-customer', 'by-customer-point'])
    assert.match(text, new RegExp(` id="${id}"`))
  assert.doesNotMatch(text, /\sstyle=|<style|NaN|undefined|Infinity/)
})

test('[CHART-3] one purchase makes a chart, none makes a sentence, and a long name is complete in the table', async (t) => {
  const demo = await demoWith(t, [[ALMEIDA, '2025-06-15', 1]])
  const name = 'Wollmershausen-Mittelstandsmaschinenbaugesellschaft Wanne-Eickel GmbH & Co. KGaA'
  await demo.parts.database.updateTable('customers').set({ name }).where('id', '=', ALMEIDA).execute()
  const page = await welcomeOf(demo, 4)
  assert.match(page.text, />Wollmershausen-[^<]*…<\/text>/)
  assert.deepEqual(tablesOf(page)[1], [`${name.replace('&', '&amp;')} €0 100%`])
  await demo.parts.database.deleteFrom('purchases').execute()
  const { text } = await welcomeOf(demo, 4)
  assert.match(text, /There were no purchases in the last twelve months\./)
  assert.doesNotMatch(text, /<svg [^>]*role="img"/)
})

test('[WELCOME-2] a customer is due 90 days after the last purchase, and a new customer is not', async (t) => {
  const demo = await demoWith(t, [
    [ALMEIDA, '2025-10-07', 100],
    [LEFEVRE, '2025-10-08', 100],
  ])
  const due = async () => itemsOf(await welcomeOf(demo, 4))
  assert.deepEqual(await due(), ['Almeida Gearworks Lda. last purchase on 7 Oct 2025'])
  demo.clock.advance({ hours: 24 })
  assert.equal(itemsOf(await openedBy(demo, 4)).length, 2, 'the day alone makes the cached figures stale')
  const customer = demo.parts.database.updateTable('customers').where('id', '=', ALMEIDA)
  await customer.set({ customer_since: '2026-01-02' }).execute()
  assert.equal((await due()).length, 1)
  await demo.parts.database.deleteFrom('purchases').execute()
  await customer.set({ customer_since: '2020-01-02' }).execute()
  assert.deepEqual(await due(), ['Lefèvre Hydraulics SAS no purchase yet', 'Almeida Gearworks Lda. no purchase yet'])
})

test('[WELCOME-2] of many quiet customers, the page counts all and lists the three with the highest totals', async (t) => {
  const demo = await demoWith(t, [])
  const page = await welcomeOf(demo, 5)
  const { database } = demo.parts
  const { count } = await database
    .selectFrom('customers')
    .select((row) => row.fn.countAll().as('count'))
    .where('customer_since', '<=', '2025-10-07')
    .executeTakeFirstOrThrow()
  const title = `${count} customers have bought nothing for 90 days. These 3 bought most before that:`
  assert.ok(page.text.includes(title), title)
  const best = await database
    .selectFrom('customers')
    .select('name')
    .orderBy('total_purchase', 'desc')
    .limit(3)
    .execute()
  assert.deepEqual(
    itemsOf(page),
    best.map(({ name }) => `${name} no purchase yet`),
  )
})

test('[WELCOME-2] late next steps come first, then those of today and of the coming seven days', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  const plan = (id: number, next_step_on: string) =>
    database
      .updateTable('customers')
      .set({ next_step: `Step ${id}`, next_step_on })
      .where('id', '=', id)
      .execute()
  await database.updateTable('customers').set({ next_step: '', next_step_on: null }).execute()
  await plan(LEFEVRE, '2026-01-05')
  await plan(ALMEIDA, '2025-12-31')
  assert.deepEqual(stepsOf(await welcomeOf(demo, 4)), [
    'Step 2 Almeida Gearworks Lda., late: 31 Dec 2025',
    'Step 1 Lefèvre Hydraulics SAS, today',
  ])
  await plan(LEFEVRE, '2026-01-12')
  await plan(ALMEIDA, '2026-01-13')
  assert.deepEqual(stepsOf(await welcomeOf(demo, 4)), ['Step 1 Lefèvre Hydraulics SAS, 12 Jan 2026'])
  assert.deepEqual(stepsOf(await welcomeOf(demo, 1)), [], 'of other salespersons’ customers')
  for (let id = 3; id <= 8; id++) await plan(id, '2026-01-06')
  const manager = await welcomeOf(demo, 5)
  assert.deepEqual(stepsOf(manager).length, 6)
  assert.match(manager.text, /2 more next steps within 7 days\. <a href="\/customers\?step=planned">/)
})

test('[WELCOME-1] a recorded purchase is in the figures of the next welcome page', async (t) => {
  const demo = await startDemo(t)
  const noah = demo.visitor()
  await noah.logInWell(4)
  const before = factsOf(await noah.get(WELCOME))
  assert.deepEqual(factsOf(await noah.get(WELCOME)), before)
  const form = { description: 'Flow meter', amount: '1000', day: '2026-01-05', actingUser: '4' }
  assert.equal((await noah.post('/customers/1/purchases', form)).status, 303)
  assert.notDeepEqual(factsOf(await noah.get(WELCOME)).slice(1), before.slice(1))
})

test('[WELCOME-2] an own request that waits for a decision is due until it expires', async (t) => {
  const demo = await startDemo(t)
  const request = { customer_id: ALMEIDA, percent: 7, reason: '', scenario: 'state', session_id: 'S', asked_at: '' }
  await demo.parts.database
    .insertInto('operations')
    .values({
      ...request,
      scenario: 'state',
      key: 'k',
      user_id: 4,
      state: 'asked',
      expires_at: '2026-01-05T09:15:00.000Z',
    })
    .execute()
  assert.match(
    (await welcomeOf(demo, 4)).text,
    /7% discount for Almeida Gearworks Lda\.<\/a> <span class="second">waits for a decision until 09:15 UTC/,
  )
  const waiting = (userId: number) =>
    waitingApprovals(demo.parts.database, { userId, seesAll: false }, demo.clock.now())
  assert.equal((await waiting(1)).length, 0)
  demo.clock.advance({ minutes: 15 })
  assert.equal((await waiting(4)).length, 0)
})

test('[CHART-4] the purchases of a new demo end before the day of its first start, and fill all twelve months', async (t) => {
  const demo = await startDemo(t)
  const today = new Date(demo.clock.now()).toISOString().slice(0, 10)
  const { newest } = await demo.parts.database
    .selectFrom('purchases')
    .select((row) => row.fn.max('purchased_on').as('newest'))
    .executeTakeFirstOrThrow()
  assert.ok(newest < today && newest > '2025-12-01', newest)
  const [months = []] = tablesOf(await welcomeOf(demo, 5))
  assert.equal(months.filter((row) => !row.endsWith('€0')).length, 12)
})

/** A demo in which these are the only purchases. */
async function demoWith(t: TestContext, purchases: [customer: number, day: string, amount: number][]): Promise<Demo> {
  const demo = await startDemo(t)
  const { database } = demo.parts
  await database.deleteFrom('purchases').execute()
  for (const [customer_id, purchased_on, amount] of purchases)
    await database.insertInto('purchases').values({ customer_id, purchased_on, amount, description: 'x' }).execute()
  for (const id of [ALMEIDA, LEFEVRE]) {
    const total = purchases.reduce((sum, [customer, , amount]) => sum + (customer === id ? amount : 0), 0)
    await database.updateTable('customers').set({ total_purchase: total }).where('id', '=', id).execute()
  }
  return demo
}

async function welcomeOf(demo: Demo, userId: number): Promise<Answer> {
  // The tests change the tables themselves, so they also make the cached figures stale.
  await demo.parts.database
    .updateTable('sales_persons')
    .set((row) => ({ portfolio_version: row('portfolio_version', '+', 1) }))
    .execute()
  return openedBy(demo, userId)
}

async function openedBy(demo: Demo, userId: number): Promise<Answer> {
  const visitor = demo.visitor()
  await visitor.logInWell(userId)
  return visitor.get(WELCOME)
}

function factsOf({ text }: Answer): string[] {
  return [...text.matchAll(/<div><dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, label, value]) => `${label} ${value}`)
}

/** The rows of each table, as texts. */
function tablesOf({ text }: Answer): string[][] {
  return [...text.matchAll(/<tbody>([\s\S]*?)<\/tbody>/g)].map(([, body = '']) => rowsOf(body, 'tr'))
}

function stepsOf({ text }: Answer): string[] {
  return rowsOf(text, 'p class="due-item"', 'p')
}

function itemsOf({ text }: Answer): string[] {
  return rowsOf(/<ul class="plain due-list">([\s\S]*?)<\/ul>/.exec(text)?.[1] ?? '', 'li')
}

function rowsOf(html: string, tag: string, end = tag): string[] {
  return [...html.matchAll(new RegExp(`<${tag}>(.*?)</${end}>`, 'g'))].map(([, row = '']) =>
    row
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  )
}
