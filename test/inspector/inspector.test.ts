import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { explainAttributes, sentAttributes, usualAttributes } from '../../src/inspector/cookie-attributes.ts'
import { privilegeSources } from '../../src/inspector/privilege-sources.ts'
import { sessionChip } from '../../src/inspector/session-chip.ts'
import { shownValue } from '../../src/inspector/stored-values.ts'
import { CUSTOMER, startWithRecorder } from '../support/approvals.ts'
import { startDemo } from '../support/demo.ts'
import { assertNotLoaded } from '../support/loaded-files.ts'
import { sessionIdOf } from '../support/pages.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

const PAGE = '/under-the-hood'

test('[HOOD-1] the page after a login shows the steps of the login, with the session before and after', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.get('/authenticate.shtml')
  const guest = sessionIdOf(ada)
  const welcome = await ada.follow(await ada.logInWell(1))
  const { text } = await ada.get(chipOf(welcome))
  const signedIn = sessionIdOf(ada)
  assert.notEqual(guest, signedIn)
  assert.match(text, /Step 1: <code>POST \/4DACTION\/authenticate<\/code>[\s\S]*302 to \/authenticationOK\.shtml/)
  assert.ok(text.includes(`<del>${guest}</del>`) && text.includes(`<ins>${signedIn}</ins>`))
  assert.match(text, /<del>a guest<\/del>[\s\S]*<ins>Ada Marlow \(1\)<\/ins>/)
  assert.match(text, /Stored: myTop3 <span class="badge">new<\/span>/)
  assert.match(text, /Step 2: <code>GET \/authenticationOK\.shtml<\/code>[\s\S]*changed nothing in the session/)
  assert.match(text, /<code>replace<\/code> [\d.]+ ms/)
  assert.match(text, /<dt><code>viewCustomers<\/code><\/dt><dd>from editCustomers, which includes it/)
})

test('[HOOD-2] a session sees only its own requests: for all others it gets 404 and no text of the request', async (t) => {
  const demo = await startDemo(t)
  const [ada, ben, stranger] = [demo.visitor(), demo.visitor(), demo.visitor()]
  const before = chipOf(await ada.get('/authenticate.shtml?userId=a-guest'))
  await ada.logInWell(1)
  const page = chipOf(await ada.get('/customers?q=adas-secret'))
  await ben.logInWell(2)
  assert.equal((await ada.get(page)).status, 200)
  for (const [visitor, address] of [
    [ben, page],
    [stranger, page],
    [ada, before], // The guest's session is another session.
  ] as const) {
    const answer = await visitor.get(address)
    assert.equal(answer.status, 404)
    assert.doesNotMatch(answer.text, /inspector-step|a-guest/)
    if (visitor !== ada) assert.doesNotMatch(answer.text, /adas-secret/)
  }
})

test('[HOOD-3] no page of the inspector contains a secret of a cookie, of a link, of a form or of the store', async (t) => {
  const { demo } = await startWithRecorder(t)
  const ada = demo.visitor()
  await ada.get('/')
  const guestSecret = secretOf(ada)
  await ada.logInWell(4)
  const id = sessionIdOf(ada)
  const link = String(await demo.parts.sessions?.createOTP(id))
  const customer = await ada.get(`/customers/${CUSTOMER}`)
  const once = /name="once" value="([^"]+)"/.exec(customer.text)?.[1] ?? ''
  await ada.post('/operations', {
    once,
    customer: String(CUSTOMER),
    percent: '5',
    scenario: 'state',
    reason: 'x',
  })
  await ada.get(`/customers?q=x&$4DSID=${'AB'.repeat(16)}`)
  const { consumedForms = [] } = (await demo.parts.sessions?.storage(id)) ?? {}
  assert.ok(consumedForms.includes(once))
  const secrets = [guestSecret, secretOf(ada), link, 'AB'.repeat(16), 'crm-demo', once]
  const newest = await ada.get(PAGE)
  const addresses = [...newest.text.matchAll(/class="inspector-request" href="([^"]+)"/g)].map(([, href = '']) => href)
  assert.ok(addresses.length >= 3)
  assert.ok(
    secrets.every((secret) => secret.length > 7),
    secrets.join(' '),
  )
  for (const address of addresses) {
    const { text } = await ada.get(address)
    for (const secret of secrets) assert.ok(!text.includes(secret), `${address} contains ${secret}`)
  }
})

test('[HOOD-4] looking at the session neither writes into it nor extends it', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  await ada.get('/customers')
  const before = await stateOf()
  demo.clock.advance({ minutes: 30 })
  assert.match((await ada.get(PAGE)).text, /data-seconds-left="1800">30 min</)
  assert.deepEqual(await stateOf(), before)

  async function stateOf() {
    const { sessions } = demo.parts
    const id = sessionIdOf(ada)
    return { described: await sessions?.get(id), storage: await sessions?.storage(id) }
  }
})

test('[HOOD-5] production has no inspector: no page, no chip, no link, and its code is not loaded', async (t) => {
  const demo = await startDemo(t, { profile: 'production' })
  const visitor = demo.visitor()
  assert.equal((await visitor.get(PAGE)).status, 404)
  assert.doesNotMatch((await visitor.get('/authenticate.shtml')).text, /session-chip|under-the-hood|inspector/)
  assertNotLoaded('inspector', 'production')
})

test('[HOOD-6] the files and lines of the inspector lead to the route and to its handler', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const { text } = await ada.get(chipOf(await ada.get(await customerOf(ada))))
  const places = [...text.matchAll(/<code>([^<]+)<\/code><span class="second">([^<]+):(\d+)<\/span>/g)]
  const lines = places.map(([, name = '', file = '', line]) => ({ name, line: lineOf(file, Number(line)) }))
  assert.deepEqual(
    lines.map(({ name }) => name),
    ['/customers/:id', 'show', 'customers/show'],
  )
  assert.match(String(lines[0]?.line), /routes\.get\('\/customers\/:id'/)
  assert.match(String(lines[1]?.line), /\bshow\b/)
})

test('[HOOD-7] without a trace, the page says why, and that another process may have answered', async (t) => {
  const [one, many] = [await startDemo(t), await startDemo(t, { webConcurrency: 2 })]
  for (const [demo, expected] of [
    [one, false],
    [many, true],
  ] as const) {
    const ada = demo.visitor()
    assert.match((await ada.get(PAGE)).text, /no stored session/)
    await ada.logInWell(1)
    const { status, text } = await ada.get(`${PAGE}?request=unknown`)
    assert.deepEqual([status, text.includes('another process may have answered')], [404, expected])
    assert.match(text, /no trace here/)
  }
  const off = await startDemo(t, { sessions: 'none' })
  assert.match((await off.visitor().get(PAGE)).text, /runs without sessions/)
})

test('each attribute of the cookie is explained, and each attribute that is missing', () => {
  const sent = sentAttributes('S', ['other=1; Path=/x', 'S=id.secret; Path=/; HttpOnly; SameSite=Lax; Max-Age=60'])
  assert.deepEqual(sent, ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Max-Age=60'])
  const explained = explainAttributes(sent)
  assert.deepEqual(
    explained.map(({ attribute }) => attribute),
    [...sent, 'no Secure', 'no Domain'],
  )
  assert.ok(explained.every(({ meaning }) => meaning !== ''))
  assert.deepEqual(usualAttributes({ cookieName: '__Host-S', cookieScope: 'strict' }), [
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    'Secure',
  ])
})

test('each privilege names its role or the privilege that includes it', () => {
  const sources = (...names: Parameters<typeof privilegeSources>[0]) =>
    privilegeSources(names).map(({ source }) => source)
  assert.deepEqual(sources('WebAdmin', 'viewPortfolio'), ['the role administrator', 'the role administrator'])
  assert.deepEqual(sources('editCustomers', 'viewAllCustomers', 'viewCustomers', 'viewPortfolio'), [
    'the role manager',
    'the role manager',
    'editCustomers, which includes it',
    'viewCustomers, which includes it',
  ])
  assert.deepEqual(sources('WebAdmin'), ['granted without a role'])
})

test('stored values are shown without secrets, and long values are cut', () => {
  assert.equal(shownValue('consumedForms', ['a', 'b']), '2 × •••')
  assert.equal(shownValue('securityStamps', ['a']), '1 × •••')
  assert.equal(shownValue('joined', { handle: 'x', token: 'y' }), '{ "handle": "x", "token": "•••" }')
  assert.doesNotMatch(shownValue('unsentForm', { fields: [['once', crypto.randomUUID()]] }), /-/)
  assert.equal(shownValue('status', 'x'.repeat(31).concat(' ').repeat(20)).length, 301)
})

test('sessions with different IDs have chips with different colours', () => {
  assert.equal(sessionChip('0119EC8A').shortId, '19EC8A')
  assert.notDeepEqual(sessionChip('0119EC8A').colours, sessionChip('01469FAD').colours)
})

function chipOf({ text }: Answer): string {
  return /id="session-chip" href="([^"]+)"/.exec(text)?.[1] ?? assert.fail('the page has no chip')
}

/** The page of a customer in the list of the visitor. */
async function customerOf(visitor: Visitor): Promise<string> {
  return /href="(\/customers\/\d+)/.exec((await visitor.get('/customers')).text)?.[1] ?? assert.fail('no customer')
}

function secretOf({ sessionCookie }: Visitor): string {
  return sessionCookie.slice(sessionCookie.indexOf('.') + 1)
}

function lineOf(file: string, line: number): string | undefined {
  return readFileSync(join(projectRoot(), file), 'utf8').split('\n')[line - 1]
}
