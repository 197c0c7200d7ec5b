import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Browser, type Received } from './adapter/client.ts'
import { challengeIn, type DeviceKey, deviceKey } from './device-key.ts'

export {
  BOUND_PATH,
  CONTRACT_GATES,
  type ContractAnswer,
  type ContractManager,
  type ContractSession,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  contractUpgradeText,
} from './adapter/app.ts'

export interface ContractServer {
  /** Such as `http://127.0.0.1:8080`. */
  url: string
  close(): Promise<void>
}

/**
 * Starts a server with the adapter under test, with the manager of `contractManager(guests)`. The server
 * 1. refuses cross-origin requests by the adapter's `crossOriginGuard`,
 * 2. opens the session of the bearer token for paths below `/api`, and answers with `contractApiAnswer`,
 * 3. serves the endpoints of `deviceBinding`,
 * 4. opens the session of the cookie for other paths, checks the gates of `CONTRACT_GATES` and `BOUND_PATH`, and answers
 *    with `contractAnswer`.
 */
type StartServer = (guests: 'first-request' | 'first-write') => Promise<ContractServer>

const COOKIE = '__Host-4DSID_CONTRACT'
const BOUND_COOKIE = `${COOKIE}-bound`

/** Registers one test for each rule of a framework adapter. The tests play one conversation over HTTP. */
export function proveAdapter(name: string, start: StartServer): void {
  for (const [claim, { guests = 'first-write', check }] of Object.entries(CLAIMS))
    test(`${claim} (${name})`, { timeout: 20_000 }, async () => {
      const server = await start(guests)
      try {
        await check(() => new Browser(server.url))
      } finally {
        await server.close()
      }
    })
}

/**
 * Registers one test for each rule of WebSocket upgrades. The server also serves the pages of `contractAnswer`. For each
 * upgrade with a session, the server sends `contractUpgradeText`, for instance by `ws.send`.
 */
export function proveUpgrade(name: string, start: StartServer): void {
  for (const [claim, check] of Object.entries(UPGRADE_CLAIMS))
    test(`${claim} (${name})`, { timeout: 20_000 }, async () => {
      const server = await start('first-write')
      try {
        await check(() => new Browser(server.url))
      } finally {
        await server.close()
      }
    })
}

interface Claim {
  guests?: 'first-request' | 'first-write'
  check(open: () => Browser): Promise<void>
}

const CLAIMS: Record<string, Claim> = {
  '[ADAPT-1] a login sets its cookie beside the cookie of the handler, and no shared cache may store the response': {
    async check(open) {
      const browser = open()
      const login = await browser.post('/login')
      assert.equal(login.status, 303)
      assert.equal(login.headers.location, '/')
      assert.deepEqual(namesOf(login), [COOKIE, 'flavour'])
      assertPrivate(login)
      assert.equal((await browser.state()).userName, 'Ana Lima')
    },
  },
  '[ADAPT-1] the response waits for a login that the handler does not await': {
    async check(open) {
      const browser = open()
      const login = await browser.post('/login-late')
      assert.equal(login.status, 303)
      assert.deepEqual(namesOf(login), [COOKIE])
      assert.equal((await browser.state()).userName, 'Ana Lima')
    },
  },
  '[ADAPT-1] the cookie of a login is part of the error page when the handler throws afterwards': {
    async check(open) {
      const browser = open()
      const failed = await browser.post('/login-and-throw')
      assert.equal(failed.status, 500)
      assert.deepEqual(namesOf(failed), [COOKIE])
      assertPrivate(failed)
      assert.equal((await browser.state()).userName, 'Ana Lima')
    },
  },
  '[ADAPT-2] a page is private, and it depends on the cookie, also with status 304 and for HEAD': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      for (const { method, path, status } of [
        { method: 'GET', path: '/', status: 200 },
        { method: 'HEAD', path: '/', status: 200 },
        { method: 'GET', path: '/empty', status: 204 },
        { method: 'GET', path: '/unchanged', status: 304 },
        { method: 'GET', path: '/missing', status: 404 },
      ]) {
        const response = await browser.send(path, { method })
        assert.equal(response.status, status, `${method} ${path}`)
        assertPrivate(response)
        assert.deepEqual(namesOf(response), [])
        assert.equal(response.text !== '', method === 'GET' && [200, 404].includes(status), `${method} ${path}`)
      }
    },
  },
  '[ADAPT-2] two live session cookies count as none, and the response sets no cookie': {
    async check(open) {
      const [one, other] = [open(), open()]
      await one.post('/login')
      await other.post('/login-plain')
      const both = { Cookie: `${one.cookieHeader}; ${other.cookieHeader}` }
      const response = await open().get('/state', { headers: both })
      assert.equal(JSON.parse(response.text).userName, '')
      assert.deepEqual(namesOf(response), [])
      assert.equal((await one.state()).userName, 'Ana Lima')
    },
  },
  '[ADAPT-2] a failure of the store is answered with 503, and changes no cookie': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      await browser.post('/outage')
      const failed = await browser.get('/')
      assert.deepEqual([failed.status, namesOf(failed)], [503, []])
      assert.match(String(failed.headers['retry-after']), /^\d+$/)
      assert.equal((await browser.state()).userName, 'Ana Lima')
    },
  },
  '[ADAPT-3] secureSession replaces the session of the request': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      await browser.post('/count')
      const before = await browser.state()
      const secured = await browser.post('/secure')
      const after = await browser.state()
      assert.notEqual(after.id, before.id)
      assert.equal(secured.text, after.id)
      assert.equal(after.count, 1)
    },
  },
  '[ADAPT-4] a stream ends when the session ends': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      const stream = await browser.open('/stream', { headers: { Accept: 'text/event-stream' } })
      const chunks = stream[Symbol.asyncIterator]()
      assert.equal(String((await chunks.next()).value), 'data: open\n\n')
      await browser.post('/logout')
      assert.equal((await chunks.next()).done, true)
      assert.match(String(stream.headers.vary), /cookie/i)
    },
  },
  '[ADAPT-4] nothing watches the session when the client has left, although the handler never finishes': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      const watchers = async () => Number((await browser.get('/watchers')).text)
      const before = await watchers()
      const leaves = new AbortController()
      const left = assert.rejects(browser.open('/never', { signal: leaves.signal }), { name: 'AbortError' })
      await until(async () => (await watchers()) === before + 1)
      leaves.abort()
      await left
      await until(async () => (await watchers()) === before)
    },
  },
  '[ADAPT-3] parallel writes are all stored': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      await Promise.all(Array.from({ length: 20 }, () => browser.post('/count')))
      assert.equal((await browser.state()).count, 20)
    },
  },
  '[ADAPT-3] a log out during a write ends the session for good': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      const cookie = browser.cookieHeader
      const write = browser.post('/count-slowly', { headers: { Cookie: cookie } })
      await new Promise((resolve) => setTimeout(resolve, 100))
      await open().post('/logout', { headers: { Cookie: cookie } })
      const { status, setCookies } = await write
      assert.equal(status, 409)
      assert.deepEqual(setCookies, [])
      const late = await open().get('/state', { headers: { Cookie: cookie } })
      assert.deepEqual([JSON.parse(late.text).userName, namesOf(late)], ['', []])
    },
  },
  '[ADAPT-5] a one-time link joins another browser once; HEAD and prefetch do not redeem it': {
    async check(open) {
      const [laptop, phone] = [open(), open()]
      await laptop.post('/login')
      const path = `/?$4DSID=${(await laptop.get('/link')).text}`
      const head = await phone.send(path, { method: 'HEAD' })
      assert.deepEqual([head.status, namesOf(head)], [200, []])
      const prefetch = await phone.get(path, { headers: { 'Sec-Purpose': 'prefetch' } })
      assert.deepEqual([prefetch.status, namesOf(prefetch)], [503, []])
      const opened = await phone.get(path)
      assert.deepEqual([opened.status, namesOf(opened)], [200, [COOKIE]])
      assert.equal(opened.headers['referrer-policy'], 'strict-origin')
      assert.equal((await phone.state()).userName, 'Ana Lima')
      const late = open()
      await late.get(path)
      assert.equal((await late.state()).userName, '')
      assert.equal((await phone.get('/danger')).headers.location, '/confirm?next=%2Fdanger')
      assert.equal((await laptop.get('/danger')).status, 200)
    },
  },
  "[ADAPT-6] 'first-request': a page begins a guest's session; errors, HEAD, prefetches and embedded requests do not": {
    guests: 'first-request',
    async check(open) {
      for (const { path, ...sent } of [
        { path: '/missing' },
        { path: '/empty' },
        { path: '/', method: 'HEAD' },
        { path: '/', headers: { 'Sec-Purpose': 'prefetch' } },
        { path: '/', headers: { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' } },
      ])
        assert.deepEqual(namesOf(await open().send(path, sent)), [], JSON.stringify({ path, ...sent }))
      const browser = open()
      const page = await browser.get('/')
      assert.deepEqual(namesOf(page), [COOKIE])
      assertPrivate(page)
      const { id } = await browser.state()
      assert.deepEqual([(await browser.state()).id, namesOf(await browser.get('/'))], [id, []])
    },
  },
  "[ADAPT-6] 'first-request': a streamed page begins a guest's session before its head is sent": {
    guests: 'first-request',
    async check(open) {
      const browser = open()
      const page = await browser.get('/streamed')
      assert.deepEqual([page.text, namesOf(page)], ['<p>A page</p>', [COOKIE]])
      assertPrivate(page)
      assert.deepEqual(namesOf(await browser.get('/streamed')), [])
    },
  },
  "[ADAPT-6] 'first-write': a guest's first write begins a session": {
    async check(open) {
      const browser = open()
      assert.deepEqual(namesOf(await browser.get('/')), [])
      assert.deepEqual(namesOf(await browser.post('/count')), [COOKIE])
      assert.deepEqual([(await browser.post('/count')).text, (await browser.state()).count], ['2', 2])
    },
  },
  '[ADAPT-7] [PROOF-5] gates redirect guests to the login page, with the requested URL, and refuse users without the privilege or the proof':
    {
      async check(open) {
        const browser = open()
        const redirected = await browser.get('/own?from=mail')
        assert.deepEqual([redirected.status, redirected.headers.location], [303, '/sign-in?next=%2Fown%3Ffrom%3Dmail'])
        assertPrivate(redirected)
        assert.equal((await browser.get('/reports')).status, 303)
        await browser.post('/login-plain')
        assert.deepEqual([(await browser.get('/own')).status, (await browser.get('/reports')).status], [200, 403])
        const unproved = await browser.get('/danger')
        assert.deepEqual([unproved.status, unproved.headers.location], [303, '/confirm?next=%2Fdanger'])
        await browser.post('/login')
        assert.deepEqual([(await browser.get('/reports')).status, (await browser.get('/danger')).status], [200, 200])
      },
    },
  '[ADAPT-7] a POST from another site does nothing': {
    async check(open) {
      const browser = open()
      await browser.post('/login')
      const foreign = await browser.post('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } })
      assert.deepEqual([foreign.status, namesOf(foreign)], [403, []])
      assert.equal((await browser.state()).userName, 'Ana Lima')
    },
  },
  '[BIND-1] a login offers a registration, and the browser that registers its key gets one bound cookie': {
    async check(open) {
      const browser = open()
      const login = await browser.post('/login')
      const offer = String(login.headers['secure-session-registration'])
      assert.match(offer, /^\(ES256 RS256\);path="\/session\/bind";challenge="[\w.-]+"$/)
      assert.equal((await browser.get('/bound')).status, 403)
      const key = deviceKey()
      const bound = await bind(browser, key, login)
      assert.deepEqual([bound.status, namesOf(bound)], [200, [BOUND_COOKIE]])
      assert.deepEqual([bound.headers['cache-control'], bound.headers['x-frame-options']], ['no-store', 'DENY'])
      assert.equal((await browser.get('/bound')).status, 200)
      assert.deepEqual((await bind(open(), key, login)).status, 403)
      assert.equal((await browser.get('/session/bind')).status, 405)
      const failed = await open().post('/login-and-throw')
      assert.notEqual(challengeIn(failed.headers['secure-session-registration']), '')
      const foreign = await bind(browser, key, login, { 'Sec-Fetch-Site': 'cross-site' })
      assert.deepEqual([foreign.status, namesOf(foreign)], [403, []])
    },
  },
  '[BIND-2] [BIND-3] a copied cookie opens no page when its bound cookie has ended, and the browser proves its key': {
    async check(open) {
      const browser = open()
      const key = deviceKey('RS256')
      const { session_identifier: id } = JSON.parse((await bind(browser, key, await browser.post('/login'))).text)
      await browser.post('/later')
      const thief = open()
      for (const [name, value] of browser.cookies) thief.cookies.set(name, value)
      const page = await thief.get('/own')
      assert.deepEqual(
        [page.status, page.headers.location, namesOf(page)],
        [303, '/sign-in?next=%2Fown', [BOUND_COOKIE]],
      )
      const fetched = await thief.get('/own', { headers: { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' } })
      assert.deepEqual([fetched.status, namesOf(fetched)], [401, []])
      const asked = await refresh(browser, id)
      assert.deepEqual([asked.status, namesOf(asked)], [403, []])
      const proved = await refresh(browser, id, key.proof(challengeIn(asked.headers['secure-session-challenge'])))
      assert.deepEqual([proved.status, namesOf(proved)], [200, [BOUND_COOKIE]])
      assert.deepEqual([(await browser.get('/bound')).status, (await thief.get('/own')).status], [200, 303])
    },
  },
  '[BIND-5] a link on another site opens a page that reloads itself once': {
    async check(open) {
      const browser = open()
      await bind(browser, deviceKey(), await browser.post('/login'))
      await browser.post('/later')
      const link = () => browser.get('/own?from=mail', { headers: { 'Sec-Fetch-Site': 'cross-site' } })
      const reloading = await link()
      assert.deepEqual([reloading.status, namesOf(reloading)], [200, [BOUND_COOKIE]])
      assert.match(reloading.text, /<meta http-equiv="refresh" content="0">/)
      assertPrivate(reloading)
      assert.equal((await link()).status, 303)
    },
  },
  '[BIND-8] a log out clears both cookies, and the browser forgets its key': {
    async check(open) {
      const browser = open()
      const key = deviceKey()
      const bound = await bind(browser, key, await browser.post('/login'))
      const cookie = browser.cookieHeader
      const logout = await browser.post('/logout')
      assert.deepEqual(namesOf(logout), [COOKIE, BOUND_COOKIE])
      assert.equal(browser.cookieHeader, 'flavour=plain')
      const { session_identifier: id } = JSON.parse(bound.text)
      const proof = key.proof(challengeIn(bound.headers['secure-session-challenge']))
      const late = await refresh(browser, id, proof, { Cookie: cookie })
      assert.deepEqual([late.status, JSON.parse(late.text)], [200, { session_identifier: id, continue: false }])
      assert.deepEqual(namesOf(late), [])
    },
  },
  '[BIND-9] a failure of the store during a refresh is answered with 503, and the browser keeps its key': {
    async check(open) {
      const browser = open()
      const key = deviceKey()
      const bound = await bind(browser, key, await browser.post('/login'))
      const { session_identifier: id } = JSON.parse(bound.text)
      const proof = key.proof(challengeIn(bound.headers['secure-session-challenge']))
      await browser.post('/outage')
      const failed = await refresh(browser, id, proof)
      assert.deepEqual([failed.status, namesOf(failed)], [503, []])
      assert.match(String(failed.headers['retry-after']), /^\d+$/)
      assert.equal((await refresh(browser, id, proof)).status, 200)
    },
  },
  '[ADAPT-8] bearer sessions need a valid token, and set no cookie': {
    async check(open) {
      const client = open()
      const refused = await client.get('/api/me')
      assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'])
      const signIn = await client.post('/api/signin', { headers: { 'Sec-Fetch-Site': 'none' } })
      assert.equal(signIn.status, 200)
      const me = await client.get('/api/me', { headers: { Authorization: `Bearer ${signIn.text}` } })
      assert.deepEqual([me.status, me.text], [200, '4'])
      for (const response of [refused, signIn, me]) assert.deepEqual(namesOf(response), [])
      assert.equal(me.headers['cache-control'], 'no-store')
    },
  },
}

const UPGRADE_CLAIMS: Record<string, (open: () => Browser) => Promise<void>> = {
  '[ADAPT-9] an upgrade has the session of the cookie, and a call that needs a new cookie changes nothing': async (
    open,
  ) => {
    const browser = open()
    await browser.post('/login')
    const cookie = browser.cookieHeader
    const socket = await browser.upgrade()
    assert.match(await socket.received(/HEADERS_SENT/), /Ana Lima/)
    assert.deepEqual([socket.setCookies, browser.cookieHeader], [[], cookie])
    assert.equal((await browser.state()).userName, 'Ana Lima')
    socket.destroy()
  },
  '[ADAPT-9] the socket closes when the session ends': async (open) => {
    const browser = open()
    await browser.post('/login')
    const socket = await browser.upgrade()
    await socket.received(/Ana Lima/)
    await browser.post('/logout')
    await socket.closed
  },
  '[ADAPT-9] a page of another origin gets 403, and the process survives a client that leaves': async (open) => {
    const browser = open()
    await browser.post('/login')
    for (const headers of [{ Origin: 'http://other.example' }, { 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'null' }])
      assert.equal((await browser.upgrade('/', headers)).status, 403, JSON.stringify(headers))
    await browser.leaveDuringUpgrade()
    assert.equal((await browser.state()).userName, 'Ana Lima')
  },
  '[ADAPT-9] an upgrade redeems no one-time link': async (open) => {
    const [laptop, phone] = [open(), open()]
    await laptop.post('/login')
    const path = `/?$4DSID=${(await laptop.get('/link')).text}`
    const socket = await phone.upgrade(path)
    await socket.received(/guest/)
    socket.destroy()
    await phone.get(path)
    assert.equal((await phone.state()).userName, 'Ana Lima')
  },
  '[ADAPT-9] a failure of the store refuses an upgrade with 503': async (open) => {
    const browser = open()
    await browser.post('/login')
    await browser.post('/outage')
    assert.equal((await browser.upgrade()).status, 503)
    assert.equal((await browser.state()).userName, 'Ana Lima')
  },
}

const OF_THE_BROWSER = { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'empty' }

/** Registers a key for the cookie of this login. */
function bind(browser: Browser, key: DeviceKey, { headers }: Received, other: Record<string, string> = {}) {
  const proof = key.registration(challengeIn(headers['secure-session-registration']))
  return browser.post('/session/bind', { headers: { ...OF_THE_BROWSER, 'Secure-Session-Response': proof, ...other } })
}

function refresh(browser: Browser, id: string, proof?: string, other: Record<string, string> = {}) {
  const proved = proof === undefined ? {} : { 'Secure-Session-Response': proof }
  return browser.post('/session/refresh', {
    headers: { ...OF_THE_BROWSER, 'Sec-Secure-Session-Id': id, ...proved, ...other },
  })
}

/** Repeats a check for two seconds at most. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isDone()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail('the expected state was not reached within two seconds')
}

function namesOf({ setCookies }: Received): string[] {
  return setCookies.map((cookie) => cookie.split('=', 1)[0] ?? '').sort()
}

function assertPrivate({ headers }: Received): void {
  assert.match(String(headers['cache-control']), /private|no-store/)
  assert.doesNotMatch(String(headers['cache-control']), /public/)
  assert.match(String(headers.vary), /cookie/i)
}
