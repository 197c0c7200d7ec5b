import assert from 'node:assert/strict'
import test from 'node:test'
import type { ListFilter } from '../../../../src/session/store.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import type { PostgresPool } from '../../../../src/session/stores/postgres/pool.ts'
import {
  APP,
  credential,
  NOWHERE,
  otp,
  session,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
const MANY = 20_000
const FEW = 600

if (postgresUrl !== undefined) {
  test('with twenty thousand sessions, no call reads more than a few hundred rows, even a call for a page of a list', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    await pool.query(manySessions(clock.now()))
    const client = await openPool(t, url).connect()
    await client.query('BEGIN')
    // All calls share one transaction, because PostgreSQL updates a transaction's own statistics at once.
    const inside: PostgresPool = {
      on: () => {},
      connect: async () => ({ query: (statement) => client.query(statement), on: () => {}, release: () => {} }),
    }
    const greedy: string[] = []
    for (const [step, act] of steps(trialOf(postgresStore(inside, { deadlineMilliseconds: 20_000 }), clock).store)) {
      const before = await rowsRead()
      await act()
      const read = (await rowsRead()) - before
      if (read > FEW) greedy.push(`${step}: ${read}`)
    }
    await client.query('ROLLBACK')
    client.release()
    assert.deepEqual(greedy, [])

    async function rowsRead(): Promise<number> {
      const { rows } = await client.query(
        'SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS n FROM pg_stat_xact_user_tables',
      )
      return Number(rows[0].n)
    }
  })
}

const FILTERS: ListFilter[] = [
  {},
  { userId: 'u5' },
  { kind: 'rest' },
  { kind: 'web' },
  { state: 'guest' },
  { state: 'user' },
  { state: 'invalidated' },
  { state: 'restored' },
  { via: 'token' },
  { userId: 'u7', kind: 'rest', via: 'token' },
]

function* steps(store: TrialStore): Generator<[string, () => Promise<unknown>]> {
  const now = clock.now()
  const [id, hash] = ['S-3', 'hash-3']
  yield ['find', () => store.find({ id, hash, now })]
  yield ['find what is not there', () => store.find({ id, hash: 'nothing', now })]
  yield ['get', () => store.get({ id })]
  yield ['credentials', () => store.credentials({ ids: [id, 'S-4'] })]
  yield ['update', () => store.update({ id, expected: { by: hash }, writeId: 'w', changes: { storage: '{}' }, now })]
  yield [
    'update of the user',
    () =>
      store.update({ id, expected: {}, writeId: 'x', changes: { userId: 'u9' }, limits: { sessionsPerUser: 2 }, now }),
  ]
  yield ['touch', () => store.touch({ id, hash, from: NOWHERE, now })]
  const link = otp(clock)
  yield ['attach', () => store.attach({ id, credential: link, by: hash, limits: { otps: 2, credentials: 2 }, now })]
  yield ['findOTP', () => store.findOTP({ hash: link.hash, now })]
  yield ['redeem', () => store.redeem({ hash: link.hash, credential: credential(clock), now })]
  yield ['rotate', () => store.rotate({ id: 'S-6', by: 'hash-6', credential: credential(clock), others: 'end', now })]
  yield ['detach', () => store.detach({ id: 'S-8', handle: 'handle-8', reason: 'revoked', now })]
  const limits = { sessionsPerUser: 2 }
  yield [
    'create',
    () => store.create({ session: session(clock, { userId: 'u11' }), credential: credential(clock), limits, now }),
  ]
  yield [
    'create a guest',
    () =>
      store.create({
        session: session(clock),
        credential: credential(clock),
        limits: { guests: 5, sessions: 10 },
        now,
      }),
  ]
  yield [
    'replace',
    () =>
      store.replace({
        id: 'S-9',
        expected: {},
        session: session(clock, { userId: 'u13' }),
        credential: credential(clock),
        limits,
        now,
      }),
  ]
  yield ['end', () => store.end({ id: 'S-14', reason: 'closed', unseen: true, now })]
  yield ['remove', () => store.remove({ id: 'S-16', message: 'Bye.', now })]
  yield ['takeMessage', () => store.takeMessage({ id: '16', hash: 'hash-16', now })]
  yield ['endMany', () => store.endMany({ filter: { userId: 'u17' }, reason: 'revoked', now })]
  yield ['sweep', () => store.sweep({ limit: 50, now })]
  for (const filter of FILTERS)
    for (const sort of ['created', 'seen', 'end'] as const)
      for (const direction of ['asc', 'desc'] as const)
        yield [
          `list ${JSON.stringify(filter)} by ${sort}, ${direction}`,
          async () => {
            const { next } = await store.list({ filter, page: { sort, direction }, now })
            if (next) await store.list({ filter, page: { sort, direction, after: next }, now })
          },
        ]
}

/** SQL for many sessions. Few rows match each filter, and some sessions have expired. */
const manySessions = (now: number) => `
  INSERT INTO session_records (app, id, kind, user_name, user_id, grants, storage, start_time, last_access_time,
    idle_milliseconds, absolute_end, end_at, version)
  SELECT '${APP}', 'S-' || n, CASE WHEN n % 500 = 7 THEN 'rest' ELSE 'web' END, '', CASE WHEN n % 2 = 1 THEN 'u' || n % 800 END,
    '', '{}', CASE WHEN n % 100 <> 1 THEN ${now} - n END, CASE WHEN n % 100 <> 1 THEN ${now} - n * 7 % 5000 END,
    3600000, ${now} + 9e6, ${now} + (n * 31 - 10000) * 100, 1
  FROM generate_series(1, ${MANY}) AS n;
  INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, expires_at)
  SELECT key, app, 'handle-' || substr(id, 3), 'hash-' || substr(id, 3), 'cookie',
    CASE WHEN key % 500 = 7 THEN 'token' WHEN key % 500 = 9 THEN 'link' ELSE 'visit' END, ${now}, 9e15
  FROM session_records;
  INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, expires_at)
  SELECT key, app, 'link-' || id, 'link-' || id, 'otp', 'link', ${now}, ${now} + 1000 * key FROM session_records
  WHERE key % 50 = 0;
  INSERT INTO session_tombstones (app, hash, id, reason, ended_at, keep_until)
  SELECT '${APP}', 'gone-' || n, 'G-' || n, 'closed', ${now}, ${now} + n - 100 FROM generate_series(1, ${MANY}) AS n;
  ANALYZE`
