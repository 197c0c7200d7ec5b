import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createSessions, type SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import type { Handler, LayerSession, LayerVisitor } from '../support/layer.ts'
import { codeOf, type Described, describe, gate, PAGES, STORES, startLayer } from '../support/layer.ts'

const NAME = '4DSID_TEST'
const cookieOf = (visitor: LayerVisitor) => visitor.cookies.get(NAME) ?? ''

test('a malformed cookie or token is refused before the store is asked', async (t) => {
  const asked: string[] = []
  const store = new Proxy(memoryStore(), {
    get(target, name: keyof SessionStore) {
      const member = target[name]
      if (typeof member !== 'function') return member
      return (...values: never[]) => {
        asked.push(name)
        return (member as (...values: never[]) => unknown).apply(target, values)
      }
    },
  })
  const { visitor } = await startLayer(t, { ...PAGES, '/api/read': describe }, { store, tokens: { mount: '/api' } })
  const stranger = visitor()
  const secret = 'A'.repeat(43)
  const malformed = [
    '',
    'x',
    `${'f'.repeat(32)}.${secret}`,
    `${'F'.repeat(32)}.${secret}A`,
    "' OR 1=1 --",
    '%00',
    'a'.repeat(8000),
  ]
  const ask = async (value: string) => {
    asked.length = 0
    await stranger.get('/read', { Cookie: `${NAME}=${value}` })
    await stranger.get('/api/read', { Authorization: `Bearer ${value}` })
    await stranger.get('/api/read', { Authorization: `Bearer test_${value}` })
    return asked
  }
  for (const value of malformed) assert.deepEqual(await ask(value), [], value)
  assert.deepEqual(await ask(`${'F'.repeat(32)}.${secret}`), ['find', 'find'])
})

test('the ID of a session comes after the IDs of all sessions that began at least a millisecond earlier', async (t) => {
  const { visitor } = await startLayer(t, PAGES)
  const ids: string[] = []
  for (let count = 0; count < 5; count++) {
    ids.push((await visitor().read<Described>('/login')).id)
    await pause(2)
  }
  assert.deepEqual(ids, ids.toSorted())
})

for (const [store, open] of Object.entries(STORES)) {
  test(`[COOKIE-2] a visitor who comes back finds the same session, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    const ana = visitor()
    const first = await ana.read<Described>('/login')
    await ana.read('/write?key=a&value=1')
    const again = await ana.read<Described>('/read')
    assert.deepEqual([again.id, again.userName, again.storage, again.isNew], [first.id, 'Ana Lima', { a: '1' }, false])
    assert.deepEqual(again.privileges, ['viewCustomers', 'viewStart'])
  })

  test(`[COOKIE-3] any value other than a live cookie leads to a new guest with a new cookie, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES, { store: open(), guests: 'first-request' })
    const expired = visitor()
    await expired.read('/login')
    const ended = visitor()
    await ended.read('/login')
    const endedCookie = cookieOf(ended)
    await ended.read('/logout')
    clock.advance({ minutes: 63 })
    const owner = visitor()
    const { id } = await owner.read<Described>('/login')
    const [, secret = ''] = cookieOf(owner).split('.')
    const forged = [
      '',
      'x',
      id,
      `${id}.`,
      `.${secret}`,
      `${id.toLowerCase()}.${secret}`,
      `${id}.${secret}x`,
      `${id}.${secret.slice(1)}`,
      `${id}.${'A'.repeat(43)}`,
      `${'0'.repeat(32)}.${secret}`,
      `${'F'.repeat(32)}.${'A'.repeat(43)}`,
      cookieOf(expired),
      endedCookie,
      "' OR 1=1 --",
      '%00',
      'a'.repeat(8000),
      '"',
      'ü'.repeat(20),
    ]
    for (const value of forged) {
      const stranger = visitor()
      const headers = { Cookie: `${NAME}=${Buffer.from(value).toString('latin1')}` }
      const answer = await stranger.get('/read', headers)
      const read = JSON.parse(answer.text) as Described
      assert.equal(answer.status, 200, value)
      assert.deepEqual([read.isGuest, read.isNew, read.storage, read.userName], [true, true, {}, ''], value)
      assert.equal(answer.setCookies.length, 1, value)
      assert.notEqual(cookieOf(stranger), value)
      assert.ok(!value.includes(read.id), 'the value that was sent is never adopted')
      assert.equal((await stranger.read<Described>('/read')).id, read.id)
    }
    assert.equal((await owner.read<Described>('/read')).userName, 'Ana Lima')
  })

  test(`[COOKIE-5] requests of one visitor run concurrently in one session, on the ${store} store`, async (t) => {
    const door = gate()
    const pages = {
      ...PAGES,
      '/slow': async (session: Parameters<typeof describe>[0]) => {
        await door.pass()
        return describe(session)
      },
    }
    const { visitor } = await startLayer(t, pages, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const slow = ana.read<Described>('/slow')
    await door.reached
    const others = await Promise.all(Array.from({ length: 10 }, () => ana.read<Described>('/read')))
    assert.ok(others.every((other) => other.id === id))
    door.open()
    assert.equal((await slow).id, id)
  })

  test(`[COOKIE-6] two visitors never see each other’s storage, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    const people = Array.from({ length: 8 }, () => visitor())
    await Promise.all(people.map((person, n) => person.read(`/login?id=${n}`)))
    await Promise.all(people.flatMap((person, n) => [1, 2, 3].map((k) => person.read(`/write?key=k${k}&value=${n}`))))
    const seen = await Promise.all(people.map((person) => person.read<Described>('/read')))
    assert.equal(new Set(seen.map(({ id }) => id)).size, people.length)
    for (const [n, { storage }] of seen.entries()) assert.deepEqual(storage, { k1: `${n}`, k2: `${n}`, k3: `${n}` })
  })

  test(`[COOKIE-8] a visitor who stores nothing gets no cookie and leaves no record, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), guests: 'first-write' })
    const guest = visitor()
    for (let visit = 0; visit < 3; visit++) assert.deepEqual((await guest.get('/read')).setCookies, [])
    assert.equal(await manager.count(), 0)
    const { id } = await guest.read<Described>('/write')
    assert.equal(await manager.count(), 1)
    assert.deepEqual((await guest.read<Described>('/read')).storage, { key: '1' })
    assert.equal((await guest.read<Described>('/read')).id, id)
  })
}

test('[COOKIE-1] the cookie is named after the application, and the name cannot be changed while running', () => {
  const secure = createSessions({ appName: 'My-CRM_1', store: memoryStore() })
  const plain = createSessions({ appName: 'My-CRM_1', store: memoryStore(), secureCookie: false })
  assert.equal(secure.cookieName, '__Host-4DSID_My-CRM_1')
  assert.equal(plain.cookieName, '4DSID_My-CRM_1')
  const options = { appName: 'A', store: memoryStore(), secureCookie: false }
  const sessions = createSessions(options)
  options.appName = 'B'
  assert.equal(sessions.cookieName, '4DSID_A')
})

test('[COOKIE-4] a cookie is set and cleared with the same attributes, at most once in a response', async (t) => {
  for (const [secureCookie, name, attributes] of [
    [false, '4DSID_TEST', '; Path=/; HttpOnly; SameSite=Lax'],
    [true, '__Host-4DSID_TEST', '; Path=/; HttpOnly; SameSite=Lax; Secure'],
  ] as const) {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/much': async (session) => {
          await session.use((storage) => void (storage.a = 1))
          await session.setPrivileges('viewStart')
          const next = await session.secureSession()
          await next.setPrivileges({ userName: 'Ana', userId: '1' })
          return describe(next)
        },
      },
      { secureCookie },
    )
    const ana = visitor()
    const login = await ana.get('/login')
    assert.match(login.setCookies.join('\n'), new RegExp(`^${name}=[0-9A-F]{32}\\.[A-Za-z0-9_-]{43}${attributes}$`))
    const logout = await ana.get('/logout')
    assert.deepEqual(logout.setCookies, [`${name}=${attributes}; Max-Age=0`])
    const much = await visitor().get('/much')
    assert.equal(much.setCookies.length, 1)
  }
})

test('[COOKIE-7] no cookie is set for a visitor with a live cookie, unless the credential changes', async (t) => {
  const { visitor, clock } = await startLayer(
    t,
    { ...PAGES, '/lower': async (s) => s.setPrivileges('viewStart') },
    { guests: 'first-request' },
  )
  const ana = visitor()
  await ana.read('/login')
  for (const page of ['/read', '/write', '/lower', '/read', '/nowhere']) {
    assert.deepEqual((await ana.get(page)).setCookies, [], page)
    clock.advance({ minutes: 2 })
  }
})

test('[COOKIE-9] the cookie is sent even when the handler then throws a value of any kind', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/broken-login': async (session) => {
      await session.setPrivileges({ userName: 'Ana', userId: '4' })
      throw new Error('the page cannot be rendered')
    },
    '/odd-login': async (session) => {
      await session.setPrivileges({ userName: 'Ana', userId: '4' })
      throw 'no error at all'
    },
    '/broken-logout': async (session) => {
      await session.close()
      throw new Error('the page cannot be rendered')
    },
  })
  for (const page of ['/broken-login', '/odd-login']) {
    const ana = visitor()
    const answer = await ana.get(page)
    assert.equal(answer.status, 500)
    assert.equal(answer.setCookies.length, 1)
    assert.match(String(answer.headers['cache-control']), /no-store/)
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana')
    const kept = cookieOf(ana)
    assert.equal((await ana.get('/broken-logout')).status, 500)
    assert.equal(ana.cookies.has(NAME), false)
    assert.equal((await visitor().read<Described>('/read', { Cookie: `${NAME}=${kept}` })).isGuest, true)
  }
})

test('[COOKIE-10] a response with session data or the session cookie is private, even if a handler says public', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/public-login': async (session, ctx) => {
      ctx.set('Cache-Control', 'public, max-age=3600')
      ctx.set('Vary', 'Accept')
      await session.setPrivileges({ userName: 'Ana', userId: '4' })
    },
  })
  const ana = visitor()
  for (const page of ['/public-login', '/read', '/write', '/logout']) {
    const { headers } = await ana.get(page)
    assert.match(String(headers['cache-control']), /private|no-store/, page)
    assert.match(String(headers.vary), /Cookie/, page)
  }
})

test('[COOKIE-11] a call that needs a cookie after the response has begun is refused and changes nothing', async (t) => {
  const refused: string[] = []
  const tried = async (work: Promise<unknown>) =>
    refused.push(
      await work.then(
        () => 'done',
        (error) => error.code,
      ),
    )
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    '/late': async (session, ctx) => {
      ctx.respond = false
      ctx.res.write('begun')
      await tried(session.setPrivileges({ userName: 'Eve', userId: '9' }))
      await tried(session.secureSession())
      await tried(session.close())
      await tried(session.setPrivileges('manageCustomers'))
      ctx.res.end()
    },
    '/late-guest': async (session, ctx) => {
      ctx.respond = false
      ctx.res.write('begun')
      await tried(session.use((storage) => void (storage.a = 1)))
      ctx.res.end()
    },
  })
  const ana = visitor()
  const before = await ana.read<Described>('/login')
  assert.equal((await ana.get('/late')).text, 'begun')
  assert.deepEqual(refused.splice(0), Array(4).fill('HEADERS_SENT'))
  const { id, userName, privileges } = await ana.read<Described>('/read')
  assert.deepEqual([id, userName, privileges], [before.id, before.userName, before.privileges])
  await visitor().get('/late-guest')
  assert.deepEqual(refused, ['HEADERS_SENT'])
  assert.equal(await manager.count(), 1)
})

type Overtaken = (session: LayerSession, token: string) => Promise<unknown>

const firstWrite: Overtaken = (session) => session.use((storage) => void (storage.a = 1))
const logIn: Overtaken = (session) => session.setPrivileges({ userId: '4' }, { login: true })
const addPrivilege: Overtaken = (session) => session.setPrivileges('manageCustomers')
const secure: Overtaken = (session) => session.secureSession()
const renew: Overtaken = (session) => session.renew()
const renewOnly: Overtaken = (session) => session.renew({ others: 'end' })
const openLink: Overtaken = (session, token) => session.restore(token)

for (const { what, call, from, left = 0 } of [
  { what: 'a first write', call: firstWrite, from: 'guest' },
  { what: 'a login', call: logIn, from: 'guest' },
  { what: 'a repeated login', call: logIn, from: 'user' },
  { what: 'an added privilege', call: addPrivilege, from: 'user' },
  { what: 'secureSession', call: secure, from: 'user' },
  { what: 'renew', call: renew, from: 'user' },
  { what: 'renew on one of two devices', call: renew, from: 'user with two devices', left: 1 },
  { what: 'renew that ends the other device', call: renewOnly, from: 'user with two devices' },
  { what: 'the only link of a session', call: openLink, from: 'guest with a link' },
]) {
  test(`[COOKIE-13] when a response begins during ${what}, every session that stays can be used by a browser`, async (t) => {
    const { pass, reached, open } = gate()
    const store = memoryStore()
    let isLate = false
    const late = async <T>(reply: Promise<T>) => {
      const stored = await reply
      if (isLate) await pass()
      return stored
    }
    const delayed: Partial<SessionStore> = {
      create: (step) => late(store.create(step)),
      replace: (step) => late(store.replace(step)),
      rotate: (step) => late(store.rotate(step)),
      redeem: (step) => late(store.redeem(step)),
    }
    let code = ''
    const pages: Record<string, Handler> = {
      ...PAGES,
      '/open': (session, ctx) => session.restore(ctx.query.token),
      '/late': async (session, ctx) => {
        isLate = true
        const called = codeOf(call(session, String(ctx.query.token)))
        await reached
        ctx.respond = false
        ctx.res.write('begun')
        open()
        code = await called
        ctx.res.end()
      },
    }
    const { visitor, manager } = await startLayer(t, pages, { store: { ...store, ...delayed } })
    const live = new Set<string>()
    for (const name of ['created', 'secured'] as const) manager.on(name, ({ id }) => live.add(id))
    manager.on('ended', ({ id }) => live.delete(id))

    const [guest, user] = [visitor(), visitor()]
    if (from !== 'guest') await user.read('/login')
    const [session] = (await manager.list()).sessions
    const token = session && from !== 'user' ? await manager.createOTP(session.id) : ''
    if (from === 'user with two devices') await visitor().read(`/open?token=${token}`)
    if (session && from === 'guest with a link') await manager.detach(session.id, session.devices[0]?.handle ?? '')
    await (from.startsWith('user') ? user : guest).get(`/late?token=${token}`)

    assert.equal(code, 'HEADERS_SENT')
    const usable = (await manager.list()).sessions.filter(({ state }) => state !== 'invalidated')
    assert.deepEqual([usable.length, usable[0]?.devices.length ?? 0, live.size], [left, left, left])
  })
}

// An old browser sends none of these headers.
const OLD = { 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined }

test('[COOKIE-12] only the navigation to a page sets a guest’s cookie', async (t) => {
  const { visitor, manager } = await startLayer(t, { ...PAGES, '/read': describe }, { guests: 'first-request' })
  const others: [string, string, Record<string, string | undefined>][] = [
    ['GET', 'an asset', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }],
    ['GET', 'a stream', { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }],
    ['GET', 'a prefetch', { 'Sec-Purpose': 'prefetch;prerender' }],
    ['GET', 'an old prefetch', { Purpose: 'prefetch' }],
    ['GET', 'a stream of an old browser', { ...OLD, Accept: 'text/event-stream' }],
    ['HEAD', 'a look', {}],
    ['OPTIONS', 'a question', {}],
    ['POST', 'a form of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' }],
    ['GET', 'a frame on another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'iframe' }],
    [
      'POST',
      'a form of another site in an old browser',
      {
        'Sec-Fetch-Site': undefined,
        'Sec-Fetch-Mode': undefined,
        'Sec-Fetch-Dest': undefined,
        Origin: 'https://evil.test',
      },
    ],
    [
      'POST',
      'a form without an origin in an old browser',
      { 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined, Origin: 'null' },
    ],
  ]
  for (const [method, what, headers] of others) {
    const answer = await visitor().send('/read', { method, headers })
    assert.deepEqual(answer.setCookies, [], what)
  }
  assert.equal(await manager.count(), 0)
  const plain = { 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined }
  for (const headers of [{}, plain, { 'Sec-Fetch-Site': 'cross-site' }])
    assert.equal((await visitor().get('/read', headers)).setCookies.length, 1)
})

test('[COOKIE-12] for a minute after the end of a session, a request with the session’s cookie gets no new cookie', async (t) => {
  const { visitor, clock } = await startLayer(t, PAGES, { guests: 'first-request' })
  for (const end of ['/logout', '/login?user=Bo&id=5']) {
    const ana = visitor()
    await ana.read('/login')
    const late = ana.copy()
    await ana.read(end)
    for (const seconds of [0, 59.9]) {
      clock.advance({ seconds })
      const answer = await late.get('/read')
      assert.deepEqual([answer.status, answer.setCookies], [200, []])
      assert.equal((JSON.parse(answer.text) as Described).isGuest, true)
    }
    clock.advance({ seconds: 0.1 })
    assert.equal((await late.get('/read')).setCookies.length, 1)
  }
})

test('of several cookies with the same name, a single live cookie counts, but when two are live, neither counts', async (t) => {
  const { visitor } = await startLayer(t, PAGES, { guests: 'first-request' })
  const [ana, bo] = [visitor(), visitor()]
  await ana.read('/login')
  await bo.read('/login?user=Bo&id=5')
  const [a, b] = [`${NAME}=${cookieOf(ana)}`, `${NAME}=${cookieOf(bo)}`]
  const junk = `${NAME}=junk`
  for (const header of [
    `${junk}; ${a}`,
    `${a}; ${junk}`,
    `x=1; ${a};y=2;`,
    `${a}; ${a}`,
    `${a};${NAME}X=${cookieOf(bo)}`,
  ]) {
    assert.equal((await visitor().read<Described>('/read', { Cookie: header })).userName, 'Ana Lima', header)
  }
  for (const header of [`${a}; ${b}`, `${b}; ${a}; ${junk}`]) {
    const answer = await visitor().get('/read', { Cookie: header })
    assert.equal((JSON.parse(answer.text) as Described).isGuest, true)
    assert.deepEqual(answer.setCookies, [], 'the response overwrites neither cookie')
  }
  const flood = Array.from({ length: 200 }, (_, n) => `${NAME}=${n}`).join('; ')
  assert.equal((await visitor().read<Described>('/read', { Cookie: `${flood}; ${a}` })).isGuest, true)
})
