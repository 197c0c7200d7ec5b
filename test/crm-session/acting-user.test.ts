import assert from 'node:assert/strict'
import test from 'node:test'
import { disableAccount } from '../../src/accounts/index.ts'
import { createRoutes } from '../../src/app/routes.ts'
import { removeCustomer } from '../../src/crm/index.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { devicesOf } from '../support/devices.ts'
import { editor } from '../support/editor.ts'
import { headingOf, sessionIdOf, snapshotOf, unescapeHtml } from '../support/pages.ts'
import { routesOf } from '../support/routes.ts'
import { openStream } from '../support/stream.ts'
import { makeToken, tokensOf } from '../support/tokens.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

// These forms name no acting user. They begin a session, belong to the owner of a mailed link, belong to the lab, which
// does not use the visitor's session, or go through the tour or choose the theme, as guests do too.
const EXEMPT = [
  '/4DACTION/authenticate',
  '/signup',
  '/signup/again',
  '/signup/not-me',
  '/validateEmail',
  '/tools/validateEmail',
  '/4DACTION/validateEmail',
  '/account/email/confirm',
  '/password/reset',
  '/password/new',
  '/password/new/decline',
  '/link/decline',
  '/theme',
  '/lab/:experiment',
  '/lab/curl',
  '/lab/sandbox',
  '/tour',
  '/tour/end',
]

// No platform listens at this address. Customer pages contain the form only if a platform is configured.
const PLATFORM = { platformUrl: 'http://127.0.0.1:9' }

test('[ACT-1] every form of a signed-in user is refused unless it names this user', async (t) => {
  const demo = await startDemo(t, PLATFORM)
  const [ada, admin] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await makeToken(ada)
  await admin.logInWell(6)
  const before = await stateOf(demo, ada)
  for (const path of actingRoutes(demo)) {
    const id = path.startsWith('/customers') ? '1' : sessionIdOf(ada)
    const address = path.replace(':id', id).replace(':handle', 'x').replace(':userId', '2').replace(':note', '1')
    for (const fields of [{ actingUser: '1' }, { actingUser: '' }, { actingUser: '6 ' }]) {
      const answer = await admin.post(address, { ...fields, customer: '1', percent: '10' })
      assert.deepEqual([answer.status, headingOf(answer)], [409, 'You are signed in as Tomasz Nowak'], path)
      assert.doesNotMatch(answer.text, /<h2>The form</, `${path} says what the form does`)
    }
    const none = await admin.send(address, { method: 'POST' })
    assert.equal(none.status, 409, `${path} without any field`)
  }
  assert.equal(await stateOf(demo, ada), before)
})

test('[ACT-2] every form on a page names the user to whom the page was shown', async (t) => {
  const demo = await startDemo(t, PLATFORM)
  const { router } = createRoutes(demo.parts)
  await disableAccount(demo.parts, '3')
  const seen = new Set<string>()
  for (const userId of ['5', '6']) {
    const [visitor, phone] = [demo.visitor(), demo.visitor()]
    await phone.logInWell(userId)
    await visitor.logInWell(userId)
    await makeToken(visitor)
    await visitor.post('/tour')
    await visitor.post('/customers/1/notes', { note: 'Prefers calls' })
    for (const { method, path } of routesOf(demo)) {
      if (method !== 'GET' || /events$|callback|complete/i.test(path)) continue
      const id = path.startsWith('/admin') ? sessionIdOf(phone) : '1'
      for (const form of formsOf(await visitor.get(path.replace(':id', id).replace(':userId', '2')))) {
        const route = router.match(form.action, 'POST').path.find((layer) => layer.methods.includes('POST'))
        if (EXEMPT.includes(String(route?.path))) continue
        assert.match(form.html, new RegExp(`name="actingUser" value="${userId}"`), `${path}: ${form.action}`)
        seen.add(String(route?.path))
      }
    }
    await removeCustomer(demo.parts.database, editor(5, { seesAll: true }), 2, demo.clock.now())
    for (const { action } of formsOf(await visitor.get('/customers')))
      if (action === '/customers/2/restore') seen.add('/customers/:id/restore')
    const list = await visitor.get(`/admin/sessions?user=${userId}`)
    for (const { action } of formsOf(list)) if (action.endsWith('end-user')) seen.add(action)
    const disabled = await visitor.get('/admin/accounts/3')
    for (const { action } of formsOf(disabled))
      if (action.endsWith('enable')) seen.add('/admin/accounts/:userId/enable')
  }
  assert.deepEqual([...seen].sort(), actingRoutes(demo).sort(), 'every acting form was seen on some page')
})

test('[ACT-3] a form filled in as one user is not sent as the user who logged in meanwhile, but shown to that user', async (t) => {
  const demo = await startDemo(t, PLATFORM)
  const tab = demo.visitor()
  await tab.logInWell(4)
  const [form] = formsOf(await tab.get('/customers/1')).filter(({ action }) => action === '/operations')
  const typed = { ...form?.fields, percent: '12', reason: '<b>loyal</b>', scenario: 'rest' }
  await tab.logInWell(5)

  const refused = await tab.post('/operations', typed)
  assert.deepEqual([refused.status, headingOf(refused)], [409, 'You are signed in as Helen Okafor'])
  assert.deepEqual(await operationsOf(demo), [])
  assert.match(refused.text, /<dd>12<\/dd>[\s\S]*<dd>&lt;b&gt;loyal&lt;\/b&gt;<\/dd>/)

  const [own] = formsOf(refused).filter(({ action }) => action === '/operations')
  assert.equal((await tab.post('/operations', own?.fields)).status, 303)
  assert.deepEqual(await operationsOf(demo), [[5, 12, '<b>loyal</b>', 'rest']])
})

test('[ACT-4] a form that was sent after the session ended is shown again after the login, and sent only by its button', async (t) => {
  const demo = await startDemo(t, PLATFORM)
  const tab = demo.visitor()
  await tab.logInWell(4)
  await demo.parts.sessions?.endMany({ userId: '4' })

  const refused = await tab.post('/operations', { customer: '1', percent: '15', reason: 'Größe' })
  assert.deepEqual([refused.status, headingOf(refused)], [409, 'Your session has ended'])
  const [login] = formsOf(refused)
  const wrong = await tab.post('/4DACTION/authenticate', { ...login?.fields, userId: '4', password: 'wrong' })
  assert.equal(wrong.status, 422)
  const [again] = formsOf(wrong)
  const done = await tab.post('/4DACTION/authenticate', { ...again?.fields, userId: '4', password: 'crm-demo' })
  assert.equal(done.location, '/account/unsent')
  const page = await tab.follow(done)
  assert.equal(headingOf(page), 'Send the form now?')
  assert.match(page.text, /<dd>15<\/dd>[\s\S]*<dd>Größe<\/dd>/)
  assert.deepEqual(await operationsOf(demo), [], 'nothing is sent by itself')

  const [form] = formsOf(page).filter(({ action }) => action === '/operations')
  assert.equal((await tab.post('/operations', form?.fields)).status, 303)
  assert.deepEqual(await operationsOf(demo), [[4, 15, 'Größe', '$4DSID']])
  assert.equal((await tab.get('/account/unsent')).location, '/', 'the sent form is not offered again')
})

test('[ACT-5] a password in a form that was not sent is not kept, and has to be entered again', async (t) => {
  const demo = await startDemo(t)
  const [tab, guest] = [demo.visitor(), demo.visitor()]
  await tab.logInWell(4)
  const typed = { password: 'secret one', newPassword: 'secret two', email: 'new@example.com', actingUser: '1' }
  for (const visitor of [tab, guest]) {
    const { text } = await visitor.post('/account/email', typed)
    assert.match(text, /new@example\.com/)
    assert.doesNotMatch(text, /secret/)
  }
  const { text } = await tab.post('/account/password', typed)
  assert.match(text, /name="password" type="password"[\s\S]*name="newPassword" type="password"/)
})

test('[ACT-7] a form that needs a recent password is shown again after the password was confirmed, and sent only by its button', async (t) => {
  const demo = await startDemo(t)
  const [admin, ada] = [demo.visitor(), demo.visitor()]
  await admin.logInWell(6)
  demo.clock.advance({ minutes: 16 })
  await ada.logInWell(1)
  const roleOf2 = async () => {
    const rows = demo.parts.database.selectFrom('sales_persons').select('role').where('user_id', '=', 2)
    return (await rows.executeTakeFirstOrThrow()).role
  }
  for (const [path, typed, what, isDone] of [
    [
      `/admin/sessions/${sessionIdOf(ada)}/end`,
      { message: 'Please call “4711”', password: 'secret' },
      'End a session',
      async () => (await ada.get('/customers')).status !== 200,
    ],
    ['/admin/accounts/2/role', { role: 'manager' }, 'Change a role', async () => (await roleOf2()) === 'manager'],
  ] as const) {
    const asked = await admin.post(path, typed)
    assert.equal(asked.location, '/account/confirm?next=%2Faccount%2Funsent')
    await admin.post('/account/confirm', { password: 'wrong', next: '/account/unsent' })
    const page = await admin.follow(
      await admin.post('/account/confirm', { password: 'crm-demo', next: '/account/unsent' }),
    )
    assert.equal(headingOf(page), 'Send the form now?')
    assert.match(page.text, new RegExp(`<h2>${what}</h2>[^]*<dd>${Object.values(typed)[0]}</dd>`))
    assert.doesNotMatch(page.text, /secret/)
    assert.equal(await isDone(), false, 'nothing is sent by itself')
    const [form] = formsOf(page).filter(({ action }) => action === path)
    assert.equal((await admin.post(path, form?.fields)).status, 303)
    assert.equal(await isDone(), true)
    assert.equal((await admin.get('/account/unsent')).location, '/')
    demo.clock.advance({ minutes: 16 })
  }
  assert.match((await ada.get('/authenticate.shtml')).text, /Please call “4711”/)
})

test('[ACT-6] an unsent form leads to no other site, and a damaged one is ignored', async (t) => {
  const demo = await startDemo(t)
  const form = { action: '//evil.test/x', actingUser: '4', fields: [], passwords: [] }
  for (const unsentForm of [
    JSON.stringify(form),
    '{',
    '[]',
    JSON.stringify({ ...form, action: 'https://evil.test' }),
  ]) {
    const visitor = demo.visitor()
    const answer = await visitor.logIn(4, 'crm-demo', { unsentForm })
    assert.deepEqual([answer.status, answer.location], [302, '/authenticationOK.shtml'])
  }
})

test('[ACT-6] a field of an unsent form is shown under its own name, even if each object has a property of this name', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const names = ['constructor', '__proto__']
  const form = {
    action: '/operations',
    actingUser: '4',
    fields: names.map((name) => [name, `value of ${name}`]),
    passwords: names,
  }
  const page = await visitor.follow(await visitor.logIn(4, 'crm-demo', { unsentForm: JSON.stringify(form) }))
  assert.match(page.text, /<dt>Constructor<\/dt><dd>value of constructor<\/dd>/)
  assert.match(page.text, /<dt>__proto__<\/dt><dd>value of __proto__<\/dd>/)
  assert.doesNotMatch(page.text, /type="password"/)
})

test('[TAB-1] pages, streams and HEAD answers name the session and the user of the browser', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const markOf = async (path: string, method = 'GET') => (await visitor.send(path, { method })).headers['session-user']
  assert.equal(await markOf('/'), undefined, 'a guest is not named')
  await visitor.logInWell(4)
  const mark = `${sessionIdOf(visitor)} 4`
  assert.deepEqual(
    [await markOf('/customers'), await markOf('/nope'), await markOf('/session/events', 'HEAD')],
    [mark, mark, mark],
  )
  assert.match((await visitor.get('/customers')).text, new RegExp(`<body data-session="${mark}"`))
  const stream = await openStream(`${demo.url}/session/events`, visitor)
  assert.equal(stream.headers['session-user'], mark)
  await stream.until(new RegExp(`event: session\ndata: "${mark}"`))
  stream.close()
})

function actingRoutes(demo: Demo): string[] {
  const posts = routesOf(demo).filter(({ method }) => method === 'POST')
  return posts.map(({ path }) => path).filter((path) => !EXEMPT.includes(path))
}

interface Form {
  action: string
  html: string
  fields: Record<string, string>
}

function formsOf({ text }: Answer): Form[] {
  return [...text.matchAll(/<form[^>]*method="post"[^>]*>[\s\S]*?<\/form>/g)].map(([html]) => ({
    action: /action="([^"?]+)/.exec(html)?.[1] ?? '',
    html,
    fields: Object.fromEntries(
      [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        unescapeHtml(value),
      ]),
    ),
  }))
}

async function operationsOf({ parts }: Demo) {
  const rows = await parts.database.selectFrom('operations').selectAll().execute()
  return rows.map(({ user_id, percent, reason, scenario }) => [user_id, percent, reason, scenario])
}

/** Everything that a form could change: the tables, the sessions, and the devices and tokens of a user. */
async function stateOf(demo: Demo, visitor: Visitor): Promise<string> {
  const [tables, sessions] = [await snapshotOf(demo.parts), await demo.parts.sessions?.count()]
  return JSON.stringify([tables, sessions, await devicesOf(visitor), await tokensOf(visitor)])
}
