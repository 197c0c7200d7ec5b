import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { createLog } from '../../src/parts/log.ts'
import { createPlatform } from '../../src/platform/index.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { OwnOrigins } from '../../src/web/own-origins.ts'
import { headingOf } from '../support/pages.ts'
import type { Scope } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

test('the approver sees the request, decides once, and reads the reply to the callback', async (t) => {
  const { approver, customer, calls, place } = await startPlatform(t)
  const page = await place({ callback: `${customer}/done?token=a%20b&x='["q"]'` })
  assert.equal(headingOf(await approver.get(page)), 'Ten per cent')
  assert.match((await approver.get('/')).text, /Ten per cent[\s\S]*waiting/)
  const outcome = await approver.follow(await approver.post(`${page}/decision`, { decision: 'refused' }))
  assert.match(outcome.text, /You refused this\.[\s\S]*answered 200[\s\S]*thank you/)
  assert.deepEqual(calls, [`/done?token=a%20b&x=%27[%22q%22]%27&result=refused`])
  const again = await approver.post(`${page}/decision`, { decision: 'approved' })
  assert.equal(again.status, 409)
  assert.match(again.text, /refused before/)
  assert.equal(calls.length, 1)
})

test('the platform passes the state to the given callback address unchanged', async (t) => {
  const { approver, customer, calls, place } = await startPlatform(t)
  const page = await place({ redirectUri: `${customer}/done`, state: 'a&b=c#d é' })
  await approver.post(`${page}/decision`, { decision: 'approved' })
  assert.deepEqual(calls, ['/done?state=a%26b%3Dc%23d%20%C3%A9&result=approved'])
})

test('callbacks go to registered origins only, and follow no redirect', async (t) => {
  const { approver, customer, platform, place, calls } = await startPlatform(t, (_request, response) => {
    response.writeHead(302, { Location: 'http://127.0.0.1:1/elsewhere' }).end()
  })
  for (const callback of [
    'http://127.0.0.1:1/',
    'http://169.254.169.254/latest',
    `${customer}.evil.test/`,
    customer.replace('http', 'https'),
    customer.replace('//', '//user:pass@'),
    'file:///etc/passwd',
    'javascript:alert(1)',
    '//x',
    `${customer}/#fragment`,
    `${customer}/${'x'.repeat(2000)}`,
    7,
  ]) {
    const answer = await send(platform, { title: 'x', facts: [], reply: { callback } })
    assert.equal(answer.status, 422, String(callback))
  }
  const page = await place({ callback: `${customer}/moved` })
  const outcome = await approver.follow(await approver.post(`${page}/decision`, { decision: 'approved' }))
  assert.match(outcome.text, /answered 302/)
  assert.equal(calls.length, 1)
})

test('a callback times out after ten seconds, and the approver’s page reports the timeout', async (t) => {
  let reached = () => {}
  const calling = new Promise<void>((resolve) => {
    reached = resolve
  })
  const { approver, customer, place, clock } = await startPlatform(t, () => reached())
  const page = await place({ callback: `${customer}/` })
  const deciding = approver.post(`${page}/decision`, { decision: 'approved' })
  await calling
  clock.advance({ seconds: 10 })
  assert.match((await approver.follow(await deciding)).text, /no answer[\s\S]*did not answer in time/)
})

test('a malformed request is refused, and the page escapes the text of a request', async (t) => {
  const { approver, customer, platform, place } = await startPlatform(t)
  const reply = { callback: `${customer}/` }
  for (const body of [
    'nonsense',
    '[]',
    'null',
    '{}',
    JSON.stringify({ title: '', facts: [], reply }),
    JSON.stringify({ title: 'x', facts: [], reply: {} }),
    JSON.stringify({ title: 'x', facts: [], reply, more: 1 }),
    JSON.stringify({ title: 'x', facts: [{ label: 1, value: 2 }], reply }),
    JSON.stringify({ title: 'x', facts: Array(21).fill({ label: 'a', value: 'b' }), reply }),
  ]) {
    const { status } = await approver.send('/requests', { method: 'POST', body, headers: JSON_TYPE })
    assert.ok([400, 422].includes(status), `${status}: ${body}`)
  }
  const large = await approver.send('/requests', { method: 'POST', body: 'x'.repeat(20_000), headers: JSON_TYPE })
  assert.equal(large.status, 413)
  assert.equal((await approver.post('/requests', { title: 'x' })).status, 415)
  assert.equal((await approver.get('/requests/unknown')).status, 404)
  assert.equal((await approver.post('/requests/unknown/decision', { decision: 'approved' })).status, 404)
  assert.match((await approver.get('/')).text, /There are no requests/)

  const answer = await send(platform, { title: '<img src=x>', facts: [{ label: '<b>', value: '"><i>' }], reply })
  const page = `/requests/${JSON.parse(answer.text).id}`
  assert.doesNotMatch((await approver.get(page)).text, /<img src=x>|<b>|<i>/)
  assert.equal((await approver.post(`${page}/decision`, { decision: 'maybe' })).status, 422)
  assert.equal((await approver.post(`${page}/call`)).status, 409)
  assert.equal((await approver.post('/behaviour', { behaviour: 'rude' })).status, 422)
  const foreign = await approver.post(
    `${await place(reply)}/decision`,
    { decision: 'approved' },
    { 'Sec-Fetch-Site': 'cross-site' },
  )
  assert.equal(foreign.status, 403)
})

test('the platform sets no cookies, and keeps at most two hundred requests', async (t) => {
  const { approver, customer, platform, place } = await startPlatform(t)
  const reply = { callback: `${customer}/` }
  const first = await place(reply)
  assert.equal((await approver.get(first)).status, 200)
  for (let count = 0; count < 200; count += 1) await send(platform, { title: 'another', facts: [], reply })
  assert.equal((await approver.get(first)).status, 404)
  approver.cookies.set('4DSID_Tessera', 'x.y')
  for (const path of ['/', '/nope', first]) assert.deepEqual((await approver.get(path)).setCookies, [], path)
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const thank: Handler = (_request, response) => void response.end('thank you')

async function startPlatform(scope: Scope, handler = thank) {
  const calls: string[] = []
  const customer = await serve(scope, (request, response) => {
    assert.equal(request.headers.cookie, undefined)
    calls.push(String(request.url))
    handler(request, response)
  })
  const origins = new OwnOrigins({ publicUrl: undefined, host: '127.0.0.1', https: false })
  const clock: ManualClock = manualClock()
  const log = createLog({ logLevel: 'info' }, { write: () => {} })
  const app = createPlatform({
    log,
    clock,
    origins,
    hosts: { host: '127.0.0.1', publicUrl: undefined },
    isRegistered: (origin) => origin === customer,
  })
  const platform = await serve(scope, app.callback())
  origins.bound(Number(new URL(platform).port))
  return {
    approver: new Visitor(platform),
    customer,
    platform,
    calls,
    clock,
    /** Requests a discount of ten per cent. Returns the path of the page that decides on it. */
    async place(reply: object): Promise<string> {
      const { status, text } = await send(platform, { title: 'Ten per cent', facts: [], reply })
      assert.equal(status, 201, text)
      return `/requests/${JSON.parse(text).id}`
    },
  }
}

async function serve(scope: Scope, handler: Handler): Promise<string> {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function send(platform: string, body: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${platform}/requests`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) })
  return { status: answer.status, text: await answer.text() }
}
