import assert from 'node:assert/strict'
import test from 'node:test'
import type { DeviceBindingOptions } from '../../../../src/session/core/device-binding/binding-options.ts'
import { createSessions } from '../../../../src/session/index.ts'
import { memoryStore } from '../../../../src/session/stores/memory/index.ts'
import { deviceKey } from '../../../../src/session/testing/device-key.ts'
import type { Scope } from '../../../support/process.ts'
import type { Answer } from '../../../support/visitor.ts'
import { BoundBrowser, cookiesIn } from '../../support/bound-browser.ts'
import { type Handler, PAGES, startLayer } from '../../support/layer.ts'

const COOKIE = '__Host-4DSID_TEST'
const REFUSED = [403, []]
const ODD = { modulusLength: 2048, publicExponent: 3 }

const pages: Record<string, Handler> = {
  ...PAGES,
  '/remember': async (session) => {
    await session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true, remember: { days: 30 } })
  },
  '/renew': (session) => session.renew(),
  '/secure': async (session) => void (await session.secureSession()),
  '/write-and-login': async (session) => {
    await session.use((storage) => {
      storage.key = '1'
    })
    await session.setPrivileges({ userName: 'Ana', userId: '4' }, { login: true })
  },
  '/raise': (session) => session.setPrivileges({ privileges: 'audit' }),
  '/link': (session) => session.createOTP(),
  '/binding': ({ binding = null }) => binding,
}

const startBound = (scope: Scope, deviceBinding: DeviceBindingOptions = {}) =>
  startLayer(scope, pages, { deviceBinding })

test('[BIND-1] [BIND-13] the answer to a registration sets the bound cookie, and tells the browser what to renew and how', async (t) => {
  const { visitor, manager } = await startBound(t, { minutes: 5, exclude: ['/assets/'] })
  const browser = new BoundBrowser(visitor())
  const events: object[] = []
  manager.on('bound', (event) => events.push(event))
  await browser.logIn()
  const answer = await browser.register()
  assert.equal(answer.headers['content-type'], 'application/json')
  const attributes = 'Path=/; HttpOnly; SameSite=Lax; Secure'
  assert.match(answer.setCookies.join(), new RegExp(`^${COOKIE}-bound=[\\w.-]+; ${attributes}; Max-Age=300$`))
  const { id } = await browser.visitor.read('/read')
  const [device] = (await manager.get(id))?.devices ?? []
  assert.deepEqual(JSON.parse(answer.text), {
    session_identifier: device?.handle,
    refresh_url: '/session/refresh',
    scope: { include_site: false, scope_specification: [{ type: 'exclude', path: '/assets/' }] },
    credentials: [{ type: 'cookie', name: `${COOKIE}-bound`, attributes }],
  })
  assert.match(String(answer.headers['secure-session-challenge']), new RegExp(`^"[\\w.-]+";id="${device?.handle}"$`))
  assert.deepEqual([device?.bound, device?.boundSince], [true, new Date(await now(browser))])
  assert.deepEqual(
    events.map((event) => ({ ...event, cause: undefined })),
    [{ type: 'bound', id, kind: 'web', userName: 'Ana Lima', userId: '4', handle: device?.handle, cause: undefined }],
  )
})

test('[BIND-7] every new cookie of a user offers a registration, and the binding of the old cookie dies with it', async (t) => {
  const { visitor, manager } = await startBound(t)
  for (const path of ['/login', '/remember', '/renew', '/secure', '/raise?']) {
    const browser = await new BoundBrowser(visitor()).begin()
    const [old, oldChallenge] = [browser.handle, browser.challenge]
    await browser.logIn(path)
    assert.notEqual(browser.offered, '', path)
    assert.equal(await browser.visitor.read('/binding'), null, path)
    const late = await browser.refresh(browser.key.proof(oldChallenge))
    assert.deepEqual(JSON.parse(late.text), { session_identifier: old, continue: false }, path)
    assert.equal((await browser.register()).status, 200, path)
    assert.notEqual(browser.handle, old)
    const { id } = await browser.visitor.read('/read')
    assert.equal((await manager.get(id))?.devices.filter(({ bound }) => bound).length, 1, path)
  }
  const guest = await new BoundBrowser(visitor()).begin('/write-and-login')
  assert.equal((await guest.visitor.read('/read')).userName, 'Ana')
  const laptop = await new BoundBrowser(visitor()).begin()
  const phone = new BoundBrowser(visitor())
  await phone.logIn(`/read?$4DSID=${await laptop.visitor.read('/link')}`)
  assert.equal((await phone.register()).status, 200)
})

test('[BIND-10] a guest, and an application without the option, get no offer; a cookie without a key stays an ordinary cookie', async (t) => {
  const { visitor, clock } = await startBound(t)
  const guest = await visitor().get('/write')
  assert.deepEqual([cookiesIn(guest), guest.headers['secure-session-registration']], [[COOKIE], undefined])
  const browser = new BoundBrowser(visitor())
  await browser.logIn()
  clock.advance({ minutes: 50 })
  assert.equal((await browser.visitor.read('/write')).userName, 'Ana Lima')
  const plain = await (await startLayer(t, pages)).visitor().get('/login')
  assert.equal(plain.headers['secure-session-registration'], undefined)
})

test('[BIND-6] a malformed or forged proof registers no key', async (t) => {
  const { visitor, clock, manager } = await startBound(t)
  const browser = new BoundBrowser(visitor())
  const other = new BoundBrowser(visitor())
  await browser.logIn()
  await other.logIn()
  const { key, offered } = browser
  const { jwk, algorithm: alg } = key
  const head = { alg, jwk, typ: 'dbsc+jwt' }
  const payload = { jti: offered }
  const good = key.registration(offered)
  const [first = '', second = '', third = ''] = good.split('.')
  const proofs: Record<string, string | string[] | undefined> = {
    absent: undefined,
    empty: '',
    'two headers': [good, good],
    'two proofs in one header': `${good}, ${good}`,
    'half a quotation': `"${good}`,
    huge: key.token({ ...head, more: 'x'.repeat(5000) }, payload),
    'not base64url': `${first}=.${second}.${third}`,
    'standard base64': good.replaceAll('_', '/').replaceAll('-', '+').replace(/^/, '+'),
    'two parts': `${first}.${second}`,
    'no JSON': `${Buffer.from('{').toString('base64url')}.${second}.${third}`,
    'a list as head': `${Buffer.from('[1]').toString('base64url')}.${second}.${third}`,
    'no signature': `${first}.${second}.`,
    'alg none': `${encoded({ ...head, alg: 'none' })}.${second}.`,
    'alg none, signed': key.token({ ...head, alg: 'none' }, payload),
    HS256: key.token({ ...head, alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, payload),
    'RS256 with an EC key': key.token({ ...head, alg: 'RS256' }, payload),
    'ES256 with an RSA key': key.token({ ...head, jwk: deviceKey('RS256').jwk }, payload),
    'another type': key.token({ ...head, typ: 'JWT' }, payload),
    'no type': key.token({ alg, jwk }, payload),
    'a critical extension': key.token({ ...head, crit: ['b64'] }, payload),
    'no key': key.token({ alg, typ: 'dbsc+jwt' }, payload),
    'another key': key.token({ ...head, jwk: deviceKey().jwk }, payload),
    'another curve': key.token({ ...head, jwk: { ...jwk, crv: 'P-384' } }, payload),
    'a point outside the curve': key.token({ ...head, jwk: { ...jwk, y: jwk.x } }, payload),
    'an object as coordinate': key.token({ ...head, jwk: { ...jwk, x: { toString: 1 } } }, payload),
    'a list as coordinate': key.token({ ...head, jwk: { ...jwk, x: [jwk.x] } }, payload),
    'an object as modulus': key.token({ ...head, alg: 'RS256', jwk: { kty: 'RSA', n: { toString: 1 } } }, payload),
    'a short RSA key': deviceKey('RS256', { modulusLength: 1024 }).registration(offered),
    'an odd RSA exponent': deviceKey('RS256', ODD).registration(offered),
    'another challenge': key.registration('other'),
    'a challenge as a list': key.token(head, { jti: [offered] }),
    'the challenge of another cookie': key.registration(other.offered),
    'a changed payload': `${first}.${encoded({ jti: offered, more: 1 })}.${third}`,
    'a signature in DER': `${first}.${second}.${third}AAAA`,
  }
  for (const [name, proof] of Object.entries(proofs)) {
    const answer = await browser.ask('/session/bind', { 'Secure-Session-Response': proof })
    assert.deepEqual(briefly(answer), REFUSED, name)
    assert.equal(answer.headers['secure-session-challenge'], undefined, name)
  }
  clock.advance({ minutes: 10 })
  assert.deepEqual(briefly(await browser.register()), REFUSED, 'an expired challenge')
  assert.equal((await manager.list()).sessions.flatMap(({ devices }) => devices).filter(({ bound }) => bound).length, 0)
})

test('[BIND-1] a header with quotes counts as well, and a proof with further claims', async (t) => {
  const { visitor } = await startBound(t)
  const browser = new BoundBrowser(visitor())
  await browser.logIn()
  const { jwk, algorithm: alg } = browser.key
  const claims = { jti: browser.offered, aud: 'https://shop.example/session/bind', iat: 1 }
  const proof = browser.key.token({ alg, jwk, typ: 'dbsc+jwt' }, claims)
  assert.equal((await browser.register(`"${proof}"`)).status, 200)
  const quoted = { 'Sec-Secure-Session-Id': `"${browser.handle}"` }
  assert.equal((await browser.refresh(`"${browser.key.proof(browser.challenge)}"`, quoted)).status, 200)
})

test('[BIND-6] only a POST of the same origin registers and proves a key, also without Sec-Fetch-Site', async (t) => {
  const { visitor, url } = await startBound(t)
  const browser = new BoundBrowser(visitor())
  await browser.logIn()
  const noSite = { 'Sec-Fetch-Site': undefined }
  for (const headers of [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none' },
    { ...noSite, Origin: undefined },
    { ...noSite, Origin: 'null' },
    { ...noSite, Origin: 'https://other.example' },
  ]) {
    assert.deepEqual(briefly(await browser.register(undefined, headers)), REFUSED, JSON.stringify(headers))
    assert.deepEqual(briefly(await browser.refresh(undefined, headers)), REFUSED, JSON.stringify(headers))
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
    const { status, headers } = await browser.visitor.send('/session/refresh', { method })
    assert.deepEqual([status, headers.allow, headers['cache-control']], [405, 'POST', 'no-store'], method)
  }
  assert.equal((await browser.register(undefined, { ...noSite, Origin: url })).status, 200)
})

test('[BIND-6] a second key for one cookie is refused, but the browser may repeat its registration', async (t) => {
  const { visitor, manager } = await startBound(t)
  const browser = await new BoundBrowser(visitor()).begin()
  let events = 0
  manager.on('bound', () => events++)
  const thief = new BoundBrowser(browser.visitor.copy())
  assert.deepEqual(briefly(await thief.register(thief.key.registration(browser.offered))), REFUSED)
  const repeated = await browser.register()
  assert.deepEqual(briefly(repeated), [200, [`${COOKIE}-bound`]])
  assert.equal(events, 0)
})

test('[BIND-14] a registration before the page that follows a login counts as the first use of its cookie, and keeps the origin', async (t) => {
  const { visitor } = await startBound(t)
  const start = visitor()
  await start.get('/write')
  const browser = new BoundBrowser(start)
  await browser.logIn()
  assert.equal((await browser.register()).status, 200)
  const again = new BoundBrowser(browser.visitor.copy())
  await again.logIn()
  await browser.logIn() // with the cookie that the other login has replaced
  assert.equal((await again.visitor.read('/read')).userName, 'Ana Lima')
  assert.equal((await browser.visitor.read('/read')).userName, '')
})

test('[BIND-14] of two logins at once, none ends by the registration of the other, and the one with a page is bound', async (t) => {
  const { visitor, manager } = await startBound(t)
  const start = visitor()
  await start.get('/write')
  const [first, second] = [new BoundBrowser(start.copy()), new BoundBrowser(start.copy())]
  await first.logIn()
  await second.logIn()
  assert.equal((await first.register()).status, 403)
  assert.equal(await manager.count({ userId: '4' }), 2)
  assert.equal((await second.visitor.read('/read')).userName, 'Ana Lima')
  assert.equal((await second.register()).status, 200)
  assert.equal(await manager.count({ userId: '4' }), 1)
})

test('[BIND-14] secureSession keeps the origin of a bound login', async (t) => {
  const { visitor } = await startBound(t)
  const guest = visitor()
  await guest.get('/write')
  const late = new BoundBrowser(guest.copy())
  const browser = await new BoundBrowser(guest).begin()
  await browser.logIn('/secure')
  await late.logIn()
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
  assert.equal((await late.visitor.read('/read')).userName, '')
})

test('[BIND-15] an option that browsers cannot follow is a TypeError that says what to do', () => {
  const make = (deviceBinding: object, more: object = {}) =>
    createSessions({ appName: 'TEST', store: memoryStore(), deviceBinding, ...more })
  for (const [options, more, message] of [
    [{ minutes: 4 }, {}, /minutes: a number of minutes from 5/],
    [{ minutes: 61 }, {}, /minutes: a number from 5 to 60, got 61/],
    [{ minute: 5 }, {}, /Did you mean minutes/],
    [{ strict: 'yes' }, {}, /strict: true or false/],
    [{ bindPath: 'bind' }, {}, /bindPath: a path/],
    [{ bindPath: '//evil.test' }, {}, /bindPath: a path/],
    [{ refreshPath: '/a"b' }, {}, /refreshPath: a path/],
    [{ bindPath: '/x', refreshPath: '/x' }, {}, /two different paths/],
    [{ exclude: '/assets/' }, {}, /exclude: a list of paths/],
    [{ exclude: ['assets'] }, {}, /exclude: a path/],
    [{ message: 1 }, {}, /message: a text/],
    [{}, { secureCookie: false }, /browsers bind only Secure cookies/],
    [{}, { domain: 'example.com' }, /Remove domain/],
  ] as const)
    assert.throws(() => make(options, more), { name: 'TypeError', message }, JSON.stringify({ ...options, ...more }))
})

async function now(browser: BoundBrowser): Promise<string> {
  return (await browser.visitor.read('/read')).lastAccessTime
}

function briefly(answer: Answer) {
  return [answer.status, cookiesIn(answer)]
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
