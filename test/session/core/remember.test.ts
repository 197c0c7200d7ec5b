import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { codeOf, type Described, describe, gate, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ANA = { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }

const PAGES_TO_REMEMBER: Record<string, Handler> = {
  ...PAGES,
  '/remember': async (session, ctx) => {
    const days = Number(ctx.query.days ?? 30)
    await session.setPrivileges(ANA, { login: true, remember: { days } })
    return describe(session)
  },
  '/write-and-remember': async (session) => {
    await session.use((storage) => void (storage.cart = 1))
    await session.setPrivileges(ANA, { login: true, remember: { days: 30 } })
    return describe(session)
  },
  '/remember-and-log-in': async (session) => {
    await session.setPrivileges({ privileges: [] }, { login: true, remember: { days: 30 } })
    await session.setPrivileges(ANA, { login: true })
    return describe(session)
  },
  '/renew': async (session) => {
    await session.renew({ login: true })
    return describe(session)
  },
  '/secure': async (session) => describe(await session.secureSession()),
  '/more': async (session) => {
    await session.setPrivileges('manageCustomers')
    return describe(session)
  },
  '/idle': async (session) => {
    await session.setIdleTimeout(120)
    return describe(session)
  },
  '/link': (session) => session.createOTP({ lifespan: 30 * 24 * 3600 }),
  '/short-link': (session) => session.createOTP(),
  '/recent': (session) => session.hasRecentLogin(15),
}

const maxAgeOf = ([cookie = '']: readonly string[]) => /; Max-Age=(.*)$/.exec(cookie)?.[1]

for (const [store, open] of Object.entries(STORES)) {
  test(`[REMEMBER-1] a login with remember lives for these days without a request, and the browser keeps its cookie, on the ${store} store`, async (t) => {
    const { visitor, clock, manager } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    for (const path of ['/remember', '/write-and-remember', '/remember?guest']) {
      const ana = visitor()
      if (path.endsWith('guest')) await ana.get('/write')
      const login = await ana.get(path)
      const start = clock.now()
      assert.equal(login.setCookies.length, 1)
      assert.equal(maxAgeOf(login.setCookies), String((30 * DAY) / 1000))
      const { id, expirationDate } = JSON.parse(login.text) as Described
      assert.equal(expirationDate, new Date(start + 30 * DAY).toISOString())
      const described = await manager.get(id)
      assert.equal(described?.idleEndTime?.getTime(), start + 30 * DAY)
      assert.equal(described?.absoluteEndTime?.getTime(), start + 30 * DAY)
      clock.advance({ milliseconds: 30 * DAY - 1 })
      assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima', path)
      clock.advance({ milliseconds: 1 })
      assert.equal((await ana.read<Described>('/read')).userName, '', path)
    }
  })

  test(`[REMEMBER-2] each later cookie of this device keeps the remaining time, also after a new proof of the password, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    const ana = visitor()
    const { expirationDate } = await ana.read<Described>('/remember')
    let left = 30 * DAY
    for (const path of ['/renew', '/secure', '/more', '/renew', '/secure']) {
      clock.advance({ hours: 20 })
      left -= 20 * HOUR
      const answer = await ana.get(path)
      assert.equal(maxAgeOf(answer.setCookies), String(left / 1000), path)
      assert.equal((JSON.parse(answer.text) as Described).expirationDate, expirationDate, path)
    }
    clock.advance({ milliseconds: left - 1 })
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
    assert.equal(maxAgeOf((await ana.get('/renew')).setCookies), '1', 'a Max-Age of 0 would delete the cookie')
    clock.advance({ milliseconds: 1 })
    assert.equal((await ana.read<Described>('/read')).userName, '')
  })

  test(`[REMEMBER-3] a device that joins by a link gets an ordinary cookie that ends after the ordinary absolute timeout, on the ${store} store`, async (t) => {
    const { visitor, clock, manager } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    const [ana, phone, late] = [visitor(), visitor(), visitor()]
    const { id } = await ana.read<Described>('/remember')
    const link = await ana.read<string>('/link')
    const opened = await phone.get(`/read?$4DSID=${link}`)
    assert.equal(maxAgeOf(opened.setCookies), undefined)
    const until = new Date(clock.now() + 12 * HOUR).toISOString()
    assert.equal((JSON.parse(opened.text) as Described).expirationDate, until)
    clock.advance({ hours: 6 })
    const renewed = await phone.get('/renew')
    assert.deepEqual([renewed.setCookies.length, maxAgeOf(renewed.setCookies)], [1, undefined])
    clock.advance({ milliseconds: 6 * HOUR - 1 })
    assert.equal((await phone.read<Described>('/read')).userName, 'Ana Lima')
    assert.equal((await manager.get(id))?.devices.length, 2)
    clock.advance({ milliseconds: 1 })
    assert.equal((await phone.read<Described>('/read')).userName, '')
    assert.equal((await manager.get(id))?.devices.length, 1)
    assert.equal((await ana.read<Described>('/read')).id, id)
    clock.advance({ milliseconds: 29 * DAY })
    await late.get(`/read?$4DSID=${await ana.read<string>('/link')}`)
    const lastHours = await late.get('/renew')
    assert.deepEqual(
      [lastHours.setCookies.length, maxAgeOf(lastHours.setCookies)],
      [1, undefined],
      'in the last 12 hours',
    )
    clock.advance({ hours: 12 })
    assert.deepEqual([(await late.read<Described>('/read')).userName, await manager.get(id)], ['', undefined])
  })

  test(`[REMEMBER-3] a link of a joined device brings no device into the session for longer, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    const [ana, phone, tablet] = [visitor(), visitor(), visitor()]
    await ana.read<Described>('/remember')
    await phone.get(`/read?$4DSID=${await ana.read<string>('/link')}`)
    clock.advance({ milliseconds: 12 * HOUR - 1 })
    const [opened, unopened] = [await phone.read<string>('/link'), await phone.read<string>('/link')]
    assert.equal((await tablet.read<Described>(`/read?$4DSID=${opened}`)).userName, 'Ana Lima')
    clock.advance({ milliseconds: 1 })
    assert.equal((await tablet.read<Described>('/read')).userName, '')
    assert.equal((await visitor().read<Described>(`/read?$4DSID=${unopened}`)).userName, '')
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  })

  test(`[REMEMBER-3] a joined device that replaces the session keeps its own end, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    const [ana, phone] = [visitor(), visitor()]
    await ana.read<Described>('/remember')
    await phone.get(`/read?$4DSID=${await ana.read<string>('/link')}`)
    clock.advance({ hours: 6 })
    for (const path of ['/secure', '/more']) assert.equal(maxAgeOf((await phone.get(path)).setCookies), undefined)
    assert.equal((await ana.read<Described>('/read')).userName, '')
    clock.advance({ milliseconds: 6 * HOUR - 1 })
    assert.equal((await phone.read<Described>('/read')).userName, 'Ana Lima')
    clock.advance({ milliseconds: 1 })
    assert.equal((await phone.read<Described>('/read')).userName, '')
  })

  test(`[REMEMBER-5] a later login without remember begins an ordinary session with a session cookie, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER, { store: open() })
    const ana = visitor()
    for (const query of ['', '?user=Bo&id=5']) {
      await ana.read<Described>('/remember')
      const login = await ana.get(`/login${query}`)
      assert.deepEqual([login.setCookies.length, maxAgeOf(login.setCookies)], [1, undefined])
      const { expirationDate } = JSON.parse(login.text) as Described
      assert.equal(expirationDate, new Date(clock.now() + HOUR).toISOString())
    }
    clock.advance({ minutes: 62 })
    assert.equal((await ana.read<Described>('/read')).userName, '')
  })
}

test('[REMEMBER-3] the signal of a joined device aborts when its cookie expires, although the session lives on', async (t) => {
  const store = { ...memoryStore(), announcements: { listen: () => () => {} } }
  const waiting = gate()
  const wait: Handler = async ({ signal }) => {
    void waiting.pass()
    await Promise.race([once(signal, 'abort'), setTimeout(2000)])
    return signal.aborted
  }
  const { visitor, clock } = await startLayer(t, { ...PAGES_TO_REMEMBER, '/wait': wait }, { store })
  const [ana, phone] = [visitor(), visitor()]
  await ana.read('/remember')
  await phone.get(`/read?$4DSID=${await ana.read<string>('/link')}`)
  clock.advance({ milliseconds: 12 * HOUR - 5000 })
  const isAborted = phone.read<boolean>('/wait')
  await waiting.reached
  await new Promise(setImmediate) // the signal has asked the store
  clock.advance({ milliseconds: 5000 })
  assert.equal(await isAborted, true)
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
})

test('[REMEMBER-5] a remembered user is asked for the password as any other user', async (t) => {
  const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER)
  const ana = visitor()
  await ana.read('/remember')
  assert.equal(await ana.read('/recent'), true)
  clock.advance({ minutes: 16 })
  assert.equal(await ana.read('/recent'), false)
})

test('[REMEMBER-5] a shorter idle timeout may end a remembered session earlier, and stays after a rotation', async (t) => {
  const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER)
  const ana = visitor()
  await ana.read('/remember')
  for (const path of ['/idle', '/secure']) {
    const { expirationDate } = await ana.read<Described>(path)
    assert.equal(expirationDate, new Date(clock.now() + 2 * HOUR).toISOString(), path)
  }
})

test('[REMEMBER-5] a link of a remembered session without a lifespan is valid for the ordinary idle timeout', async (t) => {
  const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER)
  for (const days of [1, 30]) {
    const ana = visitor()
    await ana.read(`/remember?days=${days}`)
    const link = await ana.read<string>('/short-link')
    clock.advance({ hours: 1 })
    assert.equal((await visitor().read<Described>(`/read?$4DSID=${link}`)).userName, '', `${days}`)
  }
})

test('[REMEMBER-5] a login without remember begins an ordinary session also in the request that began a remembered one', async (t) => {
  const { visitor, clock } = await startLayer(t, PAGES_TO_REMEMBER)
  const login = await visitor().get('/remember-and-log-in')
  assert.equal(maxAgeOf(login.setCookies), undefined)
  const { userName, expirationDate } = JSON.parse(login.text) as Described
  assert.deepEqual([userName, expirationDate], [ANA.userName, new Date(clock.now() + HOUR).toISOString()])
})

test('[REMEMBER-6] an invalid remember is a TypeError that says what is valid, and no user is logged in', async (t) => {
  const days = (value: unknown) => ({ login: true, remember: { days: value } })
  const wrong: [unknown, RegExp][] = [
    ...[0, 0.5, 400.1, -1, Number.NaN, Number.POSITIVE_INFINITY, '30', null, undefined].map(
      (value): [unknown, RegExp] => [days(value), /remember\.days is a number from 1 to 400, got/],
    ),
    [{ remember: { days: 30 } }, /remember needs login: true/],
    [{ login: false, remember: { days: 30 } }, /remember needs login: true/],
    [{ login: true, remember: true }, /takes an object with options, got a boolean/],
    [{ login: true, remember: { hours: 3 } }, /hours is not an option of remember of setPrivileges\(\)/],
  ]
  const { visitor, manager } = await startLayer(t, {
    '/wrong': async (session, ctx) => {
      const [options] = wrong[Number(ctx.query.n)] ?? []
      const error = await session.setPrivileges(ANA, options as never).catch((caught) => caught)
      return [error instanceof TypeError, String(error), session.userName]
    },
    '/right': async (session, ctx) =>
      codeOf(session.setPrivileges(ANA, { login: true, remember: { days: Number(ctx.query.days) } })),
  })
  for (const [n, [, message]] of wrong.entries()) {
    const [isTypeError, text, userName] = await visitor().read<[boolean, string, string]>(`/wrong?n=${n}`)
    assert.deepEqual([isTypeError, userName], [true, ''])
    assert.match(text, message)
  }
  assert.equal(await manager.count(), 0)
  for (const value of [1, 1.5, 400]) assert.equal(await visitor().read(`/right?days=${value}`), 'done')
})
