import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { UsageLimit } from '../../../src/accounts/index.ts'
import type { Config } from '../../../src/config/config.ts'
import { Connections } from '../../../src/parts/connections.ts'
import { openLimiters } from '../../../src/parts/shared-limiters.ts'
import { assertProblem, NEW_CUSTOMER, signedIn } from '../../support/api-client.ts'
import { demoConfig, startDemo } from '../../support/demo.ts'
import { ownDatabase, ownName, postgresUrl, redisUrl } from '../../support/servers/test-servers.ts'

test('[CAP-3] a user creates at most 200 customers an hour, even with parallel requests', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 5)
  for (let made = 0; made < 195; made++) await demo.parts.usageLimit.countCustomer('5')
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.post('/customers', NEW_CUSTOMER)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 201, 201, 429, 429, 429])
  const refused = await client.post('/customers', NEW_CUSTOMER)
  assertProblem(refused, 429, /^You may create 200 customers an hour\. Please try again in 60 minutes\.$/)
  assert.ok(Number(refused.headers['retry-after']) > 3500)
  assert.equal((await (await signedIn(demo, 4)).post('/customers', NEW_CUSTOMER)).status, 201)
})

test('[CAP-4] a user searches at most 60 times a minute, on the pages and in the API together', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(5)
  const client = await signedIn(demo, 5)
  for (let search = 0; search < 58; search++) await demo.parts.usageLimit.countSearch('5')
  assert.equal((await visitor.get('/customers?q=a')).status, 200)
  assert.equal((await client.get('/customers?search=a')).status, 200)
  const page = await visitor.get('/customers?q=a')
  assert.equal(page.status, 429)
  assert.match(page.text, /You may search 60 times a minute\. Please try again in (1 minute|\d+ seconds)\./)
  assert.ok(Number(page.headers['retry-after']) > 50)
  assertProblem(await client.get('/customers?search=a'), 429, /search 60 times/)
  assert.equal((await visitor.get('/customers?sort=total')).status, 200, 'a list without a search')
  assert.equal((await client.get('/customers')).status, 200)

  const administrator = demo.visitor()
  await administrator.logInWell(6)
  for (let search = 0; search < 60; search++) await demo.parts.usageLimit.countSearch('6')
  for (const path of ['/admin/sessions?user=4', '/admin/audit?user=4', '/admin/audit.csv'])
    assert.equal((await administrator.get(path)).status, 429, path)
  for (const path of ['/admin/sessions', '/admin/sessions?user=4&refresh', '/admin/audit'])
    assert.equal((await administrator.get(path)).status, 200, path)
})

test('[CAP-4] five open consoles refresh once a second, and further refreshes of a search are refused', async (t) => {
  const demo = await startDemo(t)
  const administrator = demo.visitor()
  await administrator.logInWell(6)
  for (let refresh = 0; refresh < 5 * 60; refresh++) await demo.parts.usageLimit.countRefresh('6')
  assert.equal((await administrator.get('/admin/sessions?user=4&refresh')).status, 200)
  for (let refresh = 5 * 60 + 1; refresh < 400; refresh++) await demo.parts.usageLimit.countRefresh('6')
  const refused = await administrator.get('/admin/sessions?user=4&refresh')
  assert.equal(refused.status, 429)
  assert.match(refused.text, /You may refresh a search 400 times a minute\./)
  assert.equal((await administrator.get('/admin/sessions?user=4')).status, 200, 'a search')
  assert.equal((await administrator.get('/admin/sessions?refresh')).status, 200, 'a list without a search')
})

if (redisUrl !== undefined) {
  const url = redisUrl
  testOn('Redis', async () => ({ kind: 'redis', url }))
}
if (postgresUrl !== undefined) testOn('PostgreSQL', async (t) => ({ kind: 'postgres', url: await ownDatabase(t) }))

function testOn(where: string, settingOf: (t: TestContext) => Promise<Config['sessionStore']>): void {
  test(`[CAP-5] two processes count the searches of a user together, on ${where}`, async (t) => {
    const config = demoConfig({ sessionStore: await settingOf(t), appName: ownName() })
    const [one, other] = [await openLimit(t, config), await openLimit(t, config)]
    const searches = Array.from({ length: 80 }, (_, number) => (number % 2 ? one : other).countSearch('5'))
    const results = await Promise.allSettled(searches)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 60)
    await other.countSearch('4')
  })
}

async function openLimit(t: TestContext, config: Config): Promise<UsageLimit> {
  const connections = new Connections(() => {})
  t.after(() => connections.close())
  return new UsageLimit(await openLimiters(config, connections))
}
