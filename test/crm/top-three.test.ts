import assert from 'node:assert/strict'
import test from 'node:test'
import { keepTop3 } from '../../src/crm/index.ts'
import { signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'
import { namesOf, sessionIdOf } from '../support/pages.ts'

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
    return keepTop3(session, 'no owner yet', async () => {
      computed += 1
      return [{ id: computed, name: `customer ${computed}`, totalPurchase: 1 }]
    })
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

test('[CRM-5] after a customer is removed, the top 3 of the session stays the same but does not link to that customer', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const before = namesOf(await visitor.follow(await visitor.logInWell(1)))
  const kept = async () => (await demo.parts.sessions?.storage(sessionIdOf(visitor)))?.myTop3
  const customers = (await kept())?.customers ?? assert.fail('nothing is kept')
  const [first, second] = [String(customers[0]?.id), String(customers[1]?.id)]
  const manager = await signedIn(demo, 5)
  await manager.send('DELETE', `/customers/${first}`)
  assert.deepEqual(namesOf(await visitor.get('/authenticationOK.shtml')), before.slice(1))
  await manager.send('PATCH', `/customers/${second}`, { body: { salesperson: 2 } })
  assert.deepEqual(namesOf(await visitor.get('/authenticationOK.shtml')), before.slice(2))
  assert.deepEqual((await kept())?.customers, customers)
})
