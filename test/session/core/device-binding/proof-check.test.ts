import assert from 'node:assert/strict'
import test from 'node:test'
import type { DeviceBindingOptions } from '../../../../src/session/core/device-binding/binding-options.ts'
import { readSession } from '../../../../src/session/fetch/index.ts'
import type { SessionEvents } from '../../../../src/session/index.ts'
import { requireUser } from '../../../../src/session/koa/index.ts'
import type { Scope } from '../../../support/process.ts'
import { BoundBrowser, cookiesIn } from '../../support/bound-browser.ts'
import { codeOf, type Handler, PAGES, startLayer } from '../../support/layer.ts'

const BOUND_COOKIE = '__Host-4DSID_TEST-bound'
const FETCH = { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'empty' }
const LINK = { 'Sec-Fetch-Site': 'cross-site' }

const gate = requireUser({ loginPath: '/sign-in' })

const pages: Record<string, Handler> = {
  ...PAGES,
  '/own': async (session, ctx) => {
    let isIn = false
    await gate(ctx, async () => {
      isIn = true
    })
    return isIn ? session.userName : null
  },
  '/binding': ({ binding = null }) => binding,
  '/failed': ({ bindingFailed }) => bindingFailed,
  '/message': (session) => session.takeMessage(),
  '/secure': async (session) => (await session.secureSession()).userName,
  '/secure-login': async (session) => {
    const secured = await session.secureSession()
    await secured.setPrivileges({ userName: 'Ben Roy', userId: '5' }, { login: true })
  },
  '/errors': async (session) => [
    await codeOf(session.use(() => {})),
    await codeOf(session.begin()),
    await codeOf(session.close()),
  ],
}

async function startBound(scope: Scope, deviceBinding: DeviceBindingOptions = {}) {
  const layer = await startLayer(scope, pages, { deviceBinding })
  const failures: SessionEvents['bindingFailed'][] = []
  layer.manager.on('bindingFailed', (event) => failures.push(event))
  return { ...layer, failures }
}

/** A thief's client, with the session cookie only. */
function thiefOf({ visitor }: BoundBrowser) {
  const thief = visitor.copy()
  thief.cookies.delete(BOUND_COOKIE)
  return thief
}

test('[BIND-2] a refresh gives the next bound cookie, and the previous one stays valid until its own end', async (t) => {
  const { visitor, clock, store } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const old = browser.visitor.copy()
  clock.advance({ minutes: 9 })
  const before = await store.list({ app: 'TEST', filter: {}, page: {}, now: clock.now() })
  const answer = await browser.refresh()
  assert.deepEqual([answer.status, cookiesIn(answer)], [200, [BOUND_COOKIE]])
  assert.deepEqual(await store.list({ app: 'TEST', filter: {}, page: {}, now: clock.now() }), before)
  assert.notEqual(browser.visitor.cookies.get(BOUND_COOKIE), old.cookies.get(BOUND_COOKIE))
  assert.equal((await old.read('/read')).userName, 'Ana Lima')
  clock.advance({ minutes: 1, seconds: 29 })
  assert.equal((await old.read('/read')).userName, 'Ana Lima')
  clock.advance({ seconds: 1 })
  assert.equal((await old.read('/read')).userName, '')
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
})

test('[BIND-2] a refresh with a stale proof, or without any, gets a new challenge; a fresh proof counts until its challenge ends', async (t) => {
  const { visitor, clock } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const first = browser.key.proof(browser.challenge)
  assert.equal((await browser.refresh(first)).status, 200)
  assert.equal((await browser.refresh(first)).status, 200, 'a repeated proof')
  clock.advance({ minutes: 20 })
  for (const proof of [
    first,
    '',
    'a.b.c',
    browser.key.registration('other'),
    new BoundBrowser(visitor()).key.proof(browser.challenge),
  ]) {
    const asked = await browser.refresh(proof)
    assert.deepEqual([asked.status, cookiesIn(asked)], [403, []])
    assert.match(String(asked.headers['secure-session-challenge']), new RegExp(`;id="${browser.handle}"$`))
  }
  const otherAlgorithm = browser.key.token({ alg: 'RS256', typ: 'dbsc+jwt' }, { jti: browser.challenge })
  assert.equal((await browser.refresh(otherAlgorithm)).status, 403)
  assert.equal((await browser.refresh()).status, 200)
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
})

test('[BIND-6] a wrong handle, a cookie of another user and a bound cookie of another browser prove nothing', async (t) => {
  const { visitor, clock } = await startBound(t)
  const [one, other] = [
    await new BoundBrowser(visitor()).begin(),
    await new BoundBrowser(visitor()).begin('/login?id=5'),
  ]
  for (const { visitor: own } of [one, other]) assert.notEqual((await own.read('/read')).userName, '')
  for (const headers of [
    { 'Sec-Secure-Session-Id': other.handle },
    { Cookie: other.visitor.sessionCookie },
    { Cookie: undefined },
  ]) {
    const answer = await one.refresh(undefined, headers)
    assert.deepEqual([answer.status, JSON.parse(answer.text).continue, cookiesIn(answer)], [200, false, []])
  }
  for (const id of [undefined, '', 'x', `"${one.handle}`, [one.handle, one.handle]])
    assert.equal((await one.refresh(undefined, { 'Sec-Secure-Session-Id': id })).status, 403)
  clock.advance({ minutes: 1 })
  const thief = thiefOf(one)
  for (const value of [
    other.visitor.cookies.get(BOUND_COOKIE) ?? '',
    one.challenge,
    one.offered,
    '',
    'x',
    `${one.challenge}x`,
  ]) {
    thief.cookies.set(BOUND_COOKIE, value)
    assert.equal((await thief.read('/read')).userName, '', value)
  }
})

test('[BIND-3] a request without a live bound cookie is a guest’s: nothing is stored, and no cookie changes', async (t) => {
  const { visitor, clock, failures, manager } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const { id } = await browser.visitor.read('/read')
  clock.advance({ minutes: 1 })
  const thief = thiefOf(browser)
  const page = await thief.get('/own')
  assert.deepEqual([page.status, page.location, cookiesIn(page)], [303, '/sign-in?next=%2Fown', []])
  assert.equal((await thief.get('/own', FETCH)).status, 401)
  assert.equal((await thief.get('/own', { ...FETCH, 'Sec-Fetch-Site': 'none' })).status, 401)
  assert.deepEqual(await thief.read('/errors'), ['DEVICE_NOT_PROVED', 'DEVICE_NOT_PROVED', 'done'])
  const secured = await thief.get('/secure')
  assert.deepEqual([secured.status, secured.text, cookiesIn(secured)], [200, '""', []])
  assert.deepEqual([await thief.read('/failed'), await thief.read('/failed', FETCH)], ['page', 'fetch'])
  assert.equal(await browser.visitor.read('/failed'), false)
  assert.deepEqual((await browser.visitor.read('/read')).id, id)
  assert.equal(await manager.count(), 1)
  assert.deepEqual(
    failures.map(({ handle, failures: count, ended, userId }) => ({ handle, count, ended, userId })),
    [{ handle: browser.handle, count: 1, ended: false, userId: '4' }],
  )
  assert.deepEqual(failures[0]?.cause?.address, '127.0.0.1')
  const told = await browser.visitor.read('/binding')
  assert.deepEqual([told.failures, new Date(told.lastFailure)], [1, new Date(clock.now())])
})

test('[BIND-16] a bound cookie that the browser keeps after its end is cleared, so that the browser proves its key', async (t) => {
  const { visitor, clock, failures } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const late = browser.visitor.copy()
  clock.advance({ minutes: 11 })
  assert.deepEqual(cookiesIn(await late.get('/own')), [BOUND_COOKIE])
  assert.equal(late.cookies.has(BOUND_COOKIE), false)
  assert.deepEqual(cookiesIn(await late.get('/own')), [])
  assert.equal(failures.length, 1)
  const reload = await browser.visitor.get('/own', LINK)
  assert.match(reload.text, /refresh/)
  assert.deepEqual(cookiesIn(reload), [BOUND_COOKIE])
  await browser.refresh()
  assert.deepEqual(cookiesIn(await browser.visitor.get('/own')), [])
  assert.equal(await browser.visitor.read('/own'), 'Ana Lima')
})

test('[BIND-3] a user whose browser proves nothing may log in again, and gets a cookie of their own', async (t) => {
  const { visitor, clock } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  clock.advance({ minutes: 1 })
  const again = new BoundBrowser(thiefOf(browser))
  await again.begin()
  assert.equal(await again.visitor.read('/own'), 'Ana Lima')
  const other = thiefOf(browser)
  assert.equal((await other.get('/secure-login')).status, 200)
  assert.equal(await other.read('/own'), 'Ben Roy')
  assert.equal(await browser.visitor.read('/own'), 'Ana Lima')
})

test('[BIND-4] the tenth failure within an hour ends the cookie with a message; failures within ten seconds count as one', async (t) => {
  const { visitor, clock, failures, manager } = await startBound(t, { message: 'Log in again.', minutes: 60 })
  const browser = await new BoundBrowser(visitor()).begin()
  const { id } = await browser.visitor.read('/read')
  const thief = thiefOf(browser)
  clock.advance({ minutes: 5 })
  for (let nth = 1; nth <= 9; nth++) {
    clock.advance({ seconds: 10 })
    await Promise.all(Array.from({ length: 5 }, () => thief.read('/read')))
    assert.equal(failures.length, nth)
  }
  clock.advance({ minutes: 30 })
  await browser.refresh()
  await browser.visitor.read('/read')
  clock.advance({ minutes: 29 })
  await thief.read('/read')
  assert.deepEqual(failures.at(-1)?.failures, 1, 'a new hour')
  for (let nth = 2; nth <= 9; nth++) {
    clock.advance({ seconds: 10 })
    await thief.read('/read')
  }
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
  clock.advance({ seconds: 10 })
  await thief.read('/read')
  assert.deepEqual([failures.at(-1)?.failures, failures.at(-1)?.ended], [10, true])
  assert.equal(await manager.get(id), undefined)
  assert.equal((await browser.visitor.read('/read')).userName, '')
  assert.equal(await browser.visitor.read('/message'), 'Log in again.')
  assert.equal(JSON.parse((await browser.refresh()).text).continue, false)
})

test('[BIND-17] requests for which the browser skipped the proof count, but end no cookie', async (t) => {
  const { visitor, clock, failures } = await startBound(t, { minutes: 60 })
  const browser = await new BoundBrowser(visitor()).begin()
  const offline = thiefOf(browser)
  for (let nth = 1; nth <= 12; nth++) {
    clock.advance({ minutes: 3 })
    const page = await offline.get('/own', {
      'Secure-Session-Skipped': `unreachable;session_identifier="${browser.handle}"`,
    })
    assert.equal(page.status, 303)
  }
  assert.deepEqual([failures.length, failures.at(-1)?.failures, failures.at(-1)?.ended], [12, 12, false])
  assert.equal(await browser.visitor.read('/own'), 'Ana Lima')
  clock.advance({ seconds: 10 })
  await offline.get('/own')
  assert.equal(failures.at(-1)?.ended, true)
  assert.equal(await browser.visitor.read('/own'), null)
})

test('[BIND-4] with strict, the first failure ends the cookie, but no other device of the session', async (t) => {
  const { visitor, clock, failures, manager } = await startBound(t, { strict: true })
  const laptop = await new BoundBrowser(visitor()).begin()
  const { id } = await laptop.visitor.read('/read')
  const phone = new BoundBrowser(visitor())
  await phone.logIn(`/read?$4DSID=${await manager.createOTP(id)}`)
  await phone.register()
  clock.advance({ minutes: 1 })
  const thief = thiefOf(laptop)
  assert.equal((await thief.get('/read', { 'Secure-Session-Skipped': `unreachable ${'x'.repeat(200)}` })).status, 200)
  assert.deepEqual([failures.length, failures[0]?.ended, failures[0]?.skipped?.length], [1, true, 100])
  assert.equal((await laptop.visitor.read('/read')).userName, '')
  assert.equal((await phone.visitor.read('/read')).userName, 'Ana Lima')
})

test('[BIND-5] requests that another origin causes never count as failures, and a page reloads itself once', async (t) => {
  const { visitor, clock, failures } = await startBound(t, { strict: true })
  const browser = await new BoundBrowser(visitor()).begin()
  const expired = thiefOf(browser)
  clock.advance({ minutes: 1 })
  const ask = (path: string, headers: Record<string, string>) => expired.get(path, { ...LINK, ...headers })
  const reload = await ask('/own', {})
  assert.equal(reload.status, 200)
  assert.match(reload.text, /http-equiv="refresh" content="0"/)
  assert.deepEqual([cookiesIn(reload), reload.headers['cache-control']], [[], 'private, no-store'])
  assert.equal((await ask('/own', {})).status, 303)
  assert.match((await ask('/binding', {})).text, /refresh/)
  assert.match((await ask('/failed', { 'Sec-Fetch-Site': 'same-site' })).text, /refresh/)
  clock.advance({ seconds: 10 })
  assert.match((await ask('/own', {})).text, /refresh/)
  for (const headers of [{ 'Sec-Fetch-Mode': 'cors' }, { 'Sec-Fetch-Mode': 'no-cors' }])
    assert.doesNotMatch((await ask('/read', headers)).text, /refresh|Ana/)
  assert.doesNotMatch((await expired.send('/read', { method: 'POST', headers: LINK })).text, /refresh|Ana/)
  assert.equal(failures.length, 0)
  await browser.refresh()
  assert.equal(await browser.visitor.read('/own', LINK), 'Ana Lima')
})

test('[BIND-5] readSession tells a page of Next.js that it must reload itself', async (t) => {
  const { visitor, clock, manager } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  clock.advance({ minutes: 11 })
  const cookie = [...browser.visitor.cookies].map((pair) => pair.join('=')).join('; ')
  const navigation = { cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const read = (headers: Record<string, string>) => readSession(manager, new Headers({ ...navigation, ...headers }))
  const session = await read({ 'sec-fetch-site': 'cross-site' })
  assert.deepEqual([session.mustReload, session.userName], [true, ''])
  assert.equal((await read({ 'sec-fetch-site': 'same-origin' })).mustReload, false)
})

test('[BIND-5] a one-time link on another site is redeemed by the reload, and not before', async (t) => {
  const { visitor, clock, manager } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const other = await new BoundBrowser(visitor()).begin('/login?user=Ben&id=5')
  const { id } = await other.visitor.read('/read')
  clock.advance({ minutes: 11 })
  const path = `/read?$4DSID=${await manager.createOTP(id)}`
  const reloading = await browser.visitor.get(path, LINK)
  assert.match(reloading.text, /refresh/)
  assert.deepEqual(cookiesIn(reloading), [BOUND_COOKIE])
  await browser.refresh()
  assert.equal((await browser.visitor.read(path)).userName, 'Ben')
})

test('[BIND-12] requests that were sent before the browser received its bound cookie are answered', async (t) => {
  const { visitor, clock } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const sentEarlier = thiefOf(browser)
  clock.advance({ seconds: 29 })
  assert.equal((await sentEarlier.read('/read')).userName, 'Ana Lima')
  clock.advance({ seconds: 1 })
  assert.equal((await sentEarlier.read('/read')).userName, '')
})

test('[BIND-8] a log out by a request without a proof changes nothing, and a log out with one ends the binding', async (t) => {
  const { visitor, clock } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  clock.advance({ minutes: 1 })
  const ignored = await thiefOf(browser).get('/logout')
  assert.deepEqual(cookiesIn(ignored), [])
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
  const copy = browser.visitor.copy()
  assert.deepEqual(cookiesIn(await browser.visitor.get('/logout')), ['__Host-4DSID_TEST', BOUND_COOKIE])
  assert.equal((await copy.read('/read')).userName, '')
})

test('[BIND-6] a bound cookie that another user’s requests have used proves nothing for a copied session cookie', async (t) => {
  const { visitor, clock } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  const { visitor: other } = await new BoundBrowser(visitor()).begin('/login?user=Ben&id=5')
  clock.advance({ minutes: 1 })
  assert.equal((await other.read('/read')).userName, 'Ben')
  const thief = thiefOf(browser)
  thief.cookies.set(BOUND_COOKIE, String(other.cookies.get(BOUND_COOKIE)))
  assert.equal((await thief.read('/read')).userName, '')
})
