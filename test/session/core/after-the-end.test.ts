import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sessions } from '../../../src/session/index.ts'
import {
  codeOf,
  type Described,
  describe,
  type Handler,
  PAGES,
  STORES,
  type Storage,
  startLayer,
} from '../support/layer.ts'

const MESSAGE_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/message': async (session) => ({ waiting: session.hasMessage, text: await session.takeMessage() }),
  '/twice': async (session) => Promise.all([session.takeMessage(), session.takeMessage()]),
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[SECURE-6] invalidated sessions are removed when they expire, and never with a session timeout of 0, on the ${store} store`, async (t) => {
    for (const [sessionTimeoutMinutes, left] of [
      [20, 0],
      [0, 2],
    ] as const) {
      const { visitor, manager, clock } = await startLayer(t, PAGES, { store: open(), sessionTimeoutMinutes })
      const ana = visitor()
      const { id } = await ana.read<Described>('/write')
      await ana.read('/login')
      const live = visitor()
      clock.advance({ minutes: 19 })
      assert.equal(await manager.sweep(), 0)
      assert.equal((await manager.get(id))?.state, 'invalidated')
      await live.read('/login')
      clock.advance({ minutes: 2 + 5 })
      await live.read('/read')
      await manager.sweep()
      assert.equal((await manager.get(id))?.state, left === 0 ? undefined : 'invalidated')
      assert.equal(await manager.count(), left + 1, 'the live one stays')
    }
  })

  test(`[SECURE-7] an application can remove invalidated sessions itself, even when the handler threw, on the ${store} store`, async (t) => {
    const seen: string[] = []
    let manager: Sessions<Storage> | undefined
    const layer = await startLayer(
      t,
      {
        ...MESSAGE_PAGES,
        '/secure': async (session) => describe(await session.secureSession()),
        '/login-and-fail': async (session) => {
          await session.setPrivileges({ userName: 'Ana Lima', userId: '4', privileges: 'viewStart' }, { login: true })
          throw new Error('the page cannot be rendered')
        },
      },
      {
        store: open(),
        async onRequestEnd({ id, startTime, lastAccessTime }) {
          if (startTime !== null || lastAccessTime !== null) return
          seen.push(id)
          await manager?.removeWithMessage(id, 'Invalidated session')
        },
      },
    )
    manager = layer.manager
    for (const login of ['/secure', '/login', '/login-and-fail']) {
      const ana = layer.visitor()
      const { id } = await ana.read<Described>('/write')
      const attacker = ana.copy()
      const answer = await ana.get(login)
      assert.deepEqual([answer.status, answer.setCookies.length], [login === '/login-and-fail' ? 500 : 200, 1], login)
      assert.equal(seen.at(-1), id)
      assert.equal(await manager.get(id), undefined, 'the same request removes the session')
      assert.equal(await manager.count(), 1)
      assert.equal((await ana.read<Described>('/read')).isNew, false)
      assert.deepEqual(await attacker.read('/message'), { waiting: true, text: 'Invalidated session' })
      assert.equal((await attacker.get('/read')).setCookies.length, 0)
      await ana.read('/logout')
    }
    assert.equal(seen.length, 3)
  })

  test(`[SECURE-7] an error in the hook is reported and does not change the answer, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, {
      store: open(),
      onRequestEnd: () => Promise.reject(new Error('no disk')),
    })
    const warnings: unknown[] = []
    manager.on('warning', ({ error }) => warnings.push((error as Error).message))
    const ana = visitor()
    await ana.read('/login')
    assert.equal((await ana.get('/read')).status, 200)
    assert.deepEqual(warnings, ['no disk'])
  })

  test(`[SECURE-10] each device is shown a message once, on its next page, on the ${store} store`, async (t) => {
    const { visitor, manager, clock } = await startLayer(t, MESSAGE_PAGES, { store: open(), guests: 'first-request' })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const phone = visitor()
    await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
    assert.equal(await manager.removeWithMessage(id, 'Signed out for maintenance'), true)
    assert.equal(await manager.removeWithMessage(id, 'Again'), false)
    clock.advance({ hours: 23 })
    await manager.sweep()
    for (const headers of [
      { 'Sec-Fetch-Mode': 'cors' },
      { Accept: 'text/event-stream' },
      { 'Sec-Purpose': 'prefetch' },
      { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
    ] as Record<string, string>[])
      assert.deepEqual(await ana.read('/message', headers), { waiting: false, text: '' })
    const first = await ana.get('/read')
    assert.deepEqual(first.setCookies, [], 'the cookie stays until the message was shown')
    assert.deepEqual(await ana.read('/twice'), ['Signed out for maintenance', ''])
    assert.deepEqual(await ana.read('/message'), { waiting: false, text: '' })
    assert.deepEqual(await phone.read('/message'), { waiting: true, text: 'Signed out for maintenance' })
    assert.deepEqual(await visitor().read('/message'), { waiting: false, text: '' })

    const late = visitor()
    const { id: lateId } = await late.read<Described>('/login')
    await manager.removeWithMessage(lateId, 'Too late')
    clock.advance({ hours: 24 })
    assert.deepEqual(await late.read('/message'), { waiting: false, text: '' })
    const quiet = visitor()
    const { id: quietId } = await quiet.read<Described>('/login')
    await manager.removeWithMessage(quietId, '')
    assert.deepEqual(await quiet.read('/message'), { waiting: false, text: '' })
  })

  test(`[SECURE-10] ending one session, or all sessions of a user, can also leave a message, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, MESSAGE_PAGES, { store: open() })
    const [ana, ben] = [visitor(), visitor()]
    const { id } = await ana.read<Described>('/login')
    await ben.read('/login?user=Ben&id=5')
    await manager.end(id, 'revoked', { message: 'You were signed out by an administrator.' })
    await manager.endMany({ userId: '5' }, 'revoked', { message: 'Your role has changed.' })
    assert.equal((await ana.read('/message')).text, 'You were signed out by an administrator.')
    assert.equal((await ben.read('/message')).text, 'Your role has changed.')
  })

  test(`[SECURE-11] a login that is repeated because its response was lost leaves no unused session behind, on the ${store} store`, async (t) => {
    const ended: string[] = []
    const { visitor, manager, clock } = await startLayer(t, PAGES, { store: open(), maxSessions: 2 })
    manager.on('ended', ({ id, reason }) => ended.push(`${id} ${reason}`))
    const ana = visitor()
    const { id: guest } = await ana.read<Described>('/write')
    const lost = await ana.copy().read<Described>('/login')
    assert.equal(await manager.count(), 2, 'no licence is left')
    clock.advance({ seconds: 59 })
    const again = await ana.read<Described>('/login')
    assert.equal((await ana.read<Described>('/read')).id, again.id)
    assert.deepEqual(ended, [`${guest} secured`, `${lost.id} secured`])
    assert.equal(await manager.get(lost.id), undefined)
    assert.equal(await manager.count({ userId: '4' }), 1)
  })

  test(`[SECURE-11] a secureSession that is repeated because its response was lost leaves no unused session behind, on the ${store} store`, async (t) => {
    const login: Handler = async (session) => {
      const secured = await session.secureSession()
      await secured.setPrivileges({ userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' })
      return describe(secured)
    }
    const { visitor, manager } = await startLayer(t, { ...PAGES, '/jade': login }, { store: open() })
    const ana = visitor()
    await ana.read('/write')
    const lost = await ana.copy().read<Described>('/jade')
    const again = await ana.read<Described>('/jade')
    assert.equal((await ana.read<Described>('/read')).id, again.id)
    assert.equal(await manager.get(lost.id), undefined)
    assert.equal(await manager.count({ userId: '4' }), 1)
  })

  test(`[SECURE-10] with the cookies of two ended sessions, the message of the session that ended later is shown, on the ${store} store`, async (t) => {
    const { visitor, manager, clock } = await startLayer(t, MESSAGE_PAGES, { store: open() })
    const cookies: string[] = []
    for (const text of ['first', 'second']) {
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      cookies.push(`4DSID_TEST=${ana.cookies.get('4DSID_TEST')}`)
      clock.advance({ minutes: 1 })
      await manager.end(id, 'revoked', { message: text })
    }
    for (const Cookie of [cookies.join('; '), cookies.reverse().join('; ')]) {
      const { text } = await visitor().read('/message', { Cookie })
      assert.equal(text, Cookie === cookies.join('; ') ? '' : 'second')
    }
  })

  test(`[SECURE-11] a repeated login keeps a session that is in use, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open() })
    const arrived = visitor()
    await arrived.read('/write')
    const first = arrived.copy()
    const there = arrived.copy()
    const { id } = await first.read<Described>('/login')
    await first.read('/read')
    await there.read('/login')
    await there.read('/read')
    assert.equal((await first.read<Described>('/read')).id, id)
  })

  test(`[LIC-1] [LIC-2] every existing session uses a licence, and existing sessions keep working at the limit, on the ${store} store`, async (t) => {
    const pages: Record<string, Handler> = {
      ...PAGES,
      '/try': async (session) => codeOf(session.use((storage) => void (storage.a = 1))),
      '/try-login': async (session) =>
        codeOf(session.setPrivileges({ userId: '9', privileges: 'viewStart' }, { login: true })),
    }
    const { visitor, manager } = await startLayer(t, pages, { store: open(), maxSessions: 3 })
    const ana = visitor()
    const { id: invalidated } = await ana.read<Described>('/write')
    await ana.read('/login')
    const guest = visitor()
    await guest.read('/write')
    assert.equal(await manager.count(), 3)
    for (const path of ['/try', '/try-login']) assert.equal((await visitor().get(path)).text, '"SESSION_LIMIT"')
    const late = visitor()
    const refused = await late.get('/write')
    assert.deepEqual([refused.status, refused.headers['retry-after'], refused.setCookies], [503, '5', []])
    assert.equal((await ana.get('/write')).status, 200)
    assert.equal(await guest.read('/try-login'), 'done', 'the login uses the licence of the guest’s session')
    assert.equal(await manager.count(), 3)
    assert.equal(await manager.removeWithMessage(invalidated, ''), true)
    assert.equal((await late.get('/write')).status, 200)
  })

  test(`[LIC-2] guests have a separate limit, and above this limit visitors get pages without a session, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), maxGuests: 1, guests: 'first-request' })
    const [first, second] = [visitor(), visitor()]
    assert.equal((await first.get('/read')).setCookies.length, 1)
    const page = await second.get('/read')
    assert.deepEqual([page.status, page.setCookies], [200, []])
    assert.equal((await second.read<Described>('/login')).isGuest, false)
    assert.equal(await manager.count({ state: 'guest' }), 1)
  })

  test(`[LIC-3] of many concurrent sign-ins of one user, as many as the limit stay alive, including the newest sign-in, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), maxSessionsPerUser: 3 })
    for (let round = 0; round < 3; round++) {
      const devices = Array.from({ length: 12 }, visitor)
      await Promise.all(devices.map((device) => device.read('/login')))
      assert.equal(await manager.count({ userId: '4' }), 3)
      const states = await Promise.all(devices.map((device) => device.read<Described>('/read')))
      assert.equal(states.filter(({ isGuest }) => !isGuest).length, 3)
      const newest = visitor()
      await newest.read('/login')
      assert.equal((await newest.read<Described>('/read')).isGuest, false)
      assert.equal(await manager.count({ userId: '4' }), 3)
    }
  })

  test(`[LIC-3] a sign-in ends no API token, and an API token ends no sign-in, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), maxSessionsPerUser: 1 })
    const ana = visitor()
    await ana.read('/login')
    const { id } = await manager.newToken('4', { name: 'Nightly export' })
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
    await visitor().read('/login')
    assert.equal((await ana.read<Described>('/read')).isGuest, true)
    assert.equal((await manager.get(id))?.state, 'live')
  })

  test(`[LIC-4] above the device limit, the least recently used device is signed out, on the ${store} store`, async (t) => {
    const { visitor, manager, clock } = await startLayer(t, PAGES, { store: open(), maxCredentials: 2 })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const devices = []
    for (let n = 0; n < 3; n++) {
      clock.advance({ minutes: 2 })
      await ana.read('/read')
      const device = visitor()
      await device.read(`/read?$4DSID=${await manager.createOTP(id)}`)
      devices.push(device)
    }
    assert.equal((await manager.get(id))?.devices.length, 2)
    const guests = await Promise.all(
      [ana, ...devices].map(async (device) => (await device.read<Described>('/read')).isGuest),
    )
    assert.deepEqual(guests, [false, true, true, false])
  })
}
