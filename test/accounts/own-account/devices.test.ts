import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { devicesOf, FIREFOX, IPHONE, logInFrom } from '../../support/devices.ts'
import { onBothStores } from '../../support/on-both-stores.ts'
import { headingOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../../support/sign-up.ts'
import { callWith, makeToken, tokenOn } from '../../support/tokens.ts'
import type { Visitor } from '../../support/visitor.ts'

const PAGE = '/account/sessions'

onBothStores('the page has a card for each browser, API sign-in and token, this device first', async (t, settings) => {
  const demo = await startDemo(t, settings)
  const [laptop, phone] = [demo.visitor(), demo.visitor()]
  await logInFrom(phone, IPHONE, 1)
  demo.clock.advance({ minutes: 20 })
  await logInFrom(laptop, FIREFOX, 1)
  await makeToken(laptop, { name: 'Nightly <report>' })
  await signInOverApi(demo)
  const cards = await devicesOf(laptop, FIREFOX)
  const told = cards.map(({ what, isThis, facts }) => [what, isThis, facts['Came by'], facts.Address])
  assert.deepEqual(told.toSorted(), [
    ['A Node.js program', false, 'Sign-in over the API', '127.0.0.1'],
    ['Firefox on Windows', true, 'Password', '127.0.0.1'],
    ['Nightly &lt;report&gt;', false, 'API token', '127.0.0.1'],
    ['Safari on an iPhone', false, 'Password', '127.0.0.1'],
  ])
  assert.equal(cards[0]?.isThis, true)
  assert.equal(cards.at(-1)?.what, 'Safari on an iPhone', 'the least recently used device comes last')
  assert.equal(cards[0]?.facts['Last seen'], 'Now')
  assert.match(String(cards.at(-1)?.facts['Last seen']), /^\d+ \w+ \d{4}, \d\d:\d\d UTC$/)
  const { text } = await laptop.get(PAGE)
  for (const value of [...laptop.cookies.values(), ...phone.cookies.values()])
    assert.ok(!text.includes(value.slice(value.indexOf('.') + 1)), 'no secret is on the page')
})

onBothStores(
  '[TAB-5] signing out a device takes effect at once, signs out no other device, and can be repeated',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const [laptop, phone, tablet] = [demo.visitor(), demo.visitor(), demo.visitor()]
    await logInFrom(laptop, FIREFOX, 1)
    await logInFrom(phone, IPHONE, 1)
    await tablet.logInWell(1)
    const card = (await devicesOf(laptop, FIREFOX)).find(({ what }) => what === 'Safari on an iPhone')
    const answer = await laptop.post(String(card?.end))
    assert.deepEqual([answer.status, answer.location], [303, PAGE])
    assert.match((await laptop.follow(answer)).text, /That device is signed out\./)
    assert.equal((await phone.get(PAGE)).status, 303)
    assert.deepEqual([(await laptop.get(PAGE)).status, (await tablet.get(PAGE)).status], [200, 200])
    const again = await laptop.post(String(card?.end))
    assert.deepEqual([again.status, again.location], [303, PAGE])
  },
)

onBothStores(
  '[PROOF-9] a device signed in by a link has its own card with its own password, and can be signed out alone',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const [laptop, phone] = [demo.visitor(), demo.visitor()]
    await logInFrom(laptop, FIREFOX, 1)
    const link = await demo.parts.sessions?.createOTP(sessionIdOf(laptop))
    await phone.get(`${PAGE}?$4DSID=${link}`, { 'User-Agent': IPHONE })
    const mine = await devicesOf(phone, IPHONE)
    assert.deepEqual(
      mine.map(({ what, isThis }) => [what, isThis]),
      [
        ['Safari on an iPhone', true],
        ['Firefox on Windows', false],
      ],
    )
    const [own, other] = await devicesOf(laptop, FIREFOX)
    assert.equal(own?.facts['Password entered'], own?.facts['Signed in'])
    assert.equal(mine[0]?.facts['Password entered'], undefined)
    assert.equal(other?.facts['Came by'], 'One-time link, no password')
    assert.equal((await laptop.post(String(other?.end))).status, 303)
    assert.equal((await phone.get(PAGE)).status, 303)
    assert.equal((await laptop.get(PAGE)).status, 200)
  },
)

onBothStores(
  'signing out all other devices gives this device a new cookie, and pressing the button twice is harmless',
  async (t, s) => {
    const demo = await startDemo(t, s)
    const [laptop, phone, linked] = [demo.visitor(), demo.visitor(), demo.visitor()]
    await logInFrom(laptop, FIREFOX, 1)
    await logInFrom(phone, IPHONE, 1)
    await linked.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(laptop))}`)
    const openLink = await demo.parts.sessions?.createOTP(sessionIdOf(laptop))
    const token = tokenOn(await makeToken(laptop))
    const [before, id] = [laptop.copy(), sessionIdOf(laptop)]

    const presses = await Promise.all([laptop.post(`${PAGE}/end-others`), before.post(`${PAGE}/end-others`)])
    assert.deepEqual(
      presses.map(({ status }) => status),
      [303, 303],
    )
    const fresh = presses.flatMap(({ setCookies }) => setCookies)
    assert.equal(fresh.length, 1, 'one response sets the new cookie, and the other response changes no cookie')
    const [name = '', value = ''] = String(fresh[0]?.split(';')[0]).split('=')
    laptop.cookies.set(name, value)
    for (const press of presses) assert.equal(headingOf(await laptop.follow(press)), 'Your devices')
    assert.equal((await laptop.post(`${PAGE}/end-others`)).location, PAGE)

    assert.equal(sessionIdOf(laptop), id)
    assert.equal((await laptop.get(PAGE)).status, 200)
    for (const other of [phone, linked]) assert.equal((await other.get(PAGE)).status, 303)
    assert.equal((await callWith(demo, token)).status, 401)
    assert.equal((await demo.visitor().get(`${PAGE}?$4DSID=${openLink}`)).status, 303)
    assert.equal((await devicesOf(laptop)).length, 1)
  },
)

test('of two concurrent clicks, one gets the new cookie, and the other is redirected to the page', async (t) => {
  let waiting: (() => void)[] = []
  const store = memoryStore()
  const rotate: typeof store.rotate = async (call) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
      if (waiting.length >= 2) for (const go of waiting) go()
    })
    return store.rotate(call)
  }
  const demo = await startDemo(t, {}, { store: { ...store, rotate } })
  const laptop = demo.visitor()
  await logInFrom(laptop, FIREFOX, 1)
  waiting = []
  const presses = await Promise.all([laptop, laptop.copy()].map((each) => each.post(`${PAGE}/end-others`)))
  assert.ok(waiting.length >= 2, 'both were under way')
  assert.deepEqual(
    presses.map(({ status, location }) => [status, location]),
    [
      [303, PAGE],
      [303, PAGE],
    ],
  )
  assert.equal(presses.flatMap(({ setCookies }) => setCookies).length, 1)
})

onBothStores(
  'logging out everywhere ends all sessions and tokens of this user, and no session of another user',
  async (t, settings) => {
    const demo = await startDemo(t, settings)
    const [laptop, phone, jonas] = [demo.visitor(), demo.visitor(), demo.visitor()]
    await laptop.logInWell(1)
    await phone.logInWell(1)
    await jonas.logInWell(2)
    const token = tokenOn(await makeToken(phone))
    const answer = await laptop.post(`${PAGE}/end-all`)
    assert.deepEqual([answer.status, answer.location], [303, '/'])
    for (const gone of [laptop, phone]) assert.equal((await gone.get(PAGE)).status, 303)
    assert.equal((await callWith(demo, token)).status, 401)
    assert.equal((await jonas.get(PAGE)).status, 200)
    assert.equal((await laptop.post(`${PAGE}/end-all`)).location, PAGE, 'twice is harmless')
  },
)

test('devices of other users, unknown devices and invalid ids get the same response, and nothing changes', async (t) => {
  const demo = await startDemo(t)
  const [ada, jonas] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const [session] = (await demo.parts.sessions?.list({ userId: '1' }))?.sessions ?? []
  const handle = String(session?.devices[0]?.handle)
  const id = String(session?.id)
  const own = sessionIdOf(jonas)
  const paths = [
    [id, handle],
    [own, handle],
    ['0'.repeat(32), '0'.repeat(16)],
    ['x', 'y'],
    ['%00', '%00'],
    ['__proto__', 'constructor'],
    [id.toLowerCase(), handle],
  ].map((parts) => `${PAGE}/${parts.join('/')}/end`)
  const answers = await Promise.all(paths.map((path) => jonas.post(path)))
  for (const { status, text } of answers) assert.deepEqual([status, text], [303, answers[0]?.text])
  assert.equal((await ada.get(PAGE)).status, 200)
  assert.equal((await jonas.get(PAGE)).status, 200)
})

test('signing out this device is a logout', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const handle = (await demo.parts.sessions?.get(id))?.devices[0]?.handle
  assert.equal((await ada.post(`${PAGE}/${id}/${handle}/end`)).location, '/')
  assert.equal((await ada.get(PAGE)).status, 303)
})

test('every user can open the devices page from the header, and guests are asked to log in', async (t) => {
  const demo = await startDemo(t)
  assert.equal((await demo.visitor().get(PAGE)).location, `/authenticate.shtml?next=${encodeURIComponent(PAGE)}`)
  for (const path of ['end-others', 'end-all', 'x/y/end'])
    assert.equal((await demo.visitor().post(`${PAGE}/${path}`)).location, PAGE)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  await ana.get(await newestLink(demo, 'ana@example.com'))
  const people: [Visitor, number | string, string][] = [
    [demo.visitor(), 1, 'crm-demo'],
    [demo.visitor(), 5, 'crm-demo'],
    [demo.visitor(), 6, 'crm-demo'],
    [ana, 'ana@example.com', GOOD_PASSWORD],
  ]
  for (const [visitor, userId, password] of people) {
    await visitor.logInWell(userId, password)
    const page = await visitor.get('/')
    assert.match(page.text, /<a class="own" href="\/account\/sessions">Your account<\/a>/)
    assert.equal(headingOf(await visitor.get(PAGE)), 'Your devices')
  }
})

test('the page lists 100 of ten thousand sessions of one user, counts the others, and can end all except the current session at once', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const { sessions } = demo.parts
  demo.clock.advance({ minutes: 1 })
  for (let made = 0; made < 10_000; made++)
    await sessions?.newToken('1', { name: `Token ${made}`, roles: ['salesperson'], absoluteSeconds: 3600 })
  const cards = await devicesOf(ada)
  assert.deepEqual([cards.length, cards[0]?.isThis], [100, true])
  const { text } = await ada.get(PAGE)
  assert.match(text, /And 9,901 more\./)
  assert.equal((await ada.post(`${PAGE}/end-others`)).status, 303)
  assert.equal((await devicesOf(ada)).length, 1)
})

test('[TAB-4] a sign-out of all other devices that is sent twice at once leaves this device signed in', async (t) => {
  const steps = new EventTarget()
  const step = (name: string) => once(steps, name)
  let reads = 0
  const demo = await startDemo(
    t,
    {},
    {
      sessions: (real) => ({
        ...real,
        async get(id) {
          reads += 1
          if (reads === 1) await Promise.race([step('second read'), step('answer')])
          else {
            const answer = step('answer')
            steps.dispatchEvent(new Event('second read'))
            await answer
          }
          return real.get(id)
        },
      }),
    },
  )
  const ada = demo.visitor()
  await ada.logInWell(1)
  const tabs = [ada.copy(), ada.copy()]
  const send = async (tab: Visitor) => {
    const answer = await tab.post(`${PAGE}/end-others`)
    steps.dispatchEvent(new Event('answer'))
    return answer
  }
  for (const { status } of await Promise.all(tabs.map(send))) assert.equal(status, 303)
  const newest = tabs.filter((tab) => tab.sessionCookie !== ada.sessionCookie)
  assert.equal(newest.length, 1)
  reads = 2
  assert.equal((await demo.parts.sessions?.list({ userId: '1' }))?.sessions.length, 1)
  assert.equal((await newest[0]?.get('/customers'))?.status, 200)
})

async function signInOverApi(demo: Demo): Promise<void> {
  const body = JSON.stringify({ username: 1, password: 'crm-demo' })
  const answer = await fetch(`${demo.url}/api/signin`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  assert.equal(answer.status, 200)
}
