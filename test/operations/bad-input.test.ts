import assert from 'node:assert/strict'
import test from 'node:test'
import { CUSTOMER, problemOf, startWithRecorder, stateOf } from '../support/approvals.ts'
import { startDemo } from '../support/demo.ts'
import { snapshotOf, withoutChip } from '../support/pages.ts'

const TOKEN = 'A'.repeat(32)

test('a malformed callback gets a clear 4xx, starts no session and changes nothing', async (t) => {
  const { demo, ask } = await startWithRecorder(t)
  await ask()
  const before = await snapshotOf(demo.parts)
  const plain = '/my4DApp/completeOperation'
  const rest = '/rest/Operations/completeOperation'
  const params = (value: string) => `${rest}?$params=${encodeURIComponent(value)}`
  for (const [path, status] of [
    [plain, 403],
    [`${plain}?state=`, 403],
    [`${plain}?state=${TOKEN}`, 403],
    [`${plain}?state=${TOKEN.toLowerCase()}`, 403],
    [`${plain}?state=${'A'.repeat(5000)}`, 403],
    [`${plain}?state=%2541%2541`, 403],
    [`${plain}?state=${TOKEN}&state=${TOKEN}`, 400],
    [`${plain}?state[]=${TOKEN}`, 403],
    [`${plain}?$4DSID=${TOKEN}`, 403],
    [`${plain}?$4DSID=${TOKEN}&$4DSID=${TOKEN}`, 403],
    [`${plain}?$4DSID=%`, 403],
    [`${plain}?$4DSID=%25%32%34`, 403],
    [`${plain}?result=perhaps`, 400],
    [`${plain}?result=approved&result=refused`, 400],
    [rest, 400],
    [params(''), 400],
    [params('not json'), 400],
    [params(TOKEN), 400],
    [params(`"${TOKEN}"`), 400],
    [params('{}'), 400],
    [params('null'), 400],
    [params('[]'), 400],
    [params('[{"a":1}]'), 400],
    [params('[[]]'), 400],
    [params('[1]'), 400],
    [params(`["${TOKEN}","${TOKEN}"]`), 400],
    [params("'"), 400],
    [params(`["${'A'.repeat(2000)}"]`), 400],
    [`${params('["A"]')}&$params=["B"]`.replaceAll('"', '%22'), 400],
    [params('[""]'), 403],
    [params(`["${TOKEN}"]`), 403],
    [params(`'["${TOKEN}"]'`), 403],
    [`${rest}?$params=%`, 400],
  ] as const) {
    const caller = demo.visitor()
    // The caller is a program, not a browser.
    const answer = await caller.get(path, { 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined })
    assert.deepEqual([answer.status, answer.setCookies], [status, []], path)
    assert.equal(answer.headers['referrer-policy'], 'strict-origin', path)
  }
  assert.equal(await snapshotOf(demo.parts), before)
})

test('an invalid request for approval is refused with the reason, and nothing is stored or sent', async (t) => {
  const { demo, salesperson, received } = await startWithRecorder(t)
  const before = await snapshotOf(demo.parts)
  const good: Record<string, string> = { customer: String(CUSTOMER), percent: '10', reason: '', scenario: 'state' }
  for (const [fields, status, reason] of [
    [{ percent: '0' }, 422, /from 1 to 50/],
    [{ percent: '51' }, 422, /from 1 to 50/],
    [{ percent: '1e1' }, 422, /from 1 to 50/],
    [{ percent: '-5' }, 422, /from 1 to 50/],
    [{ percent: '10.5' }, 422, /from 1 to 50/],
    [{ percent: '' }, 422, /from 1 to 50/],
    [{ reason: 'x'.repeat(201) }, 422, /too long/],
    [{ scenario: 'carrier pigeon' }, 422, /three ways/],
    [{ customer: '01' }, 422, /page of a customer/],
    [{ customer: "1' or 1=1" }, 422, /page of a customer/],
    [{ customer: '999999' }, 404, /no such customer/],
    [{ customer: '100' }, 404, /no such customer/],
  ] as const) {
    const answer = await salesperson.post('/operations', { ...good, ...fields })
    assert.equal(answer.status, status, JSON.stringify(fields))
    assert.match(problemOf(answer), reason)
  }
  assert.equal((await salesperson.post('/operations')).status, 422)
  const twice = [...Object.entries(good), ['percent', '20']] as [string, string][]
  assert.equal((await salesperson.post('/operations', twice)).status, 422)
  assert.equal((await salesperson.post('/operations', good, { 'Sec-Fetch-Site': 'cross-site' })).status, 403)
  assert.equal((await demo.visitor().post('/operations', good)).status, 409)
  assert.equal(await snapshotOf(demo.parts), before)
  assert.equal(received.length, 0)
})

test('several approval requests for one customer, even concurrent requests, create one operation', async (t) => {
  const { salesperson, received, ask } = await startWithRecorder(t)
  const form = { customer: String(CUSTOMER), percent: '10', scenario: '$4DSID' }
  const answers = await Promise.all([1, 2, 3].map(() => salesperson.post('/operations', form)))
  assert.deepEqual(
    answers.map(({ status, location }) => [status, location]),
    answers.map(() => [303, '/operations/1']),
  )
  assert.equal(stateOf(await ask({ percent: '20' })), 'waiting')
  assert.equal(received.length, 1)
})

test('a user may have five pending approval requests, and a sixth request is refused with the reason', async (t) => {
  const { demo, received } = await startWithRecorder(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const askFor = (customer: number) =>
    manager.post('/operations', { customer: String(customer), percent: '5', scenario: 'state' })
  for (let customer = 1; customer <= 5; customer += 1) assert.equal((await askFor(customer)).status, 303)
  assert.equal((await askFor(6)).status, 429)
  assert.equal(received.length, 5)
  demo.clock.advance({ minutes: 15 })
  assert.equal((await askFor(6)).status, 303)
})

test('an approval request is shown only to users who may see its customer', async (t) => {
  const { demo, ask } = await startWithRecorder(t)
  await ask({ reason: '<script>alert(1)</script>' })
  const [manager, other] = [demo.visitor(), demo.visitor()]
  await manager.logInWell(5)
  await other.logInWell(1)
  const page = await manager.get('/operations/1')
  assert.equal(page.status, 200)
  assert.match(page.text, /&lt;script&gt;alert/)
  assert.doesNotMatch(
    (await manager.get('/operations')).text,
    /\/operations\/1"/,
    'the list contains only the user’s own requests',
  )
  const unknown = await other.get('/operations/2')
  const foreign = await other.get('/operations/1')
  assert.deepEqual([foreign.status, withoutChip(foreign)], [404, withoutChip(unknown)])
  for (const id of ['0', '01', 'x', '1.0', '9999999999'])
    assert.equal((await manager.get(`/operations/${id}`)).status, 404, id)
})

test('without a platform no approval is offered, and an approval request is refused with the reason', async (t) => {
  const demo = await startDemo(t)
  const salesperson = demo.visitor()
  await salesperson.logInWell(4)
  assert.doesNotMatch((await salesperson.get('/customers/1')).text, /Discounts|action="\/operations"/)
  const answer = await salesperson.post('/operations', { customer: String(CUSTOMER), percent: '10' })
  assert.equal(answer.status, 503)
  assert.match(problemOf(answer), /PLATFORM_URL/)
})
