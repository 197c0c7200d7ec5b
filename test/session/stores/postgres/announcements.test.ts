import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test, { after } from 'node:test'
import type { Pool, PoolClient } from 'pg'
import type { SessionId } from '../../../../src/session/index.ts'
import type { Credential } from '../../../../src/session/record.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { APP, credential, otp, session, stored, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { Program, type Scope } from '../../../support/process.ts'
import { administer, postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
// The layer promises a notification within one second. A busy machine may need longer.
const PATIENCE_MILLISECONDS = 5000

if (postgresUrl !== undefined) {
  const { url, pool, store: prepared } = await preparedDatabase({ after })
  const trial = trialOf(prepared, clock)
  const { store } = trial
  const create = (userId: string | null = null) => stored(trial, { userId })

  test('the listeners of an application are notified of every end, in other processes too', async (t) => {
    const { listen } = elsewhere(t, url)
    const [mine, others] = [await listen(APP), await listen('OTHER')]
    for (const [step, act] of Object.entries(ENDS)) {
      const { record, cookie } = await create(step)
      await act(record.id, cookie)
      await mine.tells(record.id, step)
    }
    assert.deepEqual(others.all, [], 'another application gets no notification')
  })

  test('a call that ends nothing sends no notification', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    const { record, cookie } = await create()
    await store.update({ id: record.id, expected: { by: cookie.hash }, writeId: 'w', changes: { storage: '{"a":1}' } })
    await store.touch({ id: record.id, hash: cookie.hash, from: { device: null, address: null } })
    await store.attach({ id: record.id, credential: credential(clock), limits: { credentials: 5, otps: 5 } })
    await store.detach({ id: record.id, handle: 'nothing', reason: 'revoked' })
    await store.end({ id: record.id, reason: 'closed', by: 'nobody' })
    const last = await create()
    await store.end({ id: last.record.id, reason: 'closed' })
    await heard.tells(last.record.id, 'the last one')
    assert.deepEqual(heard.all, [undefined, last.record.id])
  })

  test('when very many sessions end at once, one notification says that any session may have ended', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    for (let n = 0; n < 101; n++) await create('many')
    assert.equal((await store.endMany({ filter: { userId: 'many' }, reason: 'stopped' })).length, 101)
    await heard.tells(undefined, 'the end of many', 2)
    assert.deepEqual(heard.all, [undefined, undefined])
  })

  test('a foreign message on the channel does no harm, because listeners take it as the end of any session', async (t) => {
    const heard = await elsewhere(t, url).listen(APP)
    await pool.query(`SELECT pg_notify('session_ends', 'hello'), pg_notify('session_ends', '')`)
    await heard.tells(undefined, 'both', 3)
  })

  test('a listener whose connection ended is notified that any session may have ended, and then of later ends', async (t) => {
    const heard = await elsewhere(t, url, 'ended').listen(APP)
    await endConnections('ended')
    await heard.tells(undefined, 'to look again', 2)
    const { record } = await create()
    await store.end({ id: record.id, reason: 'closed' })
    await heard.tells(record.id, 'the end')
  })

  test('while PostgreSQL refuses connections, a listener retries by itself', async (t) => {
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

  test('all listeners of a store share one connection, and the last listener that stops returns the connection to the pool', async (t) => {
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

  test('a listener that stops before it is connected leaves no connection behind', async (t) => {
    const idle = openPool(t, url)
    const stop = postgresStore(idle).announcements?.listen({
      app: APP,
      listener: () => assert.fail('It was told something.'),
    })
    const gone = once(idle, 'remove')
    stop?.()
    await gone
    assert.equal(idle.totalCount, 0)
  })

  test('a listener does not keep its process alive', async (t) => {
    const program = new Program(t, { entry: 'test/session/fixtures/postgres-listener.ts', env: { URL: url } })
    assert.deepEqual(await program.run(), { code: 0, signal: null, stdout: 'listening\n', stderr: '' })
  })

  const ENDS: Record<string, (id: SessionId, cookie: Credential) => Promise<unknown>> = {
    end: (id) => store.end({ id, reason: 'closed' }),
    endMany: () => store.endMany({ filter: { userId: 'endMany' }, reason: 'revoked' }),
    remove: (id) => store.remove({ id }),
    detach: (id, { handle }) => store.detach({ id, handle, reason: 'revoked' }),
    rotate: (id, { hash }) => store.rotate({ id, by: hash, credential: credential(clock), others: 'keep' }),
    replace: (id) => store.replace({ id, expected: {}, session: session(clock), credential: credential(clock) }),
    'the cap of devices': (id) => store.attach({ id, credential: credential(clock), limits: { credentials: 1 } }),
    'the cap of devices, for a link': async (id) => {
      const link = otp(clock)
      await store.attach({ id, credential: link })
      await store.redeem({ hash: link.hash, credential: credential(clock), limits: { credentials: 1 } })
    },
    'the limit of a user': () => {
      const next = session(clock, { userId: 'the limit of a user' })
      return store.create({ session: next, credential: credential(clock), limits: { sessionsPerUser: 1 } })
    },
  }

  async function endConnections(name: string): Promise<void> {
    await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name])
  }
}

/** A store with its own pool and listeners, like the store of another process. */
function elsewhere(scope: Scope, url: string, name = 'elsewhere') {
  const stops: (() => void)[] = []
  // The pool can close only after the listeners have returned their connection.
  scope.after(() => {
    for (const stop of stops) stop()
  })
  const pool = openPool(scope, url, { application_name: name })
  const store = postgresStore(pool)

  async function listen(app: string) {
    const heard = new EventEmitter()
    const all: (SessionId | undefined)[] = []
    const stop = store.announcements?.listen({
      app,
      listener: (id) => {
        all.push(id)
        heard.emit('id')
      },
    })
    assert.ok(stop)
    stops.push(stop)
    const tells = async (id: SessionId | undefined, what: string, times = 1) => {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), PATIENCE_MILLISECONDS)
      while (all.filter((told) => told === id).length < times)
        await once(heard, 'id', late).catch(() => assert.fail(`No listener was notified: ${what}.`))
      clearTimeout(timer)
    }
    if (stops.length === 1) await tells(undefined, 'that it begins')
    return { all, tells, stop }
  }

  return { pool, listen }
}

/** Resolves after this many failed connections. */
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
