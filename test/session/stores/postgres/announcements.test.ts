import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test, { after } from 'node:test'
import type { Pool, PoolClient } from 'pg'
import type { SessionId } from '../../../../src/session/index.ts'
import type { Credential } from '../../../../src/session/record.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { APP, credential, NO_LIMITS, otp, session, stored } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { Program, type Scope } from '../../../support/process.ts'
import { administer, postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
// A second is promised; a machine that is busy may be late.
const PATIENCE_MILLISECONDS = 5000

if (postgresUrl !== undefined) {
  const { url, pool, store } = await preparedDatabase({ after })
  const create = (userId: string | null = null) => stored({ store, clock }, { userId })

  test('every end is told to whoever listens for that application, in other processes too', async (t) => {
    const { listen } = elsewhere(t, url)
    const [mine, others] = [await listen(APP), await listen('OTHER')]
    for (const [step, act] of Object.entries(ENDS)) {
      const { record, cookie } = await create(step)
      await act(record.id, cookie)
      await mine.tells(record.id, step)
    }
    assert.deepEqual(others.all, [], 'another application hears nothing')
  })

  test('what ends nothing is not announced', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    const { record, cookie } = await create()
    await store.update(APP, record.id, { by: cookie.hash }, 'w', { storage: '{"a":1}' }, NO_LIMITS, clock.now())
    await store.touch(APP, record.id, cookie.hash, { device: null, address: null }, clock.now())
    await store.attach(APP, record.id, credential(clock), undefined, { credentials: 5, otps: 5 }, clock.now())
    await store.detach(APP, record.id, 'nothing', 'revoked', clock.now())
    await store.end(APP, record.id, 'closed', clock.now(), { by: 'nobody' })
    const last = await create()
    await store.end(APP, last.record.id, 'closed', clock.now())
    await heard.tells(last.record.id, 'the last one')
    assert.deepEqual(heard.all, [undefined, last.record.id])
  })

  test('when very many end at once, one message says that it may be anybody', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    for (let n = 0; n < 101; n++) await create('many')
    assert.equal((await store.endMany(APP, { userId: 'many' }, 'stopped', clock.now())).length, 101)
    await heard.tells(undefined, 'the end of many', 2)
    assert.deepEqual(heard.all, [undefined, undefined])
  })

  test('what others say on the same channel harms nobody: it may mean anything', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    await pool.query(`SELECT pg_notify('session_ends', 'hello'), pg_notify('session_ends', '')`)
    await heard.tells(undefined, 'both', 3)
  })

  test('a listener whose connection was ended is told to look at everything once it listens again, and hears what comes then', async (t) => {
    const heard = await elsewhere(t, url, 'ended').listen(APP)
    await endConnections('ended')
    await heard.tells(undefined, 'to look again', 2)
    const { record } = await create()
    await store.end(APP, record.id, 'closed', clock.now())
    await heard.tells(record.id, 'the end')
  })

  test('while PostgreSQL lets nobody in, a listener tries again by itself', async (t) => {
    const { url: closed } = await preparedDatabase(t)
    const there = elsewhere(t, closed, 'shut out')
    const heard = await there.listen(APP)
    const name = new URL(closed).pathname.slice(1)
    await administer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    const twice = refused(there.pool, 2)
    await endConnections('shut out')
    await twice
    await administer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
    await heard.tells(undefined, 'to look again', 2)
  })

  test('all listeners of a store share one connection, and the last one that stops gives it back', async (t) => {
    const there = elsewhere(t, url)
    const [one, two] = [await there.listen(APP), await there.listen('OTHER')]
    assert.equal(there.pool.totalCount, 1)
    one.stop()
    one.stop()
    assert.equal(there.pool.totalCount, 1)
    const gone = once(there.pool, 'remove')
    two.stop()
    await gone
    assert.equal(there.pool.totalCount, 0)
    await there.listen(APP)
    assert.equal(there.pool.totalCount, 1)
  })

  test('one that stops before its connection is there leaves none behind', async (t) => {
    const idle = openPool(t, url)
    const stop = postgresStore(idle).announcements?.listen(APP, () => assert.fail('It was told something.'))
    const gone = once(idle, 'remove')
    stop?.()
    await gone
    assert.equal(idle.totalCount, 0)
  })

  test('listening keeps no process alive', async (t) => {
    const program = new Program(t, { entry: 'test/session/fixtures/postgres-listener.ts', env: { URL: url } })
    assert.deepEqual(await program.run(), { code: 0, signal: null, stdout: 'listening\n', stderr: '' })
  })

  const ENDS: Record<string, (id: SessionId, cookie: Credential) => Promise<unknown>> = {
    end: (id) => store.end(APP, id, 'closed', clock.now()),
    endMany: () => store.endMany(APP, { userId: 'endMany' }, 'revoked', clock.now()),
    remove: (id) => store.remove(APP, id, clock.now()),
    detach: (id, { handle }) => store.detach(APP, id, handle, 'revoked', clock.now()),
    rotate: (id, { hash }) => store.rotate(APP, id, hash, credential(clock), 'keep', clock.now()),
    replace: (id) => store.replace(APP, id, {}, session(clock), credential(clock), NO_LIMITS, clock.now()),
    'the cap of devices': (id) => store.attach(APP, id, credential(clock), undefined, { credentials: 1 }, clock.now()),
    'the cap of devices, for a link': async (id) => {
      const link = otp(clock)
      await store.attach(APP, id, link, undefined, NO_LIMITS, clock.now())
      await store.redeem(APP, link.hash, credential(clock), { credentials: 1 }, clock.now())
    },
    'the limit of a user': () => {
      const next = session(clock, { userId: 'the limit of a user' })
      return store.create(APP, next, credential(clock), { sessionsPerUser: 1 }, clock.now())
    },
  }

  async function endConnections(name: string): Promise<void> {
    await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name])
  }
}

/** A store as another process has it, that one can listen to. */
function elsewhere(scope: Scope, url: string, name = 'elsewhere') {
  const stops: (() => void)[] = []
  // Before the pool: it waits for all its connections.
  scope.after(() => {
    for (const stop of stops) stop()
  })
  const pool = openPool(scope, url, { application_name: name })
  const store = postgresStore(pool)

  /** What a listener hears, from the moment on at which it really listens. */
  async function listen(app: string) {
    const heard = new EventEmitter()
    const all: (SessionId | undefined)[] = []
    const stop = store.announcements?.listen(app, (id) => {
      all.push(id)
      heard.emit('id')
    })
    assert.ok(stop)
    stops.push(stop)
    const tells = async (id: SessionId | undefined, what: string, times = 1) => {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), PATIENCE_MILLISECONDS)
      while (all.filter((told) => told === id).length < times)
        await once(heard, 'id', late).catch(() => assert.fail(`Nobody was told: ${what}.`))
      clearTimeout(timer)
    }
    if (stops.length === 1) await tells(undefined, 'that it begins')
    return { all, tells, stop }
  }

  return { pool, listen }
}

/** Resolves when a pool was refused a connection so many times. */
function refused(pool: Pool, times: number): Promise<void> {
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>
  return new Promise((resolve) => {
    let refusals = 0
    const counting = () =>
      connect().catch((error) => {
        if (++refusals === times) resolve()
        throw error
      })
    Object.assign(pool, { connect: counting })
  })
}
