import assert from 'node:assert/strict'
import test from 'node:test'
import { Client } from 'pg'
import { signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf, messageOf, pathOf } from '../support/pages.ts'
import { startCuttingProxy } from '../support/servers/cutting-proxy.ts'
import { startPostgres } from '../support/servers/postgres-server.ts'
import { ownDatabase, postgresUrl } from '../support/servers/test-servers.ts'
import { GOOD_PASSWORD, signUpAs } from '../support/sign-up.ts'
import { until } from '../support/until.ts'
import type { Answer } from '../support/visitor.ts'

const PROGRAM = { Accept: 'application/json' }

if (postgresUrl !== undefined) {
  test('a database outage causes a 503 on pages and over the API and logs no user out, and afterwards requests succeed again', async (t) => {
    const server = await startPostgres({ durable: true })
    t.after(() => server.close())
    const demo = await startDemo(t, { database: { kind: 'postgres', url: server.url } })
    const noah = demo.visitor()
    await noah.logInWell(4)
    const client = await signedIn(demo, 4)
    await server.kill()

    for (let times = 0; times < 3; times++) {
      assertUnavailable(await noah.get('/customers'))
      assertUnavailable(await noah.get('/'))
      assertUnavailable(await demo.visitor().logIn(4))
      assertUnavailable(await demo.visitor().post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD }))
      assertUnavailable(await noah.post('/operations', { customer: '1', percent: '10' }))
      const told = await noah.get('/customers', PROGRAM)
      assert.deepEqual([told.status, JSON.parse(told.text).error.status], [503, 503])
      const answer = await client.get('/customers')
      assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5'])
      assert.deepEqual(Object.keys(answer.body), ['isCallbackError', 'message'])
      assert.match(answer.body.message, /cannot be reached at the moment/)
    }
    assert.equal((await noah.get('/healthz')).status, 200)

    await server.start()
    assert.equal((await noah.get('/customers')).status, 200)
    assert.equal((await client.get('/customers')).status, 200)
    await demo.visitor().logInWell(1)
    assertNothingUnexpected(demo)
  })

  test('a request that meets a locked table or a dead connection fails within five seconds', async (t) => {
    const url = await ownDatabase(t)
    const held = await startDemo(t, { database: { kind: 'postgres', url } })
    const proxy = await startCuttingProxy(t, url)
    const silent = await startDemo(t, { database: { kind: 'postgres', url: proxy.url } })
    const [helen, noah] = [held.visitor(), silent.visitor()]
    await helen.logInWell(5)
    await noah.logInWell(4)
    const other = new Client({ connectionString: url })
    await other.connect()
    await other.query('begin; lock table purchases in access exclusive mode')
    proxy.stall()

    const began = performance.now()
    const answers = await Promise.all([
      ...Array.from({ length: 12 }, () => helen.get('/customers/1')),
      ...Array.from({ length: 12 }, () => noah.get('/customers')),
    ])
    const took = performance.now() - began
    for (const answer of answers) assertUnavailable(answer)
    assert.ok(took < 9000, `${took} ms`)
    assert.equal((await helen.get('/customers')).status, 200, 'other tables work')

    proxy.mend()
    await other.query('commit')
    await other.end()
    assert.equal((await noah.get('/customers/1')).status, 200)
    assert.equal((await helen.get('/customers')).status, 200)
    for (const demo of [held, silent]) assertNothingUnexpected(demo)
  })

  test('when a link is confirmed during an outage, the form on the error page still completes the sign-up afterwards', async (t) => {
    const proxy = await startCuttingProxy(t, await ownDatabase(t))
    const database = { kind: 'postgres', url: proxy.url } as const
    const demo = await startDemo(t, { database, profile: 'production', publicUrl: 'http://localhost:8044' })
    const ana = demo.visitor()
    await signUpAs(demo, ana, 'ana@example.com')
    const { links } = await demo.parts.database.selectFrom('mailbox').select('links').executeTakeFirstOrThrow()
    proxy.cutAtNextAnswer('each')
    const answer = await ana.post(pathOf(JSON.parse(links)[0]), { password: GOOD_PASSWORD })
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5'])
    assert.match(messageOf(answer), /cannot be reached at the moment/)
    const [, again = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(answer.text) ?? []
    assert.equal(headingOf(await ana.post(again, { password: GOOD_PASSWORD })), 'Congratulations')
  })

  test('audit entries are stored once, even when the reply of the database is lost', async (t) => {
    const proxy = await startCuttingProxy(t, await ownDatabase(t))
    const demo = await startDemo(t, { database: { kind: 'postgres', url: proxy.url } })
    const { audit, database } = demo.parts
    await audit.written()
    for (let round = 0; round < 5; round++) {
      audit.note({ event: 'sign-out', userName: `round ${round}` })
      proxy.cutAtNextAnswer('each')
      await audit.written()
      assert.ok(demo.log.some((line) => line.includes('audit.failed')))
      demo.clock.advance({ seconds: 3 })
      await audit.written()
    }
    const rows = await database.selectFrom('audit_events').select('user_name').orderBy('id').execute()
    assert.deepEqual(
      rows.map(({ user_name }) => user_name),
      [0, 1, 2, 3, 4].map((round) => `round ${round}`),
    )
  })

  test('no log line contains the database’s password or the values of a query', async (t) => {
    const server = await startPostgres()
    t.after(() => server.close())
    const address = new URL(server.url)
    address.password = 'a-secret-of-ours'
    const demo = await startDemo(t, { database: { kind: 'postgres', url: address.href } })
    const { password } = await demo.parts.database.selectFrom('sales_persons').selectAll().executeTakeFirstOrThrow()
    await demo.visitor().logInWell(4)
    await server.kill()
    await until('the trouble is logged', async () => demo.log.some((line) => line.includes('connection.trouble')))
    for (let times = 0; times < 3; times++) assertUnavailable(await demo.visitor().logIn(4))
    const text = demo.log.join('\n')
    for (const secret of ['a-secret-of-ours', password, 'crm-demo']) assert.ok(!text.includes(secret), secret)
    for (const line of demo.log) assert.ok(line.length < 5000, line.slice(0, 500))
  })
}

function assertUnavailable(answer: Answer): void {
  assert.deepEqual([answer.status, headingOf(answer)], [503, 'Not available right now'], answer.text)
  assert.match(answer.text, /cannot be reached at the moment\. Please try again in a few seconds/)
  assert.deepEqual([answer.headers['retry-after'], answer.setCookies], ['5', []])
}

function assertNothingUnexpected({ log }: Demo): void {
  const failed = log.filter((line) => line.includes('"request failed"'))
  assert.deepEqual(failed, [])
}
