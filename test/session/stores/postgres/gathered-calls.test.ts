import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Pool } from 'pg'
import { isNothingWritten, MOST_UNUSED_LOGINS } from '../../../../src/session/record.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import {
  APP,
  credential,
  session,
  stored,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
const MANY = 50
const storeOn = (pool: Pool, options = {}): TrialStore => trialOf(postgresStore(pool, options), clock).store
const range = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

if (postgresUrl !== undefined) {
  const { url, pool } = await preparedDatabase({ after })
  const trial = trialOf(postgresStore(pool), clock)
  const { store } = trial
  const another = storeOn(openPool({ after }, url))

  test('calls of one turn share a statement for each kind of call, and each call gets its own answer', async (t) => {
    const watched = openPool(t, url, { max: 1 })
    const { sent, store: counted } = watch(watched)
    const made = range(MANY, (n) => trial.newSession({ userName: `Visitor ${n}` }))
    await Promise.all(made.map((visit) => counted.create(visit)))
    await Promise.all(
      made.map(({ session: { id }, credential: { hash } }, n) =>
        counted.update({
          id,
          expected: { version: 1, by: hash },
          writeId: `w${n}`,
          changes: { storage: `{"n":${n}}` },
        }),
      ),
    )
    const [ended] = made
    await store.end({ id: ended?.session.id ?? '', reason: 'closed' })
    const found = await Promise.all([
      ...made.map(({ session: { id }, credential: { hash } }) => counted.find({ id, hash })),
      counted.find({ id: made[1]?.session.id ?? '', hash: made[2]?.credential.hash ?? '' }),
      counted.find({ id: ended?.session.id ?? '', hash: made[2]?.credential.hash ?? '' }),
      counted.find({ app: 'OTHER', id: made[1]?.session.id ?? '', hash: made[1]?.credential.hash ?? '' }),
    ])
    const answers = found.map((one) =>
      one?.state === 'live' ? [one.session.userName, one.session.storage] : one?.state,
    )
    const own = made.slice(1).map((_, n) => [`Visitor ${n + 1}`, `{"n":${n + 1}}`])
    assert.deepEqual(answers, ['ended', ...own, undefined, undefined, undefined])
    const lookUps = ['session_find_many_v1', 'session_find_v1', 'session_find_tombstones_v1', 'session_tombstone_v3']
    assert.deepEqual(sent, ['session_create_many_v1', 'session_update_many_v1', ...lookUps])
  })

  test('of concurrent writes through two pools to the same sessions none is lost', async () => {
    const made = await Promise.all(range(20, () => stored(trial, { storage: '0' })))
    await Promise.all(
      made.flatMap(({ record, cookie }) =>
        [store, another].map(async (one, which) => {
          for (let n = 0; n < 10; n++) await increment(one, record.id, cookie.hash, `w${which}-${n}`)
        }),
      ),
    )
    for (const { record } of made) {
      const { storage, version } = (await store.get({ id: record.id })) ?? {}
      assert.deepEqual([storage, version], ['20', 21])
    }
  })

  test('of fifty updates of the same version of a session at once exactly one takes effect', async () => {
    const { record, cookie } = await stored(trial)
    const outcomes = await Promise.all(
      range(MANY, (n) =>
        store.update({
          id: record.id,
          expected: { version: 1, by: cookie.hash },
          writeId: `w${n}`,
          changes: { storage: `${n}` },
        }),
      ),
    )
    const winners = [...outcomes.keys()].filter((n) => outcomes[n]?.updated)
    assert.equal(winners.length, 1)
    assert.equal((await store.get({ id: record.id }))?.storage, `${winners[0]}`)
  })

  test('updates in one turn are refused for a credential that ended or expired, an expired session and a wrong version, and for no other session', async () => {
    const own = manualClock()
    const { store } = trialOf(postgresStore(pool), own)
    const visit = async (fields = {}, cookie = {}) => {
      const made = { session: session(own, fields), credential: credential(own, cookie) }
      await store.create(made)
      return { id: made.session.id, by: made.credential.hash }
    }
    const brief = own.now() + 1000
    const [live, detached, stale, expired, moved] = [
      await visit(),
      await visit(),
      await visit({}, { expiresAt: brief }),
      await visit({ end: brief }),
      await visit(),
    ]
    const [cookie] = (await store.credentials({ ids: [detached.id] })).get(detached.id) ?? []
    await store.detach({ id: detached.id, handle: cookie?.handle ?? '', reason: 'revoked' })
    own.advance({ minutes: 1 })
    const outcomes = await Promise.all(
      [live, detached, stale, expired, { ...moved, version: 2 }].map(({ id, ...expected }, n) =>
        store.update({ id, expected, writeId: `w${n}`, changes: { storage: '{"written":1}' } }),
      ),
    )
    assert.deepEqual(
      outcomes.map(({ updated }) => updated),
      [true, false, false, false, false],
    )
  })

  test('a session that another transaction has locked does not delay the other updates of its turn', async () => {
    const made = await Promise.all(range(6, () => stored(trial)))
    const [locked, ...free] = made
    const client = await lockedRow(locked?.record.id ?? '')
    let isDone = false
    const [waiting, ...others] = [locked, ...free].map((one, n) =>
      store.update({ id: one?.record.id ?? '', expected: { version: 1 }, writeId: `w${n}`, changes: { storage: '1' } }),
    )
    void waiting?.then(() => {
      isDone = true
    })
    assert.ok((await Promise.all(others)).every(({ updated }) => updated))
    assert.equal(isDone, false)
    await client.query('ROLLBACK')
    client.release()
    assert.equal((await waiting)?.updated, true)
  })

  test('new sessions of one turn wait for the lock of the licences, and are then counted', async () => {
    const limits = { sessions: 5 }
    const app = 'LICENCES'
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 2))', [app])
    const creating = Promise.all(range(4, () => store.create({ app, ...trial.newSession(), limits })))
    const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`
    while ((await client.query(isWaiting)).rowCount === 0);
    await Promise.all(range(2, () => store.create({ app, ...trial.newSession() })))
    await client.query('COMMIT')
    client.release()
    assert.equal((await creating).filter(({ admitted }) => admitted).length, 3)
    assert.equal(await store.count({ app, filter: {} }), 5)
  })

  test('in one turn, updates of other fields than the storage are stored, and repeated logins are limited', async () => {
    const app = 'FIELDS'
    const visits = range(2, () => trial.newSession())
    await Promise.all(visits.map((visit) => store.create({ app, ...visit })))
    const changes = [
      { storage: '1', userName: 'Ana' },
      { storage: '2', grants: 'all' },
    ]
    const update = (n: number, { session: { id } } = visits[n] ?? assert.fail()) =>
      store.update({ app, id, expected: {}, writeId: 'w', changes: changes[n] ?? {} })
    await Promise.all([update(0), update(1)])
    const records = await Promise.all(visits.map(({ session: { id } }) => store.get({ app, id })))
    assert.deepEqual(
      records.map((record) => [record?.storage, record?.userName, record?.grants]),
      [
        ['1', 'Ana', ''],
        ['2', '', 'all'],
      ],
    )
    const login = () => ({ ...trial.newSession(), credential: credential(clock, { details: 'A', via: 'login' }) })
    await Promise.all(range(MOST_UNUSED_LOGINS, () => store.create({ app, ...login() })))
    await Promise.all(range(2, () => store.create({ app, ...login() })))
    // Two logins at once may end the same unused login.
    assert.ok((await store.count({ app, filter: {} })) <= 2 + MOST_UNUSED_LOGINS + 1)
  })

  test('when PostgreSQL refuses a value of one call, only this call fails, with the error that nothing was written', async () => {
    const { record } = await stored(trial)
    const visits = range(4, (n) => trial.newSession(n === 2 ? { id: record.id } : {}))
    const created = await Promise.allSettled(visits.map((visit) => store.create(visit)))
    assert.deepEqual(created.map(outcome), ['done', 'done', 'nothing written', 'done'])
    const updates = visits.map(({ session: { id } }, n) =>
      store.update({ id, expected: { version: n === 1 ? 0.5 : 1 }, writeId: `w${n}`, changes: { storage: '1' } }),
    )
    assert.deepEqual((await Promise.allSettled(updates)).map(outcome), ['done', 'nothing written', 'done', 'done'])
  })

  test('when the reply to several updates is lost, each call says that it may have taken effect, and takes effect once', async (t) => {
    const proxy = await startCuttingProxy(t, url)
    const cut = storeOn(openPool(t, proxy.url, { max: 1 }))
    const made = await Promise.all(range(5, () => stored(trial)))
    const ask = () =>
      Promise.allSettled(
        made.map(({ record: { id }, cookie: { hash } }, n) =>
          cut.update({ id, expected: { version: 1, by: hash }, writeId: `w${n}`, changes: { storage: '1' } }),
        ),
      )
    await cut.count({ filter: {} })
    void proxy.cutAtNextAnswer()
    assert.deepEqual(
      (await ask()).map(outcome),
      range(5, () => 'unknown'),
    )
    const again = await ask()
    assert.ok(again.every((one) => one.status === 'fulfilled' && one.value.updated))
    for (const { record } of made) assert.equal((await store.get({ id: record.id }))?.version, 2)
  })

  test('when PostgreSQL ends the connection of several calls, each call says that it may have taken effect', async (t) => {
    const named = openPool(t, url, { max: 1, application_name: 'doomed' })
    const doomed = storeOn(named)
    const made = await Promise.all(range(3, () => stored(trial)))
    await doomed.count({ filter: {} })
    const client = await pool.connect()
    await client.query('BEGIN; LOCK TABLE session_records IN ACCESS EXCLUSIVE MODE')
    const asked = Promise.allSettled([
      ...made.map(({ record: { id } }, n) =>
        doomed.update({ id, expected: { version: 1 }, writeId: `w${n}`, changes: { storage: '1' } }),
      ),
    ])
    const isWaiting = `SELECT pid FROM pg_stat_activity WHERE application_name = 'doomed' AND wait_event_type = 'Lock'`
    while ((await client.query(isWaiting)).rowCount === 0);
    await client.query(`SELECT pg_terminate_backend(pid) FROM (${isWaiting}) w`)
    assert.deepEqual(
      (await asked).map(outcome),
      range(3, () => 'unknown'),
    )
    await client.query('ROLLBACK')
    client.release()
    for (const { record } of made) assert.equal((await doomed.get({ id: record.id }))?.version, 1)
  })

  test('calls whose deadline passes while they wait for a connection are never sent', async (t) => {
    const only = openPool(t, url, { max: 1 })
    const [hasty, patient] = [storeOn(only, { deadlineMilliseconds: 100 }), storeOn(only)]
    const made = await Promise.all(range(3, () => stored(trial)))
    const update = (by: TrialStore, writeId: string, storage: string) =>
      made.map(({ record: { id } }, n) =>
        by.update({ id, expected: {}, writeId: `${writeId}${n}`, changes: { storage } }),
      )
    const visits = range(3, () => trial.newSession())
    const borrowed = await only.connect()
    const late = [
      ...update(hasty, 'late', '"late"'),
      ...visits.map((visit) => hasty.create(visit)),
      ...made.map(({ record: { id }, cookie: { hash } }) => hasty.find({ id, hash })),
    ]
    assert.deepEqual(
      (await Promise.allSettled<unknown>(late)).map(outcome),
      range(9, () => 'nothing written'),
    )
    borrowed.release()
    await Promise.all(update(patient, 'w', '1'))
    for (const { record } of made) {
      const { storage, version } = (await patient.get({ id: record.id })) ?? {}
      assert.deepEqual([storage, version], ['1', 2])
    }
    for (const visit of visits) assert.equal(await patient.get({ id: visit.session.id }), undefined)
  })

  test('a call that is sent again alone keeps its deadline', async (t) => {
    const [gathered, alone] = range(2, () => storeOn(openPool(t, url), { deadlineMilliseconds: 300 }))
    const [held, free] = [await stored(trial), await stored(trial)]
    const client = await lockedRow(held.record.id)
    const failed: string[] = []
    const update = (by: TrialStore | undefined, { id }: { id: string }, name: string) =>
      by?.update({ id, expected: {}, writeId: name, changes: { storage: '1' } }).catch(() => failed.push(name))
    // Deadlines of the same length pass in the order in which they began.
    await Promise.all([
      update(gathered, free.record, 'free'),
      update(gathered, held.record, 'gathered'),
      update(alone, held.record, 'alone'),
    ])
    assert.deepEqual(failed.slice(-2), ['gathered', 'alone'])
    await client.query('ROLLBACK')
    client.release()
  })

  test('while a connection that the pool opens hangs, the other connections serve the waiting calls and further calls', async (t) => {
    const made = await Promise.all(range(3, () => stored(trial)))
    const real = openPool(t, url)
    const hanging = [new Promise<never>(() => {}), Promise.reject(new Error('No connection.'))]
    for (const one of hanging) one.catch(() => {})
    const partly = storeOn(Object.assign(Object.create(real), { connect: () => hanging.shift() ?? real.connect() }))
    const [first, refused, last] = made.map(async ({ record: { id }, cookie: { hash } }, n) => {
      for (let turn = 0; turn < n; turn++) await setImmediate()
      return (await partly.find({ id, hash }))?.state
    })
    await assert.rejects(refused ?? Promise.resolve(), /No connection/)
    assert.deepEqual(await Promise.all([first, last]), ['live', 'live'])
  })

  async function lockedRow(id: string) {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM session_records WHERE app = $1 AND id = $2 FOR UPDATE', [APP, id])
    return client
  }

  function watch(only: Pool) {
    const sent: string[] = []
    only.on('connect', (client) => {
      const query = client.query.bind(client) as (statement: { name: string }) => Promise<unknown>
      Object.assign(client, {
        query(statement: { name: string }) {
          sent.push(statement.name)
          return query(statement)
        },
      })
    })
    return { sent, store: storeOn(only) }
  }
}

/** Increments the number in the storage by compare-and-set. */
async function increment(store: TrialStore, id: string, by: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await store.find({ id, hash: by })
    assert.ok(found?.state === 'live')
    const { storage, version } = found.session
    const changes = { storage: String(Number(storage) + 1) }
    const outcome = await store.update({ id, expected: { version, by }, writeId: `${name}-${attempt}`, changes })
    if (outcome.updated) return
  }
}

function outcome(settled: PromiseSettledResult<unknown>): string {
  if (settled.status === 'fulfilled') return 'done'
  return isNothingWritten(settled.reason) ? 'nothing written' : 'unknown'
}
