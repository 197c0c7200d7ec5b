import assert from 'node:assert/strict'
import test from 'node:test'
import type { Context } from 'koa'
import { pino } from 'pino'
import { readFailure, reportFailure } from '../../src/web/failure.ts'
import { Problem } from '../../src/web/problem.ts'
import { NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'
import { sessionIdOf } from '../support/pages.ts'

const TOKEN = '2E5D0D57751D471DB29FD110D2DCE253'
const SECRET = 'k3_Zt8mQ-4vWb1XyN0oRrE7uHc5LgSa9dPjFq2iTwBM'

test('after a complete visit the log contains no password, no cookie and no token, and each line is one JSON object', async (t) => {
  const demo = await startDemo(t, { logLevel: 'trace' })
  const visitor = demo.visitor()
  const secrets = new Set(['crm-demo', 'a wrong password', TOKEN])
  const remember = () => {
    for (const value of visitor.cookies.values()) secrets.add(value.slice(value.indexOf('.') + 1))
  }
  await visitor.get(`/?$4DSID=${TOKEN}&state=${TOKEN}`)
  remember()
  await visitor.logIn(4, 'a wrong password')
  await visitor.logInWell(4)
  remember()
  await visitor.get('/customers/100')
  await visitor.get('/admin/audit')
  await visitor.get('/customers?q=a%0d%0a%7B%22event%22%3A%22login.succeeded%22%7D')
  await visitor.post(
    '/logout',
    {},
    { Origin: 'http://evil.test', 'Sec-Fetch-Site': undefined, Referer: `http://x/?$4DSID=${TOKEN}` },
  )
  await visitor.send('/4DACTION/authenticate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"password":"crm-demo"}',
  })
  await demo.parts.database.schema.dropTable('purchases').execute()
  await visitor.get('/customers/1')
  await visitor.logOut()
  remember()

  assert.ok(secrets.size >= 5 && demo.log.length > 10, `${secrets.size} secrets, ${demo.log.length} lines`)
  for (const line of demo.log) {
    assert.equal(line.indexOf('\n'), line.length - 1)
    JSON.parse(line)
    for (const secret of secrets) assert.ok(!line.includes(secret), `${secret} is in ${line}`)
  }
  assert.equal(demo.log.filter((line) => JSON.parse(line).event === 'login.succeeded').length, 1)
})

test('a token that a client sends in a URL or a field by mistake is neither logged nor echoed', async (t) => {
  const demo = await startDemo(t, { logLevel: 'trace' })
  const client = await signedIn(demo, 4)
  const { token } = client
  const secret = token.slice(-43)
  const answers = [
    await client.get(`/customers?${token}=1`),
    await client.get(`/customers?search=${token}`),
    await client.get(`/customers?${secret}=1`),
    await client.get(`/${token}`),
    await client.get(`/customers/${encodeURIComponent(token).replace('.', '%2E')}/purchases`),
    await client.get(`/session/variables/${token}`),
    await client.get(`/session/variables/${secret}`),
    await client.post('/customers', { ...NEW_CUSTOMER, [token]: 1, [`x ${secret}`]: 1 }),
  ]
  for (const { status, text } of answers) {
    assert.ok(status >= 200 && status < 500, text)
    assert.ok(!text.includes(secret.slice(0, 8)), text)
  }
  assert.match(answers.at(-1)?.body.message, /^\*\*\*: is not a field here\. x \*\*\*: is not a field here\.$/)
  for (const line of demo.log) assert.ok(!line.includes(secret.slice(0, 8)), line)
})

test('a token in the message of an error is masked in the log', () => {
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  for (const status of [400, 503]) {
    const problem = new Problem(status, `Unknown: crm_${TOKEN}.${SECRET}, or ${SECRET}.`)
    reportFailure(log, { requestId: 'x' } as Context, readFailure(problem), problem)
  }
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).reason),
    Array(2).fill('Unknown: ***, or ***.'),
  )
})

test('each log line has method, address, status, time, request and session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const answer = await visitor.get('/customers?country=Italy')
  const line = JSON.parse(demo.log.at(-1) ?? '')
  const { time: _time, ...rest } = line
  assert.deepEqual(rest, {
    level: 30,
    msg: 'request',
    requestId: answer.headers['x-request-id'],
    method: 'GET',
    url: '/customers?country=Italy',
    status: 200,
    ms: 0,
    session: sessionIdOf(visitor),
  })
  assert.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})
