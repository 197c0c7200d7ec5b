import assert from 'node:assert/strict'
import test from 'node:test'
import type { SessionStore } from '../../../../src/session/index.ts'
import type { ListFilter } from '../../../../src/session/store.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import type { PostgresPool } from '../../../../src/session/stores/postgres/pool.ts'
import { APP, credential, NO_LIMITS, NOWHERE, otp, session } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
const MANY = 20_000
const FEW = 600

if (postgresUrl !== undefined) {
  test('among twenty thousand sessions no step, and no page of a list, reads more than a few hundred', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    await pool.query(manySessions(clock.now()))
    const client = await openPool(t, url).connect()
    await client.query('BEGIN')
    // What PostgreSQL has counted in one transaction it tells at once.
    const inside: PostgresPool = {
      on: () => {},
      connect: async () => ({ query: (statement) => client.query(statement), on: () => {}, release: () => {} }),
    }
    const greedy: string[] = []
    for (const [step, act] of steps(postgresStore(inside, { deadlineMilliseconds: 20_000 }))) {
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

function* steps(store: SessionStore): Generator<[string, () => Promise<unknown>]> {
  const now = clock.now()
  const [id, hash] = ['S-3', 'hash-3']
  yield ['find', () => store.find(APP, id, hash, now)]
  yield ['find what is not there', () => store.find(APP, id, 'nothing', now)]
  yield ['get', () => store.get(APP, id)]
  yield ['credentials', () => store.credentials(APP, [id, 'S-4'])]
  yield ['update', () => store.update(APP, id, { by: hash }, 'w', { storage: '{}' }, NO_LIMITS, now)]
  yield ['update of the user', () => store.update(APP, id, {}, 'x', { userId: 'u9' }, { sessionsPerUser: 2 }, now)]
  yield ['touch', () => store.touch(APP, id, hash, NOWHERE, now)]
  const link = otp(clock)
  yield ['attach', () => store.attach(APP, id, link, hash, { otps: 2, credentials: 2 }, now)]
  yield ['findOTP', () => store.findOTP(APP, link.hash, now)]
  yield ['redeem', () => store.redeem(APP, link.hash, credential(clock), NO_LIMITS, now)]
  yield ['rotate', () => store.rotate(APP, 'S-6', 'hash-6', credential(clock), 'end', now)]
  yield ['detach', () => store.detach(APP, 'S-8', 'handle-8', 'revoked', now)]
  const limits = { sessionsPerUser: 2 }
  yield ['create', () => store.create(APP, session(clock, { userId: 'u11' }), credential(clock), limits, now)]
  yield ['create a guest', () => store.create(APP, session(clock), credential(clock), { guests: 5, sessions: 10 }, now)]
  yield [
    'replace',
    () => store.replace(APP, 'S-9', {}, session(clock, { userId: 'u13' }), credential(clock), limits, now),
  ]
  yield ['end', () => store.end(APP, 'S-14', 'closed', now, { unseen: true })]
  yield ['remove', () => store.remove(APP, 'S-16', now, 'Bye.')]
  yield ['takeMessage', () => store.takeMessage(APP, 'hash-16', now)]
  yield ['endMany', () => store.endMany(APP, { userId: 'u17' }, 'revoked', now)]
  yield ['sweep', () => store.sweep(APP, now, 50)]
  for (const filter of FILTERS)
    for (const sort of ['created', 'seen', 'end'] as const)
      for (const direction of ['asc', 'desc'] as const)
        yield [
          `list ${JSON.stringify(filter)} by ${sort}, ${direction}`,
          async () => {
            const { next } = await store.list(APP, filter, { sort, direction }, now)
            if (next) await store.list(APP, filter, { sort, direction, after: next }, now)
          },
        ]
}

/** Few are out of the ordinary in each way, and some are over. */
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
