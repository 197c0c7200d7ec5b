import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { createSessions, type SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { until } from '../../support/until.ts'
import { codeOf, type Described, describe, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

/** Waits for the async work of timers. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[LIFE-1] an hour without a request closes the session, and activity postpones the end, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES, { store: open() })
    const ana = visitor()
    await ana.read('/login')
    clock.advance({ seconds: 3599 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false, 'alive at idle − 1 s')
    clock.advance({ seconds: 59 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false, 'the store does not record this request')
    clock.advance({ seconds: 3599 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false, 'the unrecorded request postpones the end too')
    clock.advance({ seconds: 3661 })
    assert.equal((await ana.read<Described>('/read')).isGuest, true, 'dead at idle + 61 s')
  })

  test(`[LIFE-1] [LIFE-9] inactive sessions are closed even if no request arrives, on the ${store} store`, async (t) => {
    const { visitor, clock, manager } = await startLayer(t, PAGES, { store: open() })
    const ended: unknown[] = []
    manager.on('ended', ({ id, reason, userName }) => ended.push({ id, reason, userName }))
    const { id } = await visitor().read<Described>('/login')
    for (let minute = 0; minute < 68; minute++) {
      clock.advance({ minutes: 1 })
      await settle()
    }
    // A store on a server sweeps asynchronously, at most a minute later.
    await until('it is swept', async () => {
      clock.advance({ seconds: 10 })
      return ended.length > 0
    })
    assert.deepEqual(ended, [{ id, reason: 'idle', userName: 'Ana Lima' }])
    assert.equal(await manager.count(), 0)
  })

  test(`[NAME-5] a lifetime that a store cannot keep is refused, and the longest allowed lifetime is kept, on the ${store} store`, async (t) => {
    const years = 100
    const shared = open()
    const impossible = [1e10 * 3600, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN, -1, '60', null]
    for (const value of impossible) {
      for (const option of [
        { idleTimeoutMinutes: value },
        { minIdleTimeoutMinutes: value },
        { sessionTimeoutMinutes: value },
        { absoluteHours: { web: value } },
        { absoluteHours: { rest: value } },
        { sweepSeconds: value },
      ])
        assert.throws(() => createSessions({ appName: 'TEST', store: shared, ...option } as never), {
          name: 'TypeError',
          message: /: a number of (hours|minutes|seconds) from [01] up to \d+ \(100 years\), got /,
        })
    }
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/refused': (session) =>
          Promise.all(
            impossible.flatMap((value) => [
              codeOf(session.setIdleTimeout(value as never)),
              codeOf(session.createOTP({ lifespan: value as never })),
            ]),
          ),
        '/longest': async (session) => {
          await session.setIdleTimeout(years * 365 * 24 * 60)
          await session.createOTP({ lifespan: years * 365 * 86_400 })
          return describe(session)
        },
      },
      { store: shared, absoluteHours: { web: years * 365 * 24 } },
    )
    for (const value of impossible) {
      for (const option of [{ idleSeconds: value }, { absoluteSeconds: value }])
        await assert.rejects(manager.newToken('4', option as never), { name: 'TypeError', message: /^A token's / })
    }
    const ana = visitor()
    for (const answer of await ana.read<string[]>('/refused'))
      assert.match(answer, /^TypeError: .* \(100 years\), got /)
    assert.equal(await manager.count(), 0)

    const { expirationDate } = await ana.read<Described>('/longest')
    assert.deepEqual((await ana.read<Described>('/read')).expirationDate, expirationDate)
    await manager.newToken('4', { idleSeconds: 0.0001, absoluteSeconds: years * 365 * 86_400 - 0.0001 })
    assert.equal((await manager.list({}, { sort: 'end' })).sessions[0]?.expirationDate, expirationDate)
  })

  test(`[LIFE-2] the idle timeout is at least 60 minutes, and the expiration date follows it at once, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(
      t,
      {
        ...PAGES,
        '/idle': async (session, ctx) => {
          await session.setIdleTimeout(Number(ctx.query.minutes))
          return { idleTimeout: session.idleTimeout, expirationDate: session.expirationDate }
        },
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    const inMinutes = (minutes: number) => new Date(clock.now() + minutes * 60_000).toISOString()
    assert.deepEqual(await ana.read('/idle?minutes=30'), { idleTimeout: 60, expirationDate: inMinutes(60) })
    assert.deepEqual(await ana.read('/idle?minutes=120'), { idleTimeout: 120, expirationDate: inMinutes(120) })
    clock.advance({ minutes: 119 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
    assert.deepEqual(await ana.read('/idle?minutes=60'), { idleTimeout: 60, expirationDate: inMinutes(60) })
    clock.advance({ seconds: 3661 })
    assert.equal((await ana.read<Described>('/read')).isGuest, true)
  })

  test(`[LIFE-2] a configured minimum replaces the 60 minutes, for setIdleTimeout and for the option, on the ${store} store`, async (t) => {
    const setIdle: Handler = async (session, ctx) => {
      const before = session.idleTimeout
      await session.setIdleTimeout(Number(ctx.query.minutes))
      return [before, session.idleTimeout]
    }
    const options = { store: open(), idleTimeoutMinutes: 5, minIdleTimeoutMinutes: 10 }
    const { visitor, clock } = await startLayer(t, { ...PAGES, '/idle': setIdle }, options)
    const ana = visitor()
    await ana.read('/login')
    assert.deepEqual(await ana.read('/idle?minutes=20'), [10, 20])
    assert.deepEqual(await ana.read('/idle?minutes=9'), [20, 10])
    clock.advance({ seconds: 599 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
    clock.advance({ seconds: 661 })
    assert.equal((await ana.read<Described>('/read')).isGuest, true)
  })

  test(`[LIFE-3] after closing, the visitor is a guest with empty storage and a new cookie, and the old cookie gives no access, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES, { store: open(), guests: 'first-request' })
    const ana = visitor()
    const old = await ana.read<Described>('/login')
    await ana.read('/write?key=secret&value=1')
    const thief = ana.copy()
    await ana.read('/logout')
    const answer = await ana.get('/read')
    const fresh = JSON.parse(answer.text) as Described
    assert.equal(answer.setCookies.length, 1)
    assert.notEqual(fresh.id, old.id)
    assert.deepEqual([fresh.isGuest, fresh.userName, fresh.storage], [true, '', {}])
    for (const seconds of [0, 61, 3600]) {
      clock.advance({ seconds })
      const stolen = await thief.copy().read<Described>('/read')
      assert.deepEqual([stolen.isGuest, stolen.storage], [true, {}])
      assert.notEqual(stolen.id, old.id)
    }
  })

  test(`[LIFE-7] an absolute timeout ends a session however active it is, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PAGES, { store: open(), absoluteHours: { web: 2 } })
    const ana = visitor()
    const { expirationDate } = await ana.read<Described>('/login')
    const end = clock.now() + 2 * 3_600_000
    assert.equal(expirationDate, new Date(clock.now() + 3_600_000).toISOString())
    for (let visit = 0; visit < 11; visit++) {
      clock.advance({ minutes: 10 })
      assert.equal((await ana.read<Described>('/read')).isGuest, false)
    }
    assert.equal((await ana.read<Described>('/read')).expirationDate, new Date(end).toISOString())
    clock.advance({ milliseconds: end - clock.now() - 1 })
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
    clock.advance({ milliseconds: 1 })
    assert.equal((await ana.read<Described>('/read')).isGuest, true)
  })

  test(`[LIFE-8] a polling request may opt out of counting as activity, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(
      t,
      { ...PAGES, '/poll': describe },
      { store: open(), touch: (ctx) => ctx.path !== '/poll' },
    )
    const [polling, reading] = [visitor(), visitor()]
    await polling.read('/login')
    await reading.read('/login')
    for (let visit = 0; visit < 7; visit++) {
      clock.advance({ minutes: 9 })
      await polling.read('/poll')
      await reading.read('/read')
    }
    assert.equal((await polling.read<Described>('/poll')).isGuest, true)
    assert.equal((await reading.read<Described>('/read')).isGuest, false)
  })

  test(`[LIFE-10] after close() the same request sees a guest with empty storage, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/leave': async (session, ctx) => {
          const before = session.id
          await session.close()
          await session.close()
          return { same: ctx.session === session && session.id === before, ...describe(session) }
        },
      },
      { store: open() },
    )
    const ana = visitor()
    await ana.read('/login')
    await ana.read('/write')
    const left = await ana.read('/leave')
    assert.deepEqual([left.same, left.isGuest, left.userName, left.storage], [false, true, '', {}])
  })

  test(`[LIFE-11] two processes whose clocks differ by 30 s neither end nor shorten each other’s sessions, on the ${store} store`, async (t) => {
    const shared = open()
    const right = manualClock()
    const ahead = manualClock(right.now() + 30_000)
    const advance = (by: { minutes?: number; seconds?: number }) => {
      right.advance(by)
      ahead.advance(by)
    }
    const one = await startLayer(t, PAGES, { store: shared, clock: right })
    const two = await startLayer(t, PAGES, { store: shared, clock: ahead })
    const ana = one.visitor()
    await ana.read('/login')
    const there = two.visitor()
    const swap = (from: typeof ana, to: typeof ana) => {
      to.cookies.clear()
      for (const [name, value] of from.cookies) to.cookies.set(name, value)
    }
    swap(ana, there)
    for (let visit = 0; visit < 4; visit++) {
      advance({ minutes: 59, seconds: 59 })
      const [first, second] = visit % 2 === 0 ? [there, ana] : [ana, there]
      const seen = await first.read<Described>('/read')
      assert.equal(seen.isGuest, false)
      assert.equal((await second.read<Described>('/read')).isGuest, false)
      assert.ok(
        (await one.manager.get(seen.id))?.expirationDate ?? '' >= (seen.expirationDate ?? ''),
        'an end never moves backwards',
      )
      await one.manager.sweep()
      await two.manager.sweep()
    }
    assert.equal((await ana.read<Described>('/read')).isGuest, false)
  })
}

test('[LIFE-6] with a session timeout of 0 sessions never expire, and a warning says so', async (t) => {
  const clock = manualClock()
  const { visitor, manager } = await startLayer(t, PAGES, { sessionTimeoutMinutes: 0, clock })
  const warnings: string[] = []
  manager.on('warning', ({ message }) => warnings.push(message))
  const ana = visitor()
  const login = await ana.read<Described>('/login')
  assert.equal(login.expirationDate, null)
  clock.advance({ hours: 72 })
  await manager.sweep()
  assert.equal((await ana.read<Described>('/read')).id, login.id)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /never expire/)
})

test('[LIFE-4] a stop that failed because of the store can be repeated, and then closes the sessions', async () => {
  for (const call of ['leave', 'endMany'] as const) {
    const { presence, ...memory } = memoryStore()
    assert.ok(presence)
    let isDown = true
    const unlessDown = <T>(step: () => Promise<T>) => (isDown ? Promise.reject(new Error('locked')) : step())
    const store: SessionStore = {
      ...memory,
      presence: { ...presence, ...(call === 'leave' && { leave: (by) => unlessDown(() => presence.leave(by)) }) },
      ...(call === 'endMany' && { endMany: (all) => unlessDown(() => memory.endMany(all)) }),
    }
    const manager = createSessions({ appName: 'TEST', store, clock: manualClock(), closeOnStop: true })
    await manager.newToken('4', {})
    await assert.rejects(manager.close(), { code: 'STORE_UNAVAILABLE' }, call)
    isDown = false
    assert.equal(await manager.count(), 1)
    await manager.close()
    assert.equal(await manager.count(), 0, call)
  }
})

test('[LIFE-4] an embedded store closes its sessions when the last process that uses it stops, and not before', async () => {
  for (const store of [memoryStore(), sqliteStore(new Database(':memory:'))]) {
    const clock = manualClock()
    const options = { appName: 'TEST', store, clock, closeOnStop: true }
    const [one, two] = [createSessions(options), createSessions({ ...options, closeOnStop: false })]
    const session = await one.resume({
      cookieHeader: undefined,
      oneTimeToken: undefined,
      path: '/',
      linkUse: 'open',
      replacesUser: false,
      mayBeginGuest: true,
      countsAsActivity: true,
      device: null,
      address: null,
      headersSent: () => false,
      setCookie: () => {},
      setCurrent: () => {},
      onClose: () => {},
    })
    await session.setPrivileges({ userName: 'Ana', userId: '4' })
    const ended: string[] = []
    one.on('ended', ({ reason }) => ended.push(reason))
    await one.close()
    assert.equal((await two.get(session.id))?.userName, 'Ana')
    const three = createSessions(options)
    await two.close()
    assert.equal((await three.get(session.id))?.userName, 'Ana', 'a process that keeps sessions closes none')
    three.on('ended', ({ reason }) => ended.push(reason))
    await three.close()
    assert.deepEqual(ended, ['stopped'])
    assert.equal(await createSessions(options).count(), 0)
  }
})

test('a session’s signal aborts when the session ends, when its device is signed out, and when it expires', async (t) => {
  for (const how of ['close', 'detach', 'expire', 'secure'] as const) {
    const clock = manualClock()
    let aborted: Promise<string> | undefined
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/stream': async (session, ctx) => {
          ctx.respond = false
          ctx.res.write('open')
          const { signal } = session
          aborted = new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              ctx.res.end()
              resolve('aborted')
            }),
          )
          ctx.res.emit('streaming')
        },
      },
      { clock },
    )
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    const stream = ana.get('/stream')
    while (!aborted) await settle()
    if (how === 'close') await ana.read('/logout')
    if (how === 'secure') await ana.read('/login')
    if (how === 'detach') await manager.detach(id, (await manager.get(id))?.devices[0]?.handle ?? '')
    if (how === 'expire') {
      clock.advance({ minutes: 62 })
      await settle()
      clock.advance({ seconds: 1 })
    }
    assert.equal(await aborted, 'aborted', how)
    assert.equal((await stream).text, 'open')
  }
})
