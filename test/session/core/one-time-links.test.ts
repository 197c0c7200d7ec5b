import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import type { OTPOptions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { credential, otp, session } from '../../../src/session/testing/contract/fixtures.ts'
import {
  codeOf,
  type Described,
  describe,
  type Handler,
  type LayerVisitor,
  PAGES,
  STORES,
  startLayer,
} from '../support/layer.ts'

const LINK_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/link': async (session, ctx) => session.createOTP(JSON.parse(String(ctx.query.options ?? '{}'))),
  '/come': (session) => ({ ...describe(session), restored: session.restored, offer: session.offer ?? null }),
  '/come/deep/page': (session) => ({ ...describe(session), restored: session.restored }),
  '/comeback': (session) => ({ ...describe(session), restored: session.restored }),
  '/restore': async (session, ctx) => {
    const token = ctx.query.state
    const answer = await session.restore(token)
    return {
      answer,
      ...describe(session),
      isCurrent: ctx.session === session,
      restored: session.restored,
      offer: session.offer ?? null,
    }
  },
}

const linkOf = (visitor: LayerVisitor, options: OTPOptions = {}) =>
  visitor.read<string>(`/link?options=${encodeURIComponent(JSON.stringify(options))}`)
const come = (token: string) => `/come?$4DSID=${token}`

for (const [store, open] of Object.entries(STORES)) {
  test(`[OTP-1] a token is 32 upper-case hex digits, differs from the session ID and the cookie, and does not end earlier tokens, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const tokens = await Promise.all([1, 2, 3].map(() => linkOf(ana)))
    assert.equal(new Set(tokens).size, 3)
    for (const token of tokens) {
      assert.match(token, /^[0-9A-F]{32}$/)
      assert.notEqual(token, id)
      assert.ok(![...ana.cookies.values()].join().includes(token))
    }
    for (const token of tokens) assert.equal((await visitor().read<Described>(come(token))).id, id)
  })

  test(`[OTP-2] [OTP-6] a link is valid until its own lifespan or its session ends, on the ${store} store`, async (t) => {
    const cases: [OTPOptions, number, boolean, boolean][] = [
      [{}, 3599, false, true],
      [{}, 3600, true, false],
      [{ lifespan: 60 }, 59.999, false, true],
      [{ lifespan: 60 }, 60, false, false],
      [{ lifespan: 1 }, 9.999, false, true],
      [{ lifespan: 0 }, 10, false, false],
      [{ lifespan: 9000 }, 3700, false, false],
      [{ lifespan: 9000 }, 3700, true, true],
      [{ lifespan: 60 }, 3700, false, false],
    ]
    for (const [options, seconds, stays, expected] of cases) {
      const { visitor, clock } = await startLayer(t, LINK_PAGES, { store: open() })
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      const token = await linkOf(ana, options)
      clock.advance({ seconds: seconds / 2 })
      if (stays) await ana.read('/read')
      clock.advance({ milliseconds: Math.round(seconds * 500) })
      const answer = await visitor().read<Described>(come(token))
      assert.equal(answer.id === id, expected, JSON.stringify([options, seconds, stays]))
    }
  })

  test(`[OTP-3] [OTP-8] [OTP-10] a link opens the session with its storage and privileges, and the new browser gets a separate credential, on the ${store} store`, async (t) => {
    for (const spelled of ['$4DSID', '%244DSID', '%244%44SID']) {
      const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: open() })
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      await ana.read('/write?key=a&value=1')
      const token = await linkOf(ana)
      const phone = visitor()
      const answer = await phone.get(`/come?x=1&${spelled}=${token}&y=2`)
      const seen = JSON.parse(answer.text)
      assert.deepEqual([seen.id, seen.userName, seen.storage, seen.isNew], [id, 'Ana Lima', { a: '1' }, false])
      assert.deepEqual(seen.privileges, ['viewCustomers', 'viewStart'])
      assert.equal(answer.setCookies.length, 1)
      assert.notDeepEqual([...phone.cookies], [...ana.cookies])
      assert.ok(!answer.setCookies.join().includes(token))
      await phone.read('/write?key=b&value=2')
      await ana.read('/write?key=c&value=3')
      const both = await Promise.all([ana, phone].map((browser) => browser.read<Described>('/read')))
      for (const { id: same, storage } of both) assert.deepEqual([same, storage], [id, { a: '1', b: '2', c: '3' }])
      const devices = (await manager.get(id))?.devices
      assert.deepEqual(devices?.map(({ kind, via }) => `${kind} ${via}`).sort(), ['cookie link', 'cookie login'])
      await phone.read('/logout')
      assert.equal((await ana.read<Described>('/read')).isGuest, true, 'close() ends the session on every device')
    }
  })

  test(`[OTP-4] a token in another parameter has no effect until the handler calls restore, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana)
    const other = visitor()
    assert.equal((await other.read(`/come?state=${token}`)).isGuest, true)
    assert.equal((await other.read(`/come?$4dsid=${token}`)).isGuest, true)
    const restored = await other.read(`/restore?state=${token}`)
    assert.deepEqual([restored.answer, restored.id, restored.isCurrent, restored.restored], [true, id, true, {}])
    assert.equal((await other.read<Described>('/read')).id, id)
  })

  test(`[OTP-5] an invalid token changes nothing, and all invalid tokens get the same response, on the ${store} store`, async (t) => {
    const { visitor, clock, manager } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/login')
    const used = await linkOf(ana)
    await visitor().read(come(used))
    const expired = await linkOf(ana, { lifespan: 10 })
    clock.advance({ seconds: 11 })
    const closed = visitor()
    await closed.read('/login?user=Cy&id=7')
    const dead = await linkOf(closed)
    await closed.read('/logout')
    const good = await linkOf(ana)
    const bad = [
      used,
      expired,
      dead,
      '',
      'x',
      '0'.repeat(32),
      'A'.repeat(33),
      good.toLowerCase(),
      `%20${good}`,
      `${good}%00`,
      `${good}&$4DSID=${good}`,
      encodeURIComponent(encodeURIComponent(`$${good}`)),
      'F'.repeat(8000),
    ]
    const bo = visitor()
    const mine = await bo.read<Described>('/login?user=Bo&id=5')
    const answers = new Set<string>()
    for (const token of bad) {
      const answer = await bo.get(come(token))
      const seen = JSON.parse(answer.text)
      assert.deepEqual(
        [seen.id, seen.userName, seen.restored, answer.setCookies],
        [mine.id, 'Bo', false, []],
        token.slice(0, 40),
      )
      const stranger = await visitor().get(come(token))
      const guest = JSON.parse(stranger.text)
      assert.deepEqual([guest.isGuest, guest.restored, stranger.setCookies], [true, false, []])
      answers.add(JSON.stringify({ ...guest, id: '' }))
      if (!token.includes('&')) assert.equal((await bo.read(`/restore?state=${token}`)).answer, false)
    }
    assert.equal(answers.size, 1)
    assert.equal((await manager.get(mine.id))?.userName, 'Bo')
    assert.equal((await visitor().read<Described>(come(good))).userName, 'Ana Lima', 'the valid link was not consumed')
  })

  test(`[OTP-7] of twenty concurrent requests that open one link, exactly one opens the session, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    for (let round = 0; round < 5; round++) {
      const token = await linkOf(ana)
      const pages = [come(token), `/restore?state=${token}`]
      const seen = await Promise.all(
        Array.from({ length: 20 }, (_, n) => visitor().read<Described>(pages[n % 2] ?? '')),
      )
      assert.equal(seen.filter((answer) => answer.id === id).length, 1)
    }
  })

  test(`[OTP-9] a browser that opens a link leaves its previous session alive, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: open() })
    const [ana, bo] = [visitor(), visitor()]
    const { id } = await ana.read<Described>('/login')
    const bos = await bo.read<Described>('/login?user=Bo&id=5')
    await bo.read('/write?key=mine&value=1')
    const tab = bo.copy()
    assert.equal((await bo.read<Described>(come(await linkOf(ana)))).id, id)
    assert.equal((await bo.read<Described>('/read')).id, id)
    assert.deepEqual((await tab.read<Described>('/read')).storage, { mine: '1' })
    assert.equal((await manager.get(bos.id))?.userName, 'Bo')
  })

  test(`[OTP-12] HEAD, OPTIONS and prefetch requests do not consume a link, and a prefetch is refused, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana)
    for (const method of ['HEAD', 'OPTIONS']) {
      for (const page of [come(token), `/restore?state=${token}`])
        assert.deepEqual((await visitor().send(page, { method })).setCookies, [])
    }
    for (const [name, value] of [
      ['Sec-Purpose', 'prefetch'],
      ['Sec-Purpose', 'prefetch;prerender'],
      ['Purpose', 'prefetch'],
      ['X-Moz', 'prefetch'],
      ['X-Purpose', 'preview'],
    ] as const) {
      const answer = await visitor().get(come(token), { [name]: value })
      assert.deepEqual([answer.status, answer.setCookies], [503, []])
      assert.match(String(answer.headers['cache-control']), /no-store/)
      assert.equal((await visitor().read(`/restore?state=${token}`, { [name]: value })).answer, false)
    }
    assert.equal((await visitor().read<Described>(come(token))).id, id)
  })

  test(`[OTP-13] a link bound to a path works at this path and at the segments below it, and other paths do not consume it, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana, { path: '/come' })
    for (const page of ['/comeback', '/read', '/%63ome', '/come%2fdeep']) {
      assert.ok(!(await visitor().get(`${page}?$4DSID=${token}`)).text.includes(id), page)
    }
    assert.equal((await visitor().read(`/restore?state=${token}`)).answer, false)
    assert.equal((await visitor().read<Described>(`/come/deep/page?$4DSID=${token}`)).id, id)
  })

  test(`[OTP-14] the data given to createOTP is returned when the link is opened, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/login')
    for (const data of [{ userId: 7, list: ['ü'] }, 'text', 0, null, []]) {
      assert.deepEqual((await visitor().read(come(await linkOf(ana, { data })))).restored, { data })
      assert.deepEqual((await visitor().read(`/restore?state=${await linkOf(ana, { data })}`)).restored, { data })
    }
  })

  test(`[OTP-15] each GET offers a link that needs confirmation, and a POST consumes the link, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana, { confirm: true, data: 1 })
    const madeAt = new Date(clock.now()).toISOString()
    const offered = { userName: 'Ana Lima', data: 1, createdAt: madeAt, device: null }
    clock.advance({ minutes: 1 })
    const scanner = visitor()
    for (let look = 0; look < 10; look++) {
      const answer = await scanner.get(come(token))
      assert.deepEqual(JSON.parse(answer.text).offer, offered)
      assert.deepEqual(answer.setCookies, [])
      assert.equal((await scanner.read(`/restore?state=${token}`)).answer, false)
    }
    const bo = visitor()
    const bos = await bo.read<Described>('/login?user=Bo&id=5')
    assert.deepEqual((await bo.read(come(token))).offer, { ...offered, instead: 'Bo' })
    const kept = JSON.parse((await bo.post(come(token))).text)
    assert.deepEqual(
      [kept.id, kept.offer],
      [bos.id, { ...offered, instead: 'Bo' }],
      'by default, a POST keeps the session of another user',
    )
    const moved = JSON.parse((await bo.post(`${come(token)}&$4DSID.replace=1`)).text)
    assert.deepEqual([moved.id, moved.restored, moved.offer], [id, { data: 1 }, null])
    const second = await linkOf(ana, { confirm: true })
    assert.equal(JSON.parse((await visitor().post(come(second))).text).id, id)
    assert.equal((await visitor().read(come(second))).offer, null)
  })

  test(`[LINK-2] a revoked link opens nothing, and a link that is opened cannot be revoked, on the ${store} store`, async (t) => {
    let beforeDetach = async () => {}
    const linkStore = new Proxy(open(), {
      get(store, name) {
        const value = Reflect.get(store, name)
        if (typeof value !== 'function') return value
        return async (...parameters: unknown[]) => {
          if (name === 'detach') await beforeDetach()
          return Reflect.apply(value, store, parameters)
        }
      },
    })
    const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: linkStore })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana, { confirm: true, data: 1 })
    const revoked: string[] = []
    manager.on('detached', ({ handle, reason }) => revoked.push(`${handle.length > 0} ${reason}`))
    assert.deepEqual(await manager.revokeOTP(token), { data: 1 })
    assert.deepEqual(revoked, ['true revoked'])
    assert.equal((await visitor().read(come(token))).offer, null)
    for (const ended of [token, 'A'.repeat(32), 'x', undefined]) assert.equal(await manager.revokeOTP(ended), undefined)
    assert.equal((await ana.read<Described>('/read')).id, id)

    // The link is opened after revokeOTP() has found it, and before it is detached.
    const raced = await linkOf(ana, {})
    let opened: Described | undefined
    beforeDetach = async () => {
      opened = await visitor().read<Described>(come(raced))
    }
    assert.equal(await manager.revokeOTP(raced), undefined, 'it was opened before')
    assert.equal(opened?.id, id)
  })

  test(`[LINK-2] before a link is opened, a page can show the device that created the link, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const own = JSON.parse((await ana.get('/link?options={"confirm":true}', { 'User-Agent': 'Browser/1' })).text)
    assert.equal((await visitor().read(come(own))).offer.device, 'Browser/1')
    const mailed = await manager.createOTP(id, { confirm: true, device: 'Browser/2', address: '192.0.2.1' })
    assert.equal((await visitor().read(come(mailed))).offer.device, 'Browser/2')
  })

  test(`[OTP-17] restore consumes the session’s own token and returns true; an empty or missing token returns false, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana, { data: 1 })
    const own = await ana.get(`/restore?state=${token}`)
    assert.deepEqual(
      [JSON.parse(own.text).answer, JSON.parse(own.text).restored, own.setCookies],
      [true, { data: 1 }, []],
    )
    assert.equal((await visitor().read(`/restore?state=${token}`)).answer, false)
    for (const query of ['', '?state=', '?state=a&state=b'])
      assert.equal((await ana.read(`/restore${query}`)).answer, false)
    assert.equal((await manager.get(id))?.devices.length, 1)
  })

  test(`[OTP-18] a request-only link lends the session to one request, without a credential or a cookie, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(
      t,
      {
        ...LINK_PAGES,
        '/callback': async (session) => {
          await session.use((storage) => void (storage.approved = true))
          const codes = await Promise.all([
            codeOf(session.createOTP()),
            codeOf(session.clearPrivileges()),
            codeOf(session.setIdleTimeout(6000)),
            codeOf(session.setPrivileges('viewStart')),
            codeOf(session.setPrivileges('manageCustomers')),
            codeOf(session.secureSession()),
            codeOf(session.close()),
          ])
          return { codes, ...describe(session), restored: session.restored }
        },
      },
      { store: open(), guests: 'first-request' },
    )
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await linkOf(ana, { requestOnly: true, data: { order: 3 } })
    const platform = visitor()
    const answer = await platform.get(`/callback?$4DSID=${token}`)
    const seen = JSON.parse(answer.text)
    assert.deepEqual(
      [seen.id, seen.restored, seen.storage, answer.setCookies],
      [id, { data: { order: 3 } }, { approved: true }, []],
    )
    assert.deepEqual(seen.codes, Array(7).fill('FEATURE_NOT_AVAILABLE'))
    assert.equal((await platform.read<Described>('/read')).isGuest, true)
    assert.deepEqual((await ana.read<Described>('/read')).storage, { approved: true })
    assert.equal((await manager.get(id))?.devices.length, 1)
  })

  test(`creating a link stores a guest’s session, and raising the session’s privileges revokes every earlier link, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, LINK_PAGES, { store: open() })
    const guest = visitor()
    const token = await linkOf(guest)
    const victim = visitor()
    await victim.read(come(token))
    const second = await linkOf(guest)
    await victim.read('/login')
    assert.equal(
      (await guest.read<Described>('/read')).isGuest,
      true,
      'the guest who created the link gets no privileges',
    )
    assert.equal((await visitor().read<Described>(come(second))).isGuest, true)
    assert.equal((await victim.read<Described>('/read')).userName, 'Ana Lima')
  })

  test(`only the newest link for a purpose works, and background work can make links by session id, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, LINK_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const [first, other, second] = [
      await manager.createOTP(id, { purpose: 'mail 1' }),
      await manager.createOTP(id, { purpose: 'mail 2' }),
      await manager.createOTP(id, { purpose: 'mail 1' }),
    ]
    assert.equal((await visitor().read<Described>(come(first))).isGuest, true)
    for (const token of [other, second]) assert.equal((await visitor().read<Described>(come(token))).id, id)
    assert.equal(await manager.createOTP('0'.repeat(32)), '')
    await ana.read('/logout')
    assert.equal(await manager.createOTP(id), '')
  })
}

test('[MODE-4] [OTP-17] a REST session creates no links, and a stored link to a REST session opens no session', async (t) => {
  const { visitor, manager, store, clock } = await startLayer(t, LINK_PAGES)
  const record = session(clock, { kind: 'rest', userId: '4', userName: 'Ana' })
  const bearer = credential(clock, { kind: 'bearer', via: 'sign-in' })
  await store.create({ app: 'TEST', session: record, credential: bearer, limits: {}, now: clock.now() })
  assert.equal(await manager.createOTP(record.id), '')
  const token = 'AB'.repeat(16)
  const link = otp(clock, { hash: hash('sha256', token, 'base64url'), details: '{}' })
  assert.equal(await store.attach({ app: 'TEST', id: record.id, credential: link, limits: {}, now: clock.now() }), true)
  for (const page of [come(token), `/restore?state=${token}`])
    assert.notEqual((await visitor().read<Described>(page)).id, record.id)
})

test('[ROW-1] a link that version 0.5.0 created without options is still valid', async (t) => {
  const { visitor, store, clock } = await startLayer(t, LINK_PAGES)
  const record = session(clock, { userId: '4', userName: 'Ana' })
  await store.create({ app: 'TEST', session: record, credential: credential(clock), limits: {}, now: clock.now() })
  const token = 'CD'.repeat(16)
  const link = otp(clock, { hash: hash('sha256', token, 'base64url'), details: '{}' })
  await store.attach({ app: 'TEST', id: record.id, credential: link, limits: {}, now: clock.now() })
  assert.equal((await visitor().read<Described>(come(token))).id, record.id)
})

test('[OTP-16] the response to a link limits the Referer to the origin, and is not cached', async (t) => {
  const { visitor } = await startLayer(t, LINK_PAGES)
  const { headers } = await visitor().get(come('0'.repeat(32)))
  assert.equal(headers['referrer-policy'], 'strict-origin')
  assert.match(String(headers['cache-control']), /no-store/)
})

test('[MODE-5] links of another application on the same store are invalid', async (t) => {
  const store = memoryStore()
  const { visitor } = await startLayer(t, LINK_PAGES, { store })
  const other = await startLayer(t, LINK_PAGES, { store, appName: 'OTHER' })
  const ana = visitor()
  const { id } = await ana.read<Described>('/login')
  const token = await linkOf(ana)
  assert.equal((await other.visitor().read<Described>(come(token))).isGuest, true)
  assert.equal((await visitor().read<Described>(come(token))).id, id)
})

test('invalid options of a link are refused with an error that says what to do', async (t) => {
  const { visitor } = await startLayer(t, {
    ...LINK_PAGES,
    '/wrong': async (session) =>
      Promise.all(
        [
          { lifespan: 'long' },
          { lifespan: -5 },
          { path: 'x' },
          { path: '/x?y' },
          { data: () => {} },
          { data: { when: new Date() } },
        ].map((options) => session.createOTP(options as never).then(String, (error: Error) => error.message)),
      ),
  })
  const ana = visitor()
  await ana.read('/login')
  const messages = await ana.read<string[]>('/wrong')
  const expected = [
    /lifespan: a number of seconds from 0 up.*got "long"/,
    /lifespan: a number of seconds.*got -5/,
    /path is a text that begins with "\/"/,
    /without a query/,
    /createOTP\.data: a function/,
    /createOTP\.data\.when: a Date/,
  ]
  for (const [index, message] of messages.entries()) assert.match(message, expected[index] as RegExp)
})

test('events about links contain handles, but never a token or its hash', async (t) => {
  const { visitor, manager } = await startLayer(t, LINK_PAGES)
  const events: string[] = []
  for (const name of ['linkCreated', 'restored', 'linkRefused'] as const)
    manager.on(name, (event) => events.push(JSON.stringify(event)))
  const ana = visitor()
  await ana.read('/login')
  const token = await linkOf(ana)
  await visitor().read(come(token))
  await visitor().read(come(token))
  assert.deepEqual(
    events.map((event) => JSON.parse(event).type),
    ['linkCreated', 'restored', 'linkRefused'],
  )
  for (const event of events) assert.ok(!event.includes(token) && !event.includes(hash('sha256', token, 'base64url')))
})
