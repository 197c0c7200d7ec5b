import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessions, mayBeginGuest, type RequestFacts, type SessionOptions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { type Described, PAGES, startLayer } from '../support/layer.ts'

type Options = Pick<SessionOptions, 'cookieName' | 'secureCookie' | 'sameSite' | 'partitioned' | 'domain'>

const create = (options: Options) => createSessions({ appName: 'TEST', store: memoryStore(), ...options })

test('[COOKIE-14] the cookie has the attributes of the options, and is cleared with the same attributes', async (t) => {
  for (const [options, name, attributes] of [
    [{ sameSite: 'strict' }, '__Host-4DSID_TEST', '; Path=/; HttpOnly; SameSite=Strict; Secure'],
    [{ sameSite: 'none' }, '__Host-4DSID_TEST', '; Path=/; HttpOnly; SameSite=None; Secure'],
    [
      { sameSite: 'none', partitioned: true },
      '__Host-4DSID_TEST',
      '; Path=/; HttpOnly; SameSite=None; Secure; Partitioned',
    ],
    [
      { domain: 'shop.example.com' },
      '__Secure-4DSID_TEST',
      '; Path=/; Domain=shop.example.com; HttpOnly; SameSite=Lax; Secure',
    ],
    [
      { domain: 'example.com', secureCookie: false },
      '4DSID_TEST',
      '; Path=/; Domain=example.com; HttpOnly; SameSite=Lax',
    ],
  ] as const) {
    const { visitor, manager } = await startLayer(t, PAGES, { secureCookie: true, ...options })
    assert.equal(manager.cookieName, name)
    const ana = visitor()
    const login = await ana.get('/login')
    assert.match(login.setCookies.join('\n'), new RegExp(`^${name}=[0-9A-F]{32}\\.[A-Za-z0-9_-]{43}${attributes}$`))
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
    assert.deepEqual((await ana.get('/logout')).setCookies, [`${name}=${attributes}; Max-Age=0`])
  }
})

test('[COOKIE-14] an own name of the cookie gets the safest prefix, unless it has a prefix of its own', async (t) => {
  for (const [options, name] of [
    [{ cookieName: 'sid' }, '__Host-sid'],
    [{ cookieName: 'sid', domain: 'example.com' }, '__Secure-sid'],
    [{ cookieName: 'sid', secureCookie: false }, 'sid'],
    [{ cookieName: '__Host-sid' }, '__Host-sid'],
    [{ cookieName: '__Host-Http-sid' }, '__Host-Http-sid'],
    [{ cookieName: '__Http-sid', domain: 'example.com' }, '__Http-sid'],
    [{ cookieName: '__Secure-sid' }, '__Secure-sid'],
    [{ cookieName: '__Secure-sid', domain: 'example.com' }, '__Secure-sid'],
    [{ cookieName: "a!#$%&'*+.^_`|~-9" }, "__Host-a!#$%&'*+.^_`|~-9"],
  ] as const)
    assert.equal(create(options).cookieName, name)
  const { visitor } = await startLayer(t, PAGES, { cookieName: 'my.sid|1' })
  const ana = visitor()
  await ana.get('/login')
  assert.deepEqual([...ana.cookies.keys()], ['my.sid|1'])
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
})

test('[COOKIE-14] options with which browsers refuse or never send the cookie are a TypeError that says what to do', () => {
  const wrong: [unknown, RegExp][] = [
    [{ sameSite: 'Lax' }, /^sameSite: 'strict', 'lax' or 'none', got "Lax"/],
    [{ sameSite: null }, /^sameSite: 'strict', 'lax' or 'none', got null/],
    [
      { sameSite: 'none', secureCookie: false },
      /^sameSite: browsers refuse 'none' without Secure\. Remove secureCookie/,
    ],
    [{ partitioned: true }, /^partitioned: .* Add sameSite: 'none'/],
    [{ partitioned: true, sameSite: 'strict' }, /^partitioned: .* Add sameSite: 'none'/],
    [{ partitioned: true, secureCookie: false }, /^partitioned: .* Add sameSite: 'none'/],
    [{ partitioned: true, sameSite: 'none', secureCookie: false }, /^sameSite: browsers refuse 'none' without Secure/],
    [{ partitioned: 'yes' }, /^partitioned: true or false/],
    ...[
      '',
      '.example.com',
      'example.com.',
      'https://example.com',
      'example.com:443',
      'example.com/shop',
      'example .com',
      'exam_ple.com',
      '-a.example.com',
      'münchen.example',
      'example.com; Secure',
      '*.example.com',
      'a..b',
      'com',
      'localhost',
      '192.0.2.1',
      '[::1]',
      `${'a'.repeat(64)}.com`,
      `${'a.'.repeat(126)}com`,
      7,
      null,
    ].map((domain): [unknown, RegExp] => [{ domain }, /^domain: the name of a domain such as 'example\.com', without/]),
    [
      { domain: 'example.com', cookieName: '__Host-sid' },
      /browsers refuse __Host- with a domain\. Use the prefix __Secure-/,
    ],
    [{ domain: 'example.com', cookieName: '__Host-Http-sid' }, /browsers refuse __Host-Http- with a domain/],
    ...['__Host-sid', '__Secure-sid', '__Http-sid'].map((cookieName): [unknown, RegExp] => [
      { cookieName, secureCookie: false },
      /^cookieName: browsers refuse __\w+- without Secure\. Remove the prefix/,
    ]),
    ...['__host-sid', '__SECURE-sid'].map((cookieName): [unknown, RegExp] => [
      { cookieName },
      /^cookieName: browsers ignore the case of the prefix __\w+-\. Write it as __Host- or __Secure-/,
    ]),
    [{ cookieName: '__Host-' }, /^cookieName: add a name after the prefix __Host-/],
    ...['', 'a b', 'a;b', 'a=b', 'a,b', 'a"b', 'ä', 'a\r\nb', 'x'.repeat(101), 7, null].map(
      (cookieName): [unknown, RegExp] => [{ cookieName }, /^cookieName: 1 to 100 letters, digits or/],
    ),
  ]
  for (const [options, message] of wrong)
    assert.throws(
      () => create(options as Options),
      (error: Error) => error instanceof TypeError && message.test(error.message),
      JSON.stringify(options),
    )
})

const SESSION = { guests: 'first-request', secureCookie: true } as const
const CROSS_SITE = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }

test('[COOKIE-15] in a frame of another site, a guest gets a cookie only if the cookie lives in a partition', async (t) => {
  for (const [options, dest, isSet] of [
    [{ sameSite: 'lax' }, 'iframe', false],
    [{ sameSite: 'none' }, 'iframe', false],
    [{ sameSite: 'none', partitioned: true }, 'iframe', true],
    [{ sameSite: 'none', partitioned: true }, 'frame', true],
    [{ sameSite: 'none', partitioned: true }, 'embed', false],
    [{ sameSite: 'none', partitioned: true }, 'object', false],
    [{ sameSite: 'none', partitioned: true }, 'document', true],
  ] as const) {
    const { visitor } = await startLayer(t, PAGES, { ...SESSION, ...options })
    const inFrame = (method: string, site = 'cross-site') =>
      visitor().send('/read', { method, headers: { ...CROSS_SITE, 'Sec-Fetch-Site': site, 'Sec-Fetch-Dest': dest } })
    assert.equal((await inFrame('GET')).setCookies.length, Number(isSet), `${JSON.stringify(options)} ${dest}`)
    assert.equal((await inFrame('POST')).setCookies.length, 0, 'a form of the other site')
  }
})

test('[COOKIE-16] with SameSite=Strict, a link on another site never replaces the cookie of a login by the cookie of a guest', async (t) => {
  const { visitor } = await startLayer(t, PAGES, { ...SESSION, sameSite: 'strict' })
  const cookiesOf = async (headers: Record<string, string | undefined>, method = 'GET') =>
    (await visitor().send('/read', { method, headers: { 'Sec-Fetch-Dest': 'document', ...headers } })).setCookies.length
  assert.equal(await cookiesOf(CROSS_SITE), 0)
  for (const site of ['none', 'same-origin', 'same-site'])
    assert.equal(await cookiesOf({ 'Sec-Fetch-Site': site }), 1, site)
  const none = { 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined }
  assert.equal(await cookiesOf(none), 0, 'an old browser does not say whether another site opened the page')
  assert.equal(await cookiesOf({ ...none, Origin: 'https://other.example' }, 'POST'), 0)
})

test('[COOKIE-16] an old browser begins a guest with SameSite=Strict only by a form of this origin', () => {
  const facts: RequestFacts = {
    method: 'POST',
    host: 'crm.example',
    origin: 'https://crm.example',
    fetchMode: undefined,
    fetchSite: undefined,
    fetchDestination: undefined,
    purpose: undefined,
    accept: 'text/html',
  }
  assert.equal(mayBeginGuest(facts, 'strict'), true)
  assert.equal(mayBeginGuest({ ...facts, origin: undefined }, 'strict'), false)
  assert.equal(mayBeginGuest({ ...facts, fetchSite: 'x' }, 'strict'), false)
})

test('[COOKIE-17] with a domain, a second live cookie from a neighbouring subdomain leads to a guest, and no session ends', async (t) => {
  const { visitor, manager } = await startLayer(t, PAGES, { secureCookie: true, domain: 'example.com' })
  const [ana, attacker] = [visitor(), visitor()]
  await ana.read('/login')
  await attacker.read('/login?user=Eve&id=6')
  const { cookieName } = manager
  const [own, planted] = [ana, attacker].map(({ cookies }) => `${cookieName}=${cookies.get(cookieName)}`)
  const withCookies = (...cookies: (string | undefined)[]) => visitor().get('/read', { Cookie: cookies.join('; ') })
  for (const pair of [
    [own, planted],
    [planted, own],
  ]) {
    const both = await withCookies(...pair)
    assert.deepEqual([(JSON.parse(both.text) as Described).userName, both.setCookies], ['', []])
  }
  const garbage = await withCookies(`${cookieName}=x`, own)
  assert.equal(
    (JSON.parse(garbage.text) as Described).userName,
    'Ana Lima',
    'a planted value of no session changes nothing',
  )
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
})
