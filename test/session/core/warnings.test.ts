import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createSessions, isPlainHttp, systemClock } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { type Handler, PAGES, startLayer } from '../support/layer.ts'
import { collectProcessWarnings } from '../support/process-warnings.ts'

const GRANT: Handler = (session) => session.setPrivileges(['nowhere'])

test('[RESP-7] a warning without a listener goes to process.emitWarning, once per code and manager', async (t) => {
  const warnings = collectProcessWarnings(t)
  for (const count of [1, 2]) {
    const pages = { ...PAGES, '/grant': GRANT }
    const { visitor, manager } = await startLayer(t, pages, { sessionTimeoutMinutes: 0, listensToWarnings: false })
    manager.on('ended', () => {
      throw new Error('the audit trail is full')
    })
    for (const path of ['/grant', '/grant', '/login', '/login']) await visitor().get(path)
    assert.equal(await manager.endMany({ userId: '4' }), 2)
    await turn()
    assert.equal(warnings.length, 3 * count)
  }
  assert.deepEqual(
    warnings.slice(0, 3).map(({ code, message, detail }) => [code, message, detail]),
    [
      ['SESSIONS_NEVER_EXPIRE', warnings[3]?.message, undefined],
      ['UNDECLARED_PRIVILEGES', 'Undeclared privileges and roles were ignored: nowhere.', undefined],
      ['LISTENER_FAILED', 'A listener for "ended" failed.', 'the audit trail is full'],
    ],
  )
})

test('[RESP-7] a listener gets every warning, and process.emitWarning is not called', async (t) => {
  const warnings = collectProcessWarnings(t)
  const { visitor, manager } = await startLayer(t, { '/grant': GRANT }, { listensToWarnings: false })
  const heard: string[] = []
  const stop = manager.on('warning', ({ code }) => heard.push(code))
  for (const path of ['/grant', '/grant']) await visitor().get(path)
  await turn()
  assert.deepEqual([heard, warnings], [['UNDECLARED_PRIVILEGES', 'UNDECLARED_PRIVILEGES'], []])
  stop()
  manager.on('warning', () => {
    throw new Error('the log is full')
  })
  await visitor().get('/grant')
  await turn()
  assert.deepEqual(
    warnings.map(({ code, detail }) => [code, detail]),
    [['LISTENER_FAILED', 'the log is full']],
  )
})

test('[RESP-7] the warning contains the message of the error and of its cause, but not the data of the store call', async (t) => {
  const warnings = collectProcessWarnings(t)
  const store = memoryStore()
  store.touch = async () => {
    throw Object.assign(new Error('connection refused'), { command: { args: ['a-hash'] } })
  }
  const { visitor, clock } = await startLayer(t, PAGES, { store, listensToWarnings: false })
  const ana = visitor()
  await ana.get('/login')
  clock.advance({ minutes: 2 })
  assert.equal((await ana.read('/read')).userName, 'Ana Lima')
  await turn()
  assert.equal(warnings[0]?.code, 'ACTIVITY_NOT_RECORDED')
  assert.match(String(warnings[0]?.detail), /connection refused$/)
  assert.doesNotMatch(JSON.stringify(warnings), /a-hash/)
})

// Over plain HTTP, a browser sends no Sec-Fetch headers. In these tests the client has a loopback address.
const BROWSER = { 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined }
const VIA_HTTP = { ...BROWSER, Host: 'shop.example', 'X-Forwarded-Proto': 'http' }

test('[RESP-8] a Secure cookie over plain HTTP causes one warning that says what to set', async (t) => {
  const heard: string[][] = []
  const { visitor, manager } = await startLayer(t, PAGES, { secureCookie: true })
  manager.on('warning', ({ code, message }) => heard.push([code, message]))
  await visitor().get('/login', { ...VIA_HTTP, 'X-Forwarded-Proto': 'https' })
  await visitor().get('/login', { ...BROWSER, Host: 'shop.example' })
  await visitor().get('/login')
  await visitor().get('/read', VIA_HTTP)
  assert.equal(heard.length, 0, 'HTTPS, loopback, Sec-Fetch headers, and no cookie')
  for (const path of ['/write', '/login']) assert.equal((await visitor().get(path, VIA_HTTP)).setCookies.length, 1)
  assert.deepEqual(
    heard.map(([code]) => code),
    ['SECURE_COOKIE_OVER_HTTP'],
  )
  for (const direction of [/HTTPS/, /X-Forwarded-Proto: https/, /secureCookie: false/])
    assert.match(heard[0]?.[1] ?? '', direction)
  const plain = await startLayer(t, PAGES, { secureCookie: false })
  plain.manager.on('warning', ({ code }) => heard.push([code]))
  await plain.visitor().get('/login', VIA_HTTP)
  assert.equal(heard.length, 1, 'a cookie that is not Secure is kept')
})

test('[RESP-8] only a request over plain HTTP from another machine causes the warning', () => {
  const remote = {
    encrypted: false,
    remoteAddress: '192.0.2.7',
    host: 'shop.example:3000',
    forwarded: undefined,
    forwardedProto: undefined,
    forwardedHost: undefined,
    fetchSite: undefined,
  }
  const proxied = { ...remote, remoteAddress: '127.0.0.1' }
  const rows: [string, Partial<typeof remote> | Record<string, unknown>, boolean][] = [
    ['another machine', remote, true],
    ['without a host', { ...remote, host: undefined }, true],
    ['TLS in this process', { ...remote, encrypted: true }, false],
    ['a proxy with TLS', { ...remote, forwardedProto: 'https' }, false],
    ['two proxies, the first with TLS', { ...remote, forwardedProto: 'HTTPS, http' }, false],
    ['two proxies, the first without TLS', { ...remote, forwardedProto: 'http, https' }, true],
    [
      'the standard header with TLS',
      { ...remote, forwarded: 'for=192.0.2.1;Proto=https, for=10.0.0.1;proto=http' },
      false,
    ],
    [
      'the standard header without TLS',
      { ...proxied, forwarded: 'for=192.0.2.1;proto="http";host=shop.example' },
      true,
    ],
    ['Fetch Metadata', { ...remote, fetchSite: 'none' }, false],
    ['a proxy on this machine that says http', { ...proxied, forwardedProto: 'http' }, true],
    ['a proxy on this machine that says nothing', proxied, false],
    ['a socket of this machine', { ...remote, remoteAddress: undefined }, false],
    ...['localhost', 'localhost:8044', 'shop.localhost:80', '127.0.0.1:3000', '[::1]:3000', '[::1]'].map(
      (host): [string, object, boolean] => [host, { ...remote, host }, false],
    ),
    ...['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map((remoteAddress): [string, object, boolean] => [
      remoteAddress,
      { ...remote, remoteAddress },
      false,
    ]),
    ['a development proxy', { ...proxied, forwardedProto: 'http', forwardedHost: 'localhost:5173' }, false],
    ['a name that only begins like loopback', { ...remote, host: '127.0.0.1.shop.example' }, true],
  ]
  for (const [name, facts, expected] of rows) assert.equal(isPlainHttp({ ...remote, ...facts }), expected, name)
})

test('[RESP-9] the object that createSessions returns is frozen, and so are the clock and the session variables', async (t) => {
  const manager = createSessions({ appName: 'A', store: memoryStore(), clock: manualClock() })
  t.after(() => manager.close())
  for (const name of Object.keys(manager)) assert.throws(() => Object.assign(manager, { [name]: 'x' }), TypeError, name)
  assert.throws(() => Object.assign(manager, { views: 1 }), TypeError)
  assert.equal(manager.cookieName, '__Host-4DSID_A')
  assert.throws(() => Object.assign(systemClock, { now: () => 0 }), TypeError)
  const session = await manager.resumeToken({ authorization: undefined, device: null, address: null, onClose() {} })
  assert.throws(() => Object.assign(session.sessionVars, { page: '3' }), TypeError)
})
