import assert from 'node:assert/strict'
import test from 'node:test'
import { makeApiToken } from '../../../src/accounts/own-account/api-tokens.ts'
import { barrier } from '../../support/barrier.ts'
import { startDemo } from '../../support/demo.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { headingOf, messageOf, sessionIdOf } from '../../support/pages.ts'
import { signedUpCustomer, signUpAs } from '../../support/sign-up.ts'
import { callWith, formOn, makeToken, tokenOn, tokensOf } from '../../support/tokens.ts'

const PAGE = '/account/tokens'

onBothStores(
  'a token is shown once, on a page that is never cached, and gives access to the API',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const ada = demo.visitor()
    await ada.logInWell(1)
    const answer = await makeToken(ada, { name: '  Nightly <report> ', days: '7', scope: 'read-write' })
    assert.deepEqual([answer.status, headingOf(answer)], [200, 'Your new API token'])
    assert.match(String(answer.headers['cache-control']), /no-store/)
    const token = tokenOn(answer)
    assert.match(token, /^crm_[0-9A-F]{32}\.[\w-]{43}$/)
    assert.ok(answer.text.includes(`curl -s http://localhost:${demo.port}/api/me`), 'a command to try it with')

    assert.ok(!(await ada.get(PAGE)).text.includes(token.slice(-43)), 'no other page shows it')
    const [row] = await tokensOf(ada)
    assert.deepEqual([row?.name, row?.access, row?.used], ['Nightly &lt;report&gt;', 'Read and write', 'Never'])
    const me = await callWith(demo, token)
    assert.equal(me.status, 200, await me.clone().text())
    const { userId, token: terms } = (await me.json()) as { userId: string; token: { expires: string } }
    assert.equal(String(userId), '1')
    assert.equal(Date.parse(terms.expires), demo.clock.now() + 7 * 24 * 3600_000)
    assert.ok(!demo.log.join('').includes(token.slice(-43)), 'and no log holds it')
  },
)

onBothStores('the list shows when a token was last used, and from where', async (t, settings) => {
  const demo = await startDemo(t, settings)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const token = tokenOn(await makeToken(ada))
  demo.clock.advance({ minutes: 90 })
  await ada.logInWell(1)
  assert.equal(
    (await callWith(demo, token, '/api/me', { headers: { 'User-Agent': 'report/2.1 (linux)' } })).status,
    200,
  )
  const [row] = await tokensOf(ada)
  assert.match(String(row?.used), /^\d+ \w+ \d{4}, \d\d:\d\d UTC from 127\.0\.0\.1, report\/2\.1$/)
  assert.notEqual(row?.used.slice(0, 12), '')
  assert.notEqual(row?.made, row?.used.split(' from')[0])
})

onBothStores('a token has no idle timeout, but expires at the chosen time and is then not listed', async (t, s) => {
  const demo = await startDemo(t, s)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const token = tokenOn(await makeToken(ada, { days: '7' }))
  demo.clock.advance({ hours: 7 * 24 - 1 })
  assert.equal((await callWith(demo, token)).status, 200)
  demo.clock.advance({ hours: 1 })
  assert.equal((await callWith(demo, token)).status, 401)
  await ada.logInWell(1)
  assert.deepEqual(await tokensOf(ada), [])
})

onBothStores(
  '[TAB-5] a revoked token stops working at once, and revoking it twice has the same result',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const ada = demo.visitor()
    await ada.logInWell(1)
    const [one, other] = [
      tokenOn(await makeToken(ada, { name: 'One' })),
      tokenOn(await makeToken(ada, { name: 'Other' })),
    ]
    const row = (await tokensOf(ada)).find(({ name }) => name === 'One')
    const answer = await ada.post(String(row?.revoke))
    assert.deepEqual([answer.status, answer.location], [303, PAGE])
    assert.equal((await callWith(demo, one)).status, 401)
    assert.equal((await callWith(demo, other)).status, 200)
    const again = await ada.post(String(row?.revoke))
    assert.deepEqual([again.status, again.location], [303, PAGE])
    assert.match((await ada.follow(again)).text, /The token is revoked\./)
    assert.deepEqual(
      (await tokensOf(ada)).map(({ name }) => name),
      ['Other'],
    )
  },
)

test('a user can neither see nor revoke the tokens of others, and gets the same response as for an unknown token', async (t) => {
  const demo = await startDemo(t)
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const [token, other] = [tokenOn(await makeToken(ada)), tokenOn(await makeToken(jonas, { name: 'Other' }))]
  const [row] = await tokensOf(ada)
  assert.deepEqual(
    (await tokensOf(jonas)).map(({ name }) => name),
    ['Other'],
  )
  const unknown = row?.revoke.replace(/[0-9A-F]{32}/, '0'.repeat(32))
  const ids = [row?.revoke, unknown, `${PAGE}/${sessionIdOf(jonas)}/revoke`, `${PAGE}/x/revoke`, `${PAGE}/%00/revoke`]
  const answers = await Promise.all(ids.map((path) => jonas.post(String(path))))
  const plain = answers.map(({ status, text }) => [status, text.replace(/name="once" value="[^"]+"/, '')])
  for (const answer of plain) assert.deepEqual(answer, plain[0])
  assert.equal(answers[0]?.status, 303)
  assert.equal((await callWith(demo, token)).status, 200)
  assert.equal((await callWith(demo, other)).status, 200)
  assert.equal((await jonas.get(PAGE)).status, 200, 'the session of the browser stays live')
})

test('a sign-in over the API is not listed as a token', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const answer = await fetch(`${demo.url}/api/signin`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: '1', password: 'crm-demo' }),
  })
  const { token } = (await answer.json()) as { token: string }
  assert.deepEqual(await tokensOf(ada), [])
  const id = token.slice('crm_'.length, token.indexOf('.'))
  assert.equal((await ada.post(`${PAGE}/${id}/revoke`)).status, 303)
  assert.equal((await callWith(demo, token)).status, 200)
})

test('the same form sent twice, even concurrently, creates one token', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = formOn(await ada.get(PAGE))
  const answers = await Promise.all(Array.from({ length: 5 }, () => makeToken(ada, { once })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409])
  assert.match(String(answers.find(({ status }) => status === 409)?.text), /its token was made then/)
  const reloaded = await makeToken(ada, { once })
  assert.equal(reloaded.status, 409)
  assert.equal((await tokensOf(ada)).length, 1)
})

test('[TAB-4] after an old login, a second click on the form says that only the first answer shows the token', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  demo.clock.advance({ minutes: 20 })
  const fields = { once: formOn(await ada.get(PAGE)), password: 'crm-demo' }
  const former = ada.copy()
  assert.equal((await makeToken(ada, fields)).status, 200)
  const second = await makeToken(former, fields)
  assert.deepEqual([second.status, second.location], [303, `${PAGE}?repeated=1`])
  assert.match((await ada.get(String(second.location))).text, /only the first answer shows the new token/)
  assert.equal((await tokensOf(ada)).length, 1)
})

test('a user has at most 20 tokens, even when many are requested at once', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  for (let count = 0; count < 18; count += 1) tokenOn(await makeToken(ada, { name: `No. ${count}` }))
  const page = await ada.get(PAGE)
  assert.match(page.text, /Make the token/)
  const { sessions } = demo.parts
  assert.ok(sessions)
  const wanted = { name: 'At once', scope: 'read', days: 7 } as const
  const from = { requestId: 'r', device: null, address: '127.0.0.1' }
  // No request creates its token before all six requests have counted the existing tokens.
  const together = barrier(6)
  const list: typeof sessions.list = async (...asked) => {
    const page = await sessions.list(...asked)
    await together()
    return page
  }
  const parts = { ...demo.parts, sessions: { ...sessions, list } }
  await Promise.all(
    Array.from({ length: 6 }, () => makeApiToken(parts, { userId: '1', session: { storage: {} } }, wanted, from)),
  )
  assert.ok((await tokensOf(ada)).length <= 20)
  while ((await tokensOf(ada)).length < 20) tokenOn(await makeToken(ada))
  const refused = { once: formOn(page) }
  const full = await makeToken(ada, refused)
  assert.equal(full.status, 409)
  assert.match(full.text, /You have 20 tokens, which is the maximum/)
  const rows = await tokensOf(ada)
  assert.equal(rows.length, 20)
  await ada.post(String(rows[0]?.revoke))
  assert.equal(
    (await makeToken(ada, refused)).status,
    200,
    'after one token is revoked, the refused form creates a token',
  )
})

test('an invalid form says what is wrong, creates no token, and keeps the typed values', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const refused: [fields: Record<string, string>, message: RegExp][] = [
    [{ name: '' }, /1 to 60/],
    [{ name: '   ' }, /1 to 60/],
    [{ name: 'x'.repeat(61) }, /1 to 60/],
    [{ name: 'a\u0000b' }, /ordinary/],
    [{ name: 'line\nbreak' }, /ordinary/],
    [{ days: '8' }, /when the token expires/],
    [{ days: '1e9' }, /when the token expires/],
    [{ days: '-7' }, /when the token expires/],
    [{ scope: 'admin' }, /whether the token may write/],
    [{ once: 'mine' }, /This form is not valid/],
    [{ once: '' }, /This form is not valid/],
  ]
  for (const [fields, message] of refused) {
    const answer = await makeToken(ada, fields)
    assert.equal(answer.status, 422, JSON.stringify(fields))
    assert.match(messageOf(answer), message)
  }
  const again = await makeToken(ada, { name: 'Kept', days: '8', scope: 'read-write' })
  assert.match(again.text, /value="Kept"/)
  assert.match(again.text, /value="read-write" required checked/)
  for (const twice of ['name', 'days', 'scope', 'once'])
    assert.equal((await ada.post(PAGE, [...Object.entries(GOOD), [twice, 'Other']])).status, 422, twice)
  assert.deepEqual(await tokensOf(ada), [])
})

const GOOD = { name: 'Report', days: '30', scope: 'read', once: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff' }

test('a visitor who is not signed in is asked to log in, and returns to the page', async (t) => {
  const demo = await startDemo(t)
  const guest = demo.visitor()
  const answer = await guest.get(PAGE)
  assert.deepEqual([answer.status, answer.location], [303, '/authenticate.shtml?next=%2Faccount%2Ftokens'])
  const there = await guest.follow(await guest.logIn(4, 'crm-demo', { next: PAGE }))
  assert.equal(headingOf(there), 'Your API tokens')
  const posted = await demo.visitor().post(PAGE, GOOD)
  assert.deepEqual([posted.status, headingOf(posted)], [409, 'Your session has ended'])
  const waiting = demo.visitor()
  await signUpAs(demo, waiting, 'ana@example.com')
  assert.equal((await waiting.get(PAGE)).status, 303, 'a user whose address is not validated is asked to log in')
})

test('a token has the rights of its owner, for staff and for customers', async (t) => {
  const demo = await startDemo(t)
  for (const [userId, privilege] of [
    [1, 'viewPortfolio'],
    [5, 'viewAllCustomers'],
    [6, 'WebAdmin'],
  ] as const) {
    const visitor = demo.visitor()
    await visitor.logInWell(userId)
    const me = await (await callWith(demo, tokenOn(await makeToken(visitor)))).json()
    assert.ok((me as { privileges: string[] }).privileges.includes(privilege), JSON.stringify(me))
  }
  const ana = await signedUpCustomer(demo)
  const page = await ana.get('/account')
  assert.match(page.text, /<a class="own" href="\/account\/sessions">Your account<\/a>/)
  const me = await callWith(demo, tokenOn(await makeToken(ana)))
  assert.equal(((await me.json()) as { userName: string }).userName, 'ana@example.com')
})

test('[FACE-3] the navigation of the account marks the tokens page as the current page, and the header links customers to their own start page', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  assert.ok(!(await ada.get('/')).text.includes('API tokens'))
  await ada.logInWell(1)
  assert.match((await ada.get(PAGE)).text, /href="\/account\/tokens" aria-current="page">API tokens/)
  const ana = await signedUpCustomer(demo)
  assert.match((await ana.get('/')).text, /<a class="button" href="\/account">Continue<\/a>/)
  assert.ok(!(await ana.get(PAGE)).text.includes('href="/account" aria-current'))
})

test('without sessions the page says so, and its forms create no token', async (t) => {
  const demo = await startDemo(t, { sessions: 'none' })
  const visitor = demo.visitor()
  assert.equal((await visitor.get(PAGE)).status, 503)
  assert.equal((await visitor.post(PAGE, GOOD)).status, 503)
})

test('[PAGE-5] the page asks before a token is revoked, and reports the revocation once', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  await makeToken(visitor)
  const list = (await visitor.get('/account/tokens')).text
  const [, action = ''] = /<dialog [^>]* popover [\s\S]*?action="([^"]+\/revoke)"/.exec(list) ?? []
  assert.match(list, /Programs that use it are refused at once\./)
  const revoked = await visitor.follow(await visitor.post(action))
  assert.match(revoked.text, /role="status">The token is revoked\. No program can use it any more\.</)
  assert.doesNotMatch((await visitor.get('/account/tokens')).text, /The token is revoked/)
})
