import assert from 'node:assert/strict'
import test from 'node:test'
import { recordPurchase } from '../../../src/crm/customer-page/record-purchase.ts'
import { keepTop3, restoreCustomer } from '../../../src/crm/index.ts'
import { formatMoment } from '../../../src/web/format.ts'
import { signedIn } from '../../support/api-client.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { editor } from '../../support/editor.ts'
import { namesOf, sessionIdOf } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

const MANAGER = editor(5, { seesAll: true })
const PURCHASE = { day: '2026-01-01', description: 'A large order', amount: 900_000_000, discount: undefined }

test('[CRM-5] twenty tabs that open the welcome page at once share one calculation of the top 3', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(1)
  const { sessions } = demo.parts
  assert.ok(sessions)
  const id = sessionIdOf(visitor)
  let computed = 0
  const tab = async () => {
    const session = await sessions.resume({
      cookieHeader: [...visitor.cookies].map((pair) => pair.join('=')).join('; '),
      oneTimeToken: undefined,
      path: '/',
      linkUse: 'open',
      replacesUser: false,
      countsAsActivity: true,
      mayBeginGuest: false,
      device: null,
      address: '127.0.0.1',
      headersSent: () => false,
      setCookie: () => assert.fail('a tab of a live session sets no cookie'),
      setCurrent: () => {},
      onClose: () => {},
    })
    const portfolio = {
      version: async () => 7,
      topCustomers: async () => {
        computed += 1
        return [{ id: computed, name: `customer ${computed}`, totalPurchase: 1 }]
      },
    }
    return (await keepTop3(session, 'no owner yet', portfolio, demo.clock.now())).customers
  }
  const seen = await Promise.all(Array.from({ length: 20 }, tab))
  assert.equal(computed, 1)
  for (const top3 of seen) assert.deepEqual(top3, [{ id: 1, name: 'customer 1', totalPurchase: 1 }])
  assert.deepEqual((await sessions.storage(id))?.myTop3?.owner, 'no owner yet')
})

test('[CRM-5] tabs that open at once after the login show the same customers', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(2)
  const tabs = await Promise.all(Array.from({ length: 20 }, () => visitor.get('/authenticationOK.shtml')))
  assert.equal(namesOf(tabs[0] ?? assert.fail()).length, 3)
  for (const tab of tabs) assert.deepEqual(namesOf(tab), namesOf(tabs[0] ?? tab))
})

test('[CRM-5] [CRM-20] the top 3 in every session of a salesperson is computed again after a change by another user, and only then', async (t) => {
  const demo = await startDemo(t)
  const [browser, phone, jonas] = [demo.visitor(), demo.visitor(), demo.visitor()]
  for (const device of [browser, phone]) await device.logInWell(1)
  await jonas.logInWell(2)
  const manager = await signedIn(demo, 5)
  const ids = async () => (await kept(demo, browser)).customers.map(({ id }) => id)
  const [first = 0, second = 0, third = 0] = await ids()
  const steps: [change: () => Promise<unknown>, best: (number | undefined)[]][] = [
    [() => manager.send('PATCH', `/customers/${first}`, { body: { name: 'Renamed Works' } }), [first, second, third]],
    [() => manager.send('PATCH', `/customers/${second}`, { body: { salesperson: 2 } }), [first, third]],
    [() => manager.send('DELETE', `/customers/${first}`), [third]],
    [() => restoreCustomer(demo.parts.database, MANAGER, first, demo.clock.now()), [first, third]],
    [() => recordPurchase(demo.parts.database, MANAGER, third, PURCHASE, demo.clock.now()), [third, first]],
  ]
  for (const [change, best] of steps) {
    const before = await kept(demo, browser)
    await browser.get('/authenticationOK.shtml')
    assert.deepEqual(await kept(demo, browser), before, 'without a change, nothing is computed')
    demo.clock.advance({ minutes: 1 })
    await change()
    for (const device of [browser, phone]) {
      const page = await device.get('/authenticationOK.shtml')
      const { customers, computedAt } = await kept(demo, device)
      assert.deepEqual(customers.map(({ id }) => id).slice(0, best.length), best)
      assert.equal(computedAt, new Date(demo.clock.now()).toISOString())
      assert.match(page.text, new RegExp(`Computed on ${formatMoment(demo.clock.now())}`))
      assert.deepEqual(
        namesOf(page),
        customers.map(({ name }) => name),
      )
    }
  }
  assert.match((await browser.get('/authenticationOK.shtml')).text, /Renamed Works/)
  const other = await kept(demo, jonas)
  await jonas.get('/authenticationOK.shtml')
  assert.notEqual((await kept(demo, jonas)).version, other.version, 'the assignment also changed this portfolio')
})

async function kept(demo: Demo, visitor: Visitor) {
  const storage = await demo.parts.sessions?.storage(sessionIdOf(visitor))
  return storage?.myTop3 ?? assert.fail('nothing is kept')
}
