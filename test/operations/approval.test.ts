import assert from 'node:assert/strict'
import test from 'node:test'
import { giveUp, noteAccepted } from '../../src/operations/operations.ts'
import { signedIn } from '../support/api-client.ts'
import {
  CUSTOMER,
  platformPageOf,
  problemOf,
  startWithPlatform,
  startWithRecorder,
  stateOf,
} from '../support/approvals.ts'
import { forgetRemovedCustomers, pathOf, sessionIdOf, snapshotOf } from '../support/pages.ts'
import { letNumbersComeAgain } from '../support/servers/crm-databases.ts'

const REFRESH = /http-equiv="refresh"/
const SCENARIOS = ['$4DSID', 'state', 'rest']

test('[OPS-1] the platform calls a URL with $4DSID without a cookie, and this completes the operation of the session', async (t) => {
  const { demo, ask, salesperson, received } = await startWithRecorder(t)
  const page = await ask()
  assert.equal(stateOf(page), 'waiting')
  assert.match(page.text, REFRESH)
  const [{ headers, body } = assert.fail('the platform was not asked')] = received
  assert.equal(headers.cookie, undefined)
  assert.match(String(body.reply.callback), /^http:\/\/[^/]+\/my4DApp\/completeOperation\?\$4DSID=[0-9A-F]{32}$/)
  assert.ok(!JSON.stringify([headers, body]).includes(sessionIdOf(salesperson)))

  const caller = demo.visitor()
  const answer = await caller.get(pathOf(body.reply.callback), { Accept: 'application/json' })
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { operation: 1, state: 'approved' }])
  assert.deepEqual([answer.setCookies, caller.cookies.size], [[], 0])
  assert.equal(answer.headers['referrer-policy'], 'strict-origin')
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'approved')
  assert.match((await salesperson.get('/customers/1')).text, /10% discount[\s\S]*?approved/)
  assert.deepEqual((await demo.parts.sessions?.storage(sessionIdOf(salesperson)))?.lastOperation, {
    id: 1,
    state: 'approved',
  })
})

test('[OPS-2] the platform returns the token as its state parameter, and the handler restores the session with that token', async (t) => {
  const { demo, ask, salesperson, received } = await startWithRecorder(t)
  await ask({ scenario: 'state' })
  const { redirectUri, state } = received[0]?.body.reply ?? {}
  assert.match(String(redirectUri), /^http:\/\/[^/?]+\/my4DApp\/completeOperation$/)
  assert.match(String(state), /^[0-9A-F]{32}$/)
  assert.equal(received[0]?.headers.cookie, undefined)

  const caller = demo.visitor()
  const answer = await caller.get(`${pathOf(redirectUri)}?state=${state}&result=refused`, {
    Accept: 'application/json',
  })
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { operation: 1, state: 'refused' }])
  assert.deepEqual([answer.setCookies, answer.headers['referrer-policy']], [[], 'strict-origin'])
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'refused')
})

test('[OPS-3] [OTP-11] a function that is called over REST reads the token from $params, and the response contains the function’s result', async (t) => {
  for (const spell of [
    (address: string) => address,
    (address: string) => address.replaceAll("'", '').replace('$params', '%24params'),
    (address: string) => address.replace(/=(.*)$/, (_, value) => `=${encodeURIComponent(value)}`),
  ]) {
    const { demo, ask, salesperson, received } = await startWithRecorder(t)
    await ask({ scenario: 'rest' })
    const address = String(received[0]?.body.reply.callback)
    assert.match(address, /\/rest\/Operations\/completeOperation\?\$params='\["[0-9A-F]{32}"\]'$/)
    const caller = demo.visitor()
    const answer = await caller.get(spell(pathOf(address)).replaceAll('"', '%22'))
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { result: { operation: 1, state: 'approved' } }])
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.deepEqual([answer.setCookies, answer.headers['referrer-policy']], [[], 'strict-origin'])
    assert.equal(stateOf(await salesperson.get('/operations/1')), 'approved')
    const again = await caller.get(pathOf(address).replaceAll('"', '%22'))
    assert.deepEqual([again.status, JSON.parse(again.text).error.message], [403, 'Invalid token.'])
  }
})

test('[OPS-4] in each scenario the salesperson sees the decision that the approver made on the platform’s page', async (t) => {
  for (const scenario of SCENARIOS) {
    for (const decision of ['approved', 'refused']) {
      const { ask, salesperson, approver } = await startWithPlatform(t)
      const page = await ask({ scenario })
      const { pathname } = platformPageOf(page) ?? assert.fail('there is no way to the platform')
      const outcome = await approver.follow(await approver.post(`${pathname}/decision`, { decision }))
      assert.match(outcome.text, /answered 200/, scenario)
      assert.equal(stateOf(await salesperson.get('/operations/1')), decision, scenario)
    }
  }
})

test('[OPS-4] the page reports a platform that is down, and a request that the platform never received cannot be completed', async (t) => {
  const { ask, approver, salesperson } = await startWithPlatform(t)
  await approver.post('/behaviour', { behaviour: 'down' })
  const page = await ask()
  assert.equal(stateOf(page), 'platform unreachable')
  assert.equal(platformPageOf(page), undefined)
  assert.doesNotMatch(page.text, REFRESH)
  await approver.post('/behaviour', { behaviour: 'prompt' })
  const next = await ask()
  assert.equal(stateOf(next), 'waiting')
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'platform unreachable')
})

test('[OPS-4] a slow platform delays no page, and its late answer is ignored', async (t) => {
  const { demo, ask, approver, salesperson } = await startWithPlatform(t)
  await approver.post('/behaviour', { behaviour: 'slow' })
  const asked = ask()
  const path = await untilListed(approver)
  demo.clock.advance({ seconds: 5 })
  assert.equal(stateOf(await asked), 'no answer')

  const outcome = await approver.follow(await approver.post(`${path}/decision`, { decision: 'approved' }))
  assert.match(outcome.text, /answered 409[\s\S]*is over \(no answer\)/)
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'no answer')
})

test('[OPS-4] when the platform calls back twice, concurrently or in sequence, the operation is completed once', async (t) => {
  for (const scenario of SCENARIOS) {
    const { demo, ask, approver, salesperson } = await startWithPlatform(t)
    const { pathname } = platformPageOf(await ask({ scenario })) ?? assert.fail('there is no way to the platform')
    const both = await approver.follow(
      await approver.post(`${pathname}/decision`, { decision: 'approved', calls: 'twice' }),
    )
    assert.deepEqual([...both.text.matchAll(/answered (\d+)/g)].map(([, status]) => status).sort(), ['200', '403'])
    const again = await approver.follow(await approver.post(`${pathname}/call`))
    assert.equal([...again.text.matchAll(/Invalid token/g)].length, 2)
    assert.equal(stateOf(await salesperson.get('/operations/1')), 'approved')
    assert.equal(demo.log.filter((line) => line.includes('operation.completed')).length, 1)
  }
})

test('[OPS-4] of twenty concurrent callbacks, one completes the operation, and later callbacks do not change the decision', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const { demo, ask, received, salesperson } = await startWithRecorder(t)
    await ask()
    const path = pathOf(received[0]?.body.reply.callback)
    const results = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'approved' : 'refused'))
    const answers = await Promise.all(results.map((result) => demo.visitor().get(`${path}&result=${result}`)))
    const winners = results.filter((_, index) => answers[index]?.status === 200)
    assert.equal(winners.length, 1)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 403]))
    assert.equal(stateOf(await salesperson.get('/operations/1')), winners[0])
  }
})

test('[OPS-4] a late callback is refused, and the page says that the approval has expired', async (t) => {
  const { demo, ask, approver, salesperson } = await startWithPlatform(t)
  const { pathname } = platformPageOf(await ask()) ?? assert.fail('there is no way to the platform')
  await approver.post(`${pathname}/decision`, { decision: 'approved', calls: 'later' })
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'waiting')
  demo.clock.advance({ minutes: 14, seconds: 59 })
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'waiting')
  demo.clock.advance({ seconds: 1 })
  const expired = await salesperson.get('/operations/1')
  assert.equal(stateOf(expired), 'expired')
  assert.doesNotMatch(expired.text, REFRESH)
  const late = await approver.follow(await approver.post(`${pathname}/call`))
  assert.match(late.text, /answered 403[\s\S]*Invalid token/)
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'expired')
})

test('[OPS-4] after the salesperson has logged out, no operation of that salesperson can be completed', async (t) => {
  const { demo, ask, salesperson, received } = await startWithRecorder(t)
  await ask()
  await salesperson.logOut()
  const before = await snapshotOf(demo.parts)
  assert.equal((await demo.visitor().get(pathOf(received[0]?.body.reply.callback))).status, 403)
  assert.equal(await snapshotOf(demo.parts), before)
})

test('an operation of another session or another user is refused, even with a valid token', async (t) => {
  for (const foreign of [{ session_id: '0'.repeat(32) }, { user_id: 1 }]) {
    const { demo, ask, received } = await startWithRecorder(t)
    await ask()
    await demo.parts.database.updateTable('operations').set(foreign).execute()
    const before = await snapshotOf(demo.parts)
    const answer = await demo.visitor().get(pathOf(received[0]?.body.reply.callback))
    assert.equal(answer.status, 403)
    assert.match(problemOf(answer), /belongs to another user/)
    assert.equal(await snapshotOf(demo.parts), before)
  }
})

test('the token alone decides which operation is completed, whatever the other parameters say', async (t) => {
  const { demo, ask, received, salesperson } = await startWithRecorder(t)
  await ask()
  await ask({ customer: '2' })
  const path = pathOf(received[0]?.body.reply.callback)
  await demo.visitor().get(`${path}&operation=2&id=2&customer=2`)
  assert.equal(stateOf(await salesperson.get('/operations/1')), 'approved')
  assert.equal(stateOf(await salesperson.get('/operations/2')), 'waiting')
})

test('the link of a removed operation decides no other operation, even if another operation now has the same number', async (t) => {
  const { demo, ask, received, salesperson } = await startWithRecorder(t)
  await ask()
  const { database } = demo.parts
  const former = await database.selectFrom('operations').select(['id', 'key']).executeTakeFirstOrThrow()
  await giveUp(database, former, 'unanswered')
  assert.equal((await (await signedIn(demo, 4)).send('DELETE', '/customers/1')).status, 204)
  await forgetRemovedCustomers(demo)
  await letNumbersComeAgain(database, 'operations')
  await ask({ customer: '2', percent: '30' })
  const before = await snapshotOf(demo.parts)
  const answer = await demo.visitor().get(pathOf(received[0]?.body.reply.callback))
  assert.equal(answer.status, 409)
  assert.match(problemOf(answer), /was removed with its customer/)
  await giveUp(database, former, 'unreachable')
  await noteAccepted(database, former, 'theirs-0')
  assert.equal(await snapshotOf(demo.parts), before)
  assert.equal(stateOf(await salesperson.get(`/operations/${former.id}`)), 'waiting')
  assert.equal((await demo.visitor().get(pathOf(received[1]?.body.reply.callback))).status, 200)
})

test('the link of an operation is invalid on other pages and in the other scenario, which do not consume it', async (t) => {
  const { demo, ask, received } = await startWithRecorder(t)
  await ask()
  const path = pathOf(received[0]?.body.reply.callback)
  const token = path.slice(-32)
  const thief = demo.visitor()
  assert.equal((await thief.get(`/customers?$4DSID=${token}`)).status, 303)
  assert.equal(
    (await thief.get(`/rest/Operations/completeOperation?$params=["${token}"]`.replaceAll('"', '%22'))).status,
    403,
  )
  for (const method of ['HEAD', 'OPTIONS']) await thief.send(path, { method })
  assert.equal((await thief.get(path, { 'Sec-Purpose': 'prefetch' })).status, 503)
  assert.equal((await thief.get(path)).status, 200)
})

test('a browser that opens the link of an operation keeps its own session', async (t) => {
  const { demo, ask, received } = await startWithRecorder(t)
  await ask()
  const manager = demo.visitor()
  await manager.logInWell(5)
  const cookies = [...manager.cookies]
  const page = await manager.get(pathOf(received[0]?.body.reply.callback))
  assert.equal(page.status, 200)
  assert.deepEqual([...manager.cookies], cookies)
  assert.match((await manager.get('/customers')).text, /All customers/)
})

test('no token of an operation is ever logged', async (t) => {
  for (const scenario of SCENARIOS) {
    const { demo, ask, received } = await startWithRecorder(t)
    await ask({ scenario })
    const { callback, redirectUri, state } = received[0]?.body.reply ?? {}
    const path = pathOf(callback ?? `${redirectUri}?state=${state}`).replaceAll('"', '%22')
    for (let round = 0; round < 2; round += 1) await demo.visitor().get(path)
    const token = /[0-9A-F]{32}/.exec(path)?.[0] ?? assert.fail('there is no token')
    assert.ok(demo.log.some((line) => line.includes('completeOperation')))
    assert.ok(!demo.log.some((line) => line.includes(token)))
  }
})

async function untilListed(approver: { get(path: string): Promise<{ text: string }> }): Promise<string> {
  for (;;) {
    const path = /href="(\/requests\/[0-9a-f]+)"/.exec((await approver.get('/')).text)?.[1]
    if (path !== undefined) return path
  }
}

test('[PAGE-6] a request that got no decision can be sent again, and shows no deadline', async (t) => {
  const { demo, salesperson, ask } = await startWithPlatform(t)
  demo.parts.platform.bound(1)
  const failed = await ask({ percent: '12', reason: 'Loyal', scenario: 'state' })
  assert.equal(stateOf(failed), 'platform unreachable')
  assert.doesNotMatch(failed.text, /Open until/)
  const form = Object.fromEntries(
    [...failed.text.matchAll(/<input type="hidden" name="(customer|percent|reason|scenario)" value="([^"]*)">/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )
  assert.deepEqual(form, { customer: String(CUSTOMER), percent: '12', reason: 'Loyal', scenario: 'state' })
  assert.match(failed.text, />Ask again<\/button>/)
  const again = await salesperson.follow(await salesperson.post('/operations', form))
  assert.equal(stateOf(again), 'platform unreachable')
})

test('[PAGE-6] a waiting request shows its deadline, and cannot be sent again', async (t) => {
  const { ask } = await startWithPlatform(t)
  const waiting = await ask()
  assert.match(waiting.text, /Open until/)
  assert.doesNotMatch(waiting.text, /Ask again/)
})

test('[PAGE-18] the choice of how the platform calls back is collapsed', async (t) => {
  const { salesperson } = await startWithPlatform(t)
  const { text } = await salesperson.get(`/customers/${CUSTOMER}`)
  assert.match(text, /<details class="more">\s*<summary[^>]*>How the platform calls back<\/summary>\s*<fieldset/)
})

test('[TAB-4] the form for an approval that is sent twice creates one operation, even if the first one is decided', async (t) => {
  const { demo, salesperson } = await startWithRecorder(t)
  const { text } = await salesperson.get(`/customers/${CUSTOMER}`)
  const once = /name="once" value="([^"]+)"/.exec(text)?.[1] ?? ''
  const form = { customer: String(CUSTOMER), percent: '10', once }
  const [first, second] = [await salesperson.post('/operations', form), salesperson.post('/operations', form)]
  assert.equal((await second).location, first.location)
  await demo.parts.database.updateTable('operations').set({ state: 'refused' }).execute()
  const later = await Promise.all([1, 2, 3].map(() => salesperson.post('/operations', form)))
  for (const { status, location } of later) assert.deepEqual([status, location], [303, first.location])
  assert.equal((await demo.parts.database.selectFrom('operations').selectAll().execute()).length, 1)
})
