import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { MOST_SEARCHES_A_MINUTE } from '../../src/accounts/index.ts'
import { MOST_CONSECUTIVE_FAILURES } from '../../src/accounts/people/login-history.ts'
import { allEndpoints } from '../../src/api/endpoints.ts'
import { MOST_ROWS, PUBLIC_LIMITS, PUBLIC_ROUTES } from '../../src/app/public-routes.ts'
import { readConfig } from '../../src/config/config.ts'
import { projectRoot } from '../../src/config/project-root.ts'
import { MOST_CUSTOMERS_OF_VISITOR } from '../../src/crm/customers/create-customer.ts'
import { MOST_KEPT_OF_VISITOR } from '../../src/mail/mailbox.ts'
import { ApiClient, assertProblem, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf, namesOf, pathOf, sessionIdOf, snapshotOf } from '../support/pages.ts'
import { routesOf } from '../support/routes.ts'
import { GOOD_PASSWORD, readMailbox, signUpAs } from '../support/sign-up.ts'
import { makeToken, tokenOn } from '../support/tokens.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

const WRITING = ['POST', 'PUT', 'PATCH', 'DELETE']

const PURCHASE = { description: 'Probe', amount: '10', day: '2026-01-02' }

test('[PUBLIC-2] every route that writes has a decision for the public demo, and the documentation lists it', async (t) => {
  const demo = await startPublic(t, { publicUrl: 'https://localhost', deviceBindingMinutes: 10 })
  const pages = routesOf(demo).map(({ method, path }) => `${method} ${path}`)
  const api = allEndpoints(demo.parts).map(({ method, path }) => `${method} /api${path}`)
  const writing = [...pages, ...api].filter((route) => WRITING.includes(route.split(' ')[0] ?? ''))
  assert.deepEqual(Object.keys(PUBLIC_ROUTES).sort(), [...new Set(writing)].sort())

  const rows = tableOf('routes').map(([route, decision, limit]) => [route, decision, limit])
  assert.deepEqual(
    rows,
    Object.entries(PUBLIC_ROUTES).map(([route, { rule, limit, fills }]) => [
      `\`${route}\``,
      rule,
      [limit && `\`${limit}\``, fills && `rows of \`${fills}\``].filter(Boolean).join(', '),
    ]),
  )
})

test('[PUBLIC-3] no visitor can change an account of the demo, and the pages say so before the form is sent', async (t) => {
  const demo = await startPublic(t)
  const [ada, admin] = [await loggedIn(demo, 1), await loggedIn(demo, 6)]
  const before = await snapshotOf(demo.parts)
  for (const path of ['/account/password', '/account/email']) {
    const { text } = await ada.get(path)
    assert.match(text, /shared by all visitors/)
    assert.match(text, /<fieldset class="whole-form" disabled>/)
    const refused = await ada.post(path, { password: 'crm-demo', newPassword: GOOD_PASSWORD, email: 'me@example.com' })
    assert.equal(refused.status, 403)
    assert.match(refused.text, /Sign up an account of your own/)
  }
  assert.doesNotMatch((await admin.get('/admin/accounts/2')).text, /<form[^>]*action="\/admin\/accounts/)
  for (const action of ['disable', 'enable', 'role']) {
    const refused = await admin.post(`/admin/accounts/2/${action}`, { role: 'manager' })
    assert.deepEqual([refused.status, /Start the demo on your own machine/.test(refused.text)], [403, true])
  }
  const stranger = await arrived(demo)
  await stranger.post('/password/reset', { email: 'ada.marlow@crm.example' })
  await demo.parts.mail.tick()
  assert.deepEqual(await readMailbox(stranger), [])
  assert.equal(await snapshotOf(demo.parts), before)
})

test('[PUBLIC-4] visitors can change an account that they signed up', async (t) => {
  const demo = await startPublic(t)
  const mia = await signedUp(demo, 'mia@example.com')
  const page = await mia.get('/account/password')
  assert.doesNotMatch(page.text, /disabled|shared by all/)
  const once = /name="once" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const newPassword = 'another horse battery'
  const changed = await mia.post('/account/password', { password: GOOD_PASSWORD, newPassword, once })
  assert.equal(changed.status, 303, changed.text)
  await demo.parts.mail.tick()
  assert.match((await readMailbox(mia))[0]?.subject ?? '', /password/i)
  await demo.visitor().logInWell('mia@example.com', newPassword)
})

test('[PUBLIC-5] mail is visible only to the browser that caused it, also after its login and logout', async (t) => {
  const demo = await startPublic(t)
  const [mia, thief, phone] = [await arrived(demo), await arrived(demo), await arrived(demo)]
  await signUpAs(demo, mia, 'mia@example.com')
  const [mail] = await readMailbox(mia)
  assert.match(mail?.links[0] ?? '', /\$4DSID/)
  for (const other of [thief, phone, demo.visitor()]) {
    assert.deepEqual(await readMailbox(other), [])
    assert.doesNotMatch((await other.get('/dev/mailbox')).text, /mia@example\.com|4DSID=/)
  }
  // The visitor opens the link on another device, which then shares the session, but not the mailbox.
  assert.equal(headingOf(await phone.get(pathOf(mail?.links[0]))), 'Congratulations')
  assert.deepEqual(await readMailbox(phone), [])
  await mia.logInWell('mia@example.com', GOOD_PASSWORD)
  assert.equal((await readMailbox(mia)).length, 1)
  await mia.logOut()
  assert.equal((await readMailbox(mia)).length, 1)
})

test('[PUBLIC-5] no other site and no frame can replace the cookie that shows a browser its mail', async (t) => {
  const demo = await startPublic(t)
  const visitorCookies = ({ setCookies }: Answer) => setCookies.filter((cookie) => cookie.startsWith('visitor_'))
  const [first = ''] = visitorCookies(await demo.visitor().get('/'))
  assert.match(first, /^visitor_Tessera=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/)
  for (const headers of [{ 'Sec-Fetch-Dest': 'iframe' }, { 'Sec-Fetch-Mode': 'cors' }, { Accept: 'application/json' }])
    assert.deepEqual(visitorCookies(await demo.visitor().get('/', headers)), [])
  const form = await demo.visitor().post('/4DACTION/authenticate', { userId: '1' }, { 'Sec-Fetch-Site': 'cross-site' })
  assert.deepEqual(visitorCookies(form), [])
  const known = await arrived(demo)
  assert.deepEqual(visitorCookies(await known.get('/')), [])
})

test('[PUBLIC-5] a visitor cannot reset the password of an account that another visitor signed up', async (t) => {
  const demo = await startPublic(t)
  const mia = await signedUp(demo, 'mia@example.com')
  const thief = await arrived(demo)
  for (const visitor of [thief, mia]) {
    await visitor.post('/password/reset', { email: 'mia@example.com' })
    demo.clock.advance({ minutes: 2 })
    await demo.parts.mail.tick()
  }
  assert.deepEqual(await readMailbox(thief), [])
  assert.match((await readMailbox(mia))[0]?.subject ?? '', /reset|password/i)
})

test('[PUBLIC-6] the console hides who the other visitors are, and ends only sessions of the same browser', async (t) => {
  const demo = await startPublic(t)
  const mia = await signedUp(demo, 'mia@example.com')
  const ada = await loggedIn(demo, 1, { 'User-Agent': 'SecretBrowser/7' })
  const admin = await loggedIn(demo, 6)
  await makeToken(admin, { name: 'Mine' })
  const others = [mia, ada].map(sessionIdOf)

  const pages = ['/admin/sessions', '/admin/sessions?state=any', ...others.map((id) => `/admin/sessions/${id}`)]
  for (const path of [...pages, '/admin/sessions?user=mia%40example.com', '/admin/accounts', '/admin/audit']) {
    const { status, text } = await admin.get(path)
    assert.equal(status, 200, path)
    const shown = text.replaceAll(/value="mia@example\.com"|value="mia%40example\.com"/g, '')
    assert.doesNotMatch(shown.replace(/<strong>.*?<\/strong>/, ''), /mia@example\.com<|SecretBrowser/, path)
  }
  assert.doesNotMatch((await admin.get('/admin/audit.csv')).text, /mia@|SecretBrowser/)
  const list = (await admin.get('/admin/sessions')).text
  assert.match(list, /A visitor/)
  assert.match(list, /Ada Marlow/)
  assert.doesNotMatch((await admin.get(`/admin/sessions/${others[1]}`)).text, /<form[^>]*\/end"|127\.0\.0\.1/)

  for (const id of others) {
    const { devices = [] } = (await demo.parts.sessions?.get(id)) ?? {}
    for (const path of [`/${id}/end`, `/${id}/devices/${devices[0]?.handle}/end`])
      assert.equal((await admin.post(`/admin/sessions${path}`)).status, 403, path)
  }
  const fresh = await loggedIn(demo, 1)
  await demo.visitor().get(`/authenticate.shtml?began=${sessionIdOf(fresh)}`)
  assert.equal((await fresh.get('/customers')).status, 200)
  await admin.post('/admin/sessions/end-user', { userId: '1' })
  const ended = await admin.post('/admin/sessions/end-others')
  assert.match(ended.location ?? '', /ended=1$/, 'only the API token of this browser has ended')
  for (const visitor of [mia, ada]) assert.equal((await visitor.get('/account/sessions')).status, 200)
})

test('[PUBLIC-6] the console shows and ends the login of a private window that opened a one-time link of the visitor', async (t) => {
  const demo = await startPublic(t)
  const admin = await loggedIn(demo, 1)
  const [window, other] = [await arrived(demo), await arrived(demo)]
  const token = await demo.parts.sessions?.createOTP(sessionIdOf(admin), { path: '/customers' })
  assert.equal((await window.get(`/customers?$4DSID=${token}`)).status, 200)
  // This login signs the private window out.
  await admin.follow(await admin.logInWell(6))
  const agent = { 'User-Agent': 'PrivateWindow/7' }
  for (const visitor of [window, other]) {
    const answer = await visitor.post('/4DACTION/authenticate', { userId: '1', password: 'crm-demo' }, agent)
    await visitor.follow(answer)
  }
  assert.match((await admin.get(`/admin/sessions/${sessionIdOf(window)}`)).text, /End this session/)
  assert.doesNotMatch((await admin.get(`/admin/sessions/${sessionIdOf(other)}`)).text, /End this session/)
  assert.equal((await admin.post(`/admin/sessions/${sessionIdOf(window)}/end`)).status, 303)
  assert.match((await window.get('/')).text, /Your session was ended/)
})

test('[PUBLIC-6] of an account that visitors share, each browser lists and signs out only its own devices and tokens', async (t) => {
  const demo = await startPublic(t)
  const [ada, other] = [await loggedIn(demo, 1, { 'User-Agent': 'SecretBrowser/7' }), await loggedIn(demo, 1)]
  const token = tokenOn(await makeToken(ada, { name: 'Secret report' }))
  for (const path of ['/account/sessions', '/account/tokens', '/under-the-hood'])
    assert.doesNotMatch((await other.get(path)).text, /Secret report|SecretBrowser/, path)
  assert.match((await ada.get('/account/sessions')).text, /Secret report/)

  const api = new ApiClient(demo, token)
  const tokenId = token.slice('crm_'.length).split('.')[0]
  const { devices = [] } = (await demo.parts.sessions?.get(sessionIdOf(ada))) ?? {}
  for (const path of [
    `/account/tokens/${tokenId}/revoke`,
    `/account/sessions/${sessionIdOf(ada)}/${devices[0]?.handle}/end`,
    '/account/sessions/end-others',
    '/account/sessions/end-all',
  ])
    await other.post(path)
  assert.equal((await ada.get('/customers')).status, 200)
  assert.equal((await api.get('/me')).status, 200)

  await ada.post('/account/sessions/end-others')
  assert.equal((await api.get('/me')).status, 401)
})

test('[PUBLIC-7] failed logins never lock an account of the demo for other networks', async (t) => {
  const demo = await startPublic(t, { trustProxyHops: 1 })
  const from = (network: number) => ({ 'X-Forwarded-For': `203.0.113.${network}` })
  const rounds = MOST_CONSECUTIVE_FAILURES / 9 + 1
  for (let network = 1; network <= rounds; network += 1)
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const fields = { userId: '1', password: 'wrong' }
      assert.equal((await demo.visitor().post('/4DACTION/authenticate', fields, from(network))).status, 422)
    }
  const well = await demo.visitor().post('/4DACTION/authenticate', { userId: '1', password: 'crm-demo' }, from(200))
  assert.equal(well.status, 302)
})

test('[PUBLIC-8] visitors can neither change the customers of the demo nor see those of other visitors', async (t) => {
  const demo = await startPublic(t)
  const [ada, other] = [await loggedIn(demo, 1), await loggedIn(demo, 1)]
  const mine = new ApiClient(demo, tokenOn(await makeToken(ada, { scope: 'read-write' })))
  const [theirs, apart] = [
    new ApiClient(demo, tokenOn(await makeToken(other, { scope: 'read-write' }))),
    await signedIn(demo, 1),
  ]
  const [shared] = (await mine.get('/customers')).body.customers
  for (const client of [mine, apart]) {
    assertProblem(await client.send('PATCH', `/customers/${shared.id}`, { body: { city: 'Oslo' } }), 403, /your own/)
    assertProblem(await client.send('DELETE', `/customers/${shared.id}`), 403, /your own/)
  }
  const made = await mine.post('/customers', { ...NEW_CUSTOMER, name: '<script>alert(1)</script>' })
  assert.equal(made.status, 201)
  const { id } = made.body
  for (const client of [theirs, apart]) {
    assert.equal((await client.get(`/customers/${id}`)).status, 404)
    assert.equal((await client.send('PATCH', `/customers/${id}`, { body: { city: 'Oslo' } })).status, 404)
    assert.equal((await client.send('DELETE', `/customers/${id}`)).status, 404)
    assert.deepEqual((await client.get('/customers?search=script')).body.customers, [])
  }
  assert.deepEqual(namesOf(await ada.get('/customers?q=script')), ['&lt;script&gt;alert(1)&lt;/script&gt;'])
  assert.deepEqual(namesOf(await other.get('/customers?q=script')), [])
  assert.equal((await mine.send('PATCH', `/customers/${id}`, { body: { city: 'Oslo' } })).status, 200)
  assert.equal((await mine.send('DELETE', `/customers/${id}`)).status, 204)

  const page = await ada.get(`/customers/${shared.id}`)
  assert.match(page.text, /All visitors of the public demo see this customer/)
  assert.doesNotMatch(page.text, /action="\/customers\//)
  const before = await snapshotOf(demo.parts)
  for (const action of ['edit', 'remove', 'notes', 'notes/1/delete', 'next-step', 'purchases']) {
    const fields = { note: 'x', version: '1', nextStep: 'x', nextStepOn: '2026-01-06', ...PURCHASE }
    assert.equal((await ada.post(`/customers/${shared.id}/${action}`, fields)).status, 403, action)
    assert.equal((await other.post(`/customers/${id}/${action}`, fields)).status, 404, action)
  }
  assert.equal((await other.post(`/customers/${id}/restore`)).status, 404)
  assert.equal(await snapshotOf(demo.parts), before)
  assert.match((await ada.get('/customers')).text, /is removed\./)
  assert.doesNotMatch((await other.get('/customers')).text, /is removed\./)
  assert.doesNotMatch((await other.get('/customers.csv')).text, /script/)
  assert.equal((await ada.post(`/customers/${id}/restore`)).status, 303)
  assert.equal((await ada.post(`/customers/${id}/notes`, { note: 'Mine' })).status, 303)

  const trail: string[] = []
  for (const visitor of [ada, other]) {
    await visitor.logInWell(6)
    trail.push((await visitor.get('/admin/audit.csv')).text)
  }
  assert.deepEqual(
    [...String(trail[0]).matchAll(new RegExp(`"([\\w-]+)",.*"customer ${id}[:"]`, 'g'))].map(([, event]) => event),
    ['note-added', 'customer-restored', 'customer-removed', 'customer-changed', 'customer-added'],
  )
  assert.doesNotMatch(String(trail[1]), /customer \d/)
})

test('[PUBLIC-9] visitors see only their own requests for approval, and cannot use up those of others', async (t) => {
  const demo = await startPublic(t, { platformUrl: 'http://127.0.0.1:9' })
  const [ada, other] = [await loggedIn(demo, 1), await loggedIn(demo, 1)]
  const [shared] = (await (await signedIn(demo, 1)).get('/customers')).body.customers
  const asked = { customer: String(shared.id), percent: '10', reason: 'A secret reason', scenario: '$4DSID' }
  const first = await ada.post('/operations', asked)
  assert.match(first.location ?? '', /^\/operations\/\d+$/)
  await demo.parts.database.updateTable('operations').set({ state: 'asked' }).execute()
  assert.match((await ada.get('/operations')).text, /10/)
  for (const path of ['/operations', `/customers/${shared.id}`, String(first.location)])
    assert.doesNotMatch((await other.get(path)).text, /secret reason|class="badge waiting"/, path)
  assert.equal((await other.get(String(first.location))).status, 404)
  assert.notEqual((await other.post('/operations', asked)).location, first.location)
})

test('[PUBLIC-9] visitors who share an account have their own points for searches', async (t) => {
  const demo = await startPublic(t)
  const [ada, other] = [await loggedIn(demo, 1), await loggedIn(demo, 1)]
  const search = async (visitor: Visitor) => (await visitor.get('/customers?q=a')).status
  for (let searches = 0; searches < MOST_SEARCHES_A_MINUTE; searches += 1) assert.equal(await search(ada), 200)
  assert.deepEqual([await search(ada), await search(other)], [429, 200])
})

test('[PUBLIC-10] every limit of the public demo is documented, and answers with 429 and when to come back', async (t) => {
  const demo = await startPublic(t, { trustProxyHops: 1 })
  const minutes = (seconds: number) => `${seconds / 60} minutes`
  assert.deepEqual(
    tableOf('limits'),
    Object.entries(PUBLIC_LIMITS).map(([name, { ofNetwork, inAll, seconds, what }]) => [
      `\`${name}\``,
      what,
      String(ofNetwork),
      String(inAll),
      minutes(seconds),
    ]),
  )
  const { maxSessions, maxGuests } = readConfig({ DEMO_PUBLIC: 'true' })
  assert.deepEqual(
    tableOf('totals').map(([, figure]) => figure),
    [
      ...[maxSessions, maxGuests, ...Object.values(MOST_ROWS)].map(String),
      ...[MOST_CUSTOMERS_OF_VISITOR, MOST_KEPT_OF_VISITOR].map(String),
    ],
  )

  for (const [name, network] of [
    ['logins', 1],
    ['mails', 2],
  ] as const) {
    const answers: Answer[] = []
    for (let sent = 0; sent <= PUBLIC_LIMITS[name].ofNetwork; sent += 1)
      answers.push(await sendFrom(demo, name, network))
    const last = answers.pop()
    assert.ok(answers.every(({ status }) => status !== 429))
    assert.equal(last?.status, 429)
    assert.ok(Number(last?.headers['retry-after']) > 60)
    assert.match(last?.text ?? '', /Please try again in \d+ minutes/)
    assert.notEqual((await sendFrom(demo, name, 3)).status, 429, 'another network has its own points')
  }
  const api = new ApiClient(demo)
  for (const path of ['/signin', '/SignIn'])
    assertProblem(
      await api.send('POST', path, {
        body: { username: 1, password: 'x' },
        headers: { 'X-Forwarded-For': '203.0.113.1' },
      }),
      429,
      /logins/,
    )
})

test('[PUBLIC-10] a full demo says until when, and one visitor fills neither the mailbox nor the customers', async (t) => {
  const demo = await startPublic(t)
  const { database, mail } = demo.parts
  const client = await signedIn(demo, 1)
  for (let made = 0; made < MOST_CUSTOMERS_OF_VISITOR; made += 1)
    await database
      .insertInto('customers')
      .values(row(made, sessionOf(client)))
      .execute()
  assertProblem(await client.post('/customers', NEW_CUSTOMER), 409, /may have 20 customers/)
  assert.equal((await (await signedIn(demo, 1)).post('/customers', NEW_CUSTOMER)).status, 201)

  const mia = await arrived(demo)
  await signUpAs(demo, mia, 'mia@example.com')
  const flooding = { session_id: '', user_id: '', email: 'x@example.com', kind: 'locked', state: 'waiting' } as const
  for (let sent = 0; sent < MOST_KEPT_OF_VISITOR + 5; sent += 1)
    await database
      .insertInto('outbox')
      .values({
        ...flooding,
        id: String(sent),
        created_at: '',
        due_at: '',
        leased_until: '',
        attempts: 0,
        problem: null,
        sent_at: null,
        link_until: null,
        details: null,
        email: `x${sent}@example.com`,
        visitor: 'flooder',
      })
      .execute()
  await mail.tick()
  const kept = await database.selectFrom('mailbox').select('visitor').execute()
  assert.equal(kept.filter(({ visitor }) => visitor === 'flooder').length, MOST_KEPT_OF_VISITOR)
  assert.equal((await readMailbox(mia)).length, 1)

  const users = Array.from({ length: MOST_ROWS.users }, (_, at) => ({
    id: `u${at}`,
    email: `${at}@x.example`,
    password: null,
    validated: 0,
    session_id: '',
    created_at: '',
    validated_at: null,
  }))
  for (let at = 0; at < users.length; at += 500)
    await database
      .insertInto('users')
      .values(users.slice(at, at + 500))
      .execute()
  const { id } = await database
    .selectFrom('customers')
    .select('id')
    .where('visitor', '!=', '')
    .executeTakeFirstOrThrow()
  const ada = await loggedIn(demo, 1)
  const note = { customer_id: id, user_id: 1, text: 'x', written_at: '' }
  const purchase = { customer_id: id, purchased_on: '2026-01-01', description: 'x', amount: 1 }
  assert.notEqual((await ada.post('/customers/1/purchases', PURCHASE)).status, 429)
  for (let at = 0; at < MOST_ROWS.purchases; at += 1000) {
    await database.insertInto('customer_notes').values(Array(1000).fill(note)).execute()
    await database.insertInto('purchases').values(Array(1000).fill(purchase)).execute()
  }
  for (const action of ['notes', 'next-step', 'purchases'])
    assert.equal((await ada.post(`/customers/1/${action}`)).status, 429, action)
  const full = await demo.visitor().post('/signup', { email: 'new@example.com', password: GOOD_PASSWORD })
  assert.equal(full.status, 429)
  assert.match(full.text, /full until its reset.*after 03:00 UTC/)
})

test('[PUBLIC-11] every page counts down to the reset, and announces it ten minutes before', async (t) => {
  const demo = await startPublic(t)
  const ada = await loggedIn(demo, 1)
  for (const path of ['/', '/signup', '/customers', '/dev/mailbox', '/lab', '/no-such-page']) {
    const { text } = await ada.get(path)
    assert.match(text, /All data is reset in <span id="reset-left">18 h<\/span>, at 03:00 UTC/, path)
    assert.match(text, /id="reset-notice" role="status" hidden>/, path)
  }
  demo.clock.advance({ hours: 12, minutes: 48 })
  assert.match((await demo.visitor().get('/')).text, /reset in <span id="reset-left">5 h 12 min</)
  demo.clock.advance({ hours: 5, minutes: 3 })
  assert.match((await demo.visitor().get('/')).text, /role="status"><strong>The demo is reset in <span[^>]*>9 min</)
})

test('[PUBLIC-1] a demo that is not public has none of this', async (t) => {
  const demo = await startDemo(t)
  const ada = await loggedIn(demo, 1)
  const page = await ada.get('/account/password')
  assert.doesNotMatch(page.text, /public demo|id="reset"|disabled/)
  assert.deepEqual(
    [...ada.cookies.keys()].filter((name) => name.includes('visitor')),
    [],
  )
  await signUpAs(demo, demo.visitor(), 'mia@example.com')
  assert.equal((await readMailbox(demo.visitor())).length, 1)
})

function startPublic(t: TestContext, settings: Parameters<typeof startDemo>[1] = {}): Promise<Demo> {
  const { guests, maxSessions, maxGuests } = readConfig({ DEMO_PUBLIC: 'true' })
  return startDemo(t, { demoPublic: true, guests, maxSessions, maxGuests, ...settings })
}

async function arrived(demo: Demo): Promise<Visitor> {
  const visitor = demo.visitor()
  await visitor.get('/api/docs')
  return visitor
}

async function loggedIn(demo: Demo, userId: number, headers: Record<string, string> = {}): Promise<Visitor> {
  const visitor = await arrived(demo)
  const answer = await visitor.post('/4DACTION/authenticate', { userId: String(userId), password: 'crm-demo' }, headers)
  assert.equal(answer.status, 302, answer.text)
  return visitor
}

async function signedUp(demo: Demo, email: string): Promise<Visitor> {
  const visitor = await arrived(demo)
  await signUpAs(demo, visitor, email)
  await visitor.get(pathOf((await readMailbox(visitor))[0]?.links[0]))
  await visitor.logInWell(email, GOOD_PASSWORD)
  return visitor
}

function sendFrom(demo: Demo, name: 'logins' | 'mails', network: number): Promise<Answer> {
  const headers = { 'X-Forwarded-For': `203.0.113.${network}` }
  return name === 'logins'
    ? demo.visitor().post('/4DACTION/authenticate', { userId: '1', password: 'crm-demo' }, headers)
    : demo.visitor().post('/signup', { email: 'not an address' }, headers)
}

function sessionOf({ token }: ApiClient): string {
  return token.slice('crm_'.length).split('.')[0] ?? ''
}

function row(made: number, visitor: string) {
  const { name, ...texts } = NEW_CUSTOMER
  return {
    ...texts,
    name,
    name_folded: `${made}`,
    total_purchase: 0,
    customer_since: '2026-01-01',
    sales_person: 1,
    visitor,
  }
}

/** The cells of the table between the markers of `name` in docs/public-demo.md, without the heads. */
function tableOf(name: string): string[][] {
  const page = readFileSync(join(projectRoot(), 'docs', 'public-demo.md'), 'utf8')
  const [, table = ''] = new RegExp(`<!-- ${name}: begin -->\n([\\s\\S]*?)<!-- ${name}: end -->`).exec(page) ?? []
  const rows = table.trim().split('\n').slice(2)
  return rows.map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}
