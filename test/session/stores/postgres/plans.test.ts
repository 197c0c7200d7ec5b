import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { Client } from 'pg'
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
import type { Scope } from '../../../support/process.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
const MANY = 20_000
const FEW = 600

if (postgresUrl !== undefined) {
  test('with twenty thousand sessions, no call reads more than a few hundred rows, even a call for a page of a list', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    await pool.query(manySessions(clock.now(), 1, MANY))
    await pool.query('ANALYZE')
    const { store, greedySteps } = await meteredStore(t, url)
    assert.deepEqual(await greedySteps(steps(store)), [])
  })

  test('the calls of one turn use the indexes, even if PostgreSQL planned them for few sessions and has no newer statistics', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    await pool.query(manySessions(clock.now(), 1002, 1020))
    await pool.query('ANALYZE')
    const { store, greedySteps } = await meteredStore(t, url)
    await greedySteps(stepsOfOneTurn(store, 1002))
    await pool.query(manySessions(clock.now(), 1021, MANY))
    assert.deepEqual(await greedySteps(stepsOfOneTurn(store, 5002)), [])
  })
}

type Steps = Iterable<[string, () => Promise<unknown>]>

/** A store on one connection. `greedySteps` returns the steps that read many rows. */
async function meteredStore(scope: Scope, url: string) {
  const client = new Client({ connectionString: url })
  // The database is dropped before the client closes.
  client.on('error', () => {})
  await client.connect()
  scope.after(() => client.end())
  // All calls share one transaction, because PostgreSQL updates a transaction's own statistics at once.
  await client.query('BEGIN')
  const inside: PostgresPool = {
    on: () => {},
    connect: async () => ({ query: (statement) => client.query(statement), on: () => {}, release: () => {} }),
  }
  async function rowsRead(): Promise<number> {
    const { rows } = await client.query(
      'SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS n FROM pg_stat_xact_user_tables',
    )
    return Number(rows[0].n)
  }
  return {
    store: trialOf(postgresStore(inside, { deadlineMilliseconds: 20_000 }), clock).store,
    async greedySteps(all: Steps): Promise<string[]> {
      const greedy: string[] = []
      for (const [step, act] of all) {
        const before = await rowsRead()
        await act()
        const read = (await rowsRead()) - before
        if (read > FEW) greedy.push(`${step}: ${read}`)
      }
      return greedy
    },
  }
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
  yield* stepsOfOneTurn(store, 1002)
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

function* stepsOfOneTurn(store: TrialStore, first: number): Generator<[string, () => Promise<unknown>]> {
  const now = clock.now()
  const tenAtOnce = (ask: (n: number) => Promise<unknown>) => () =>
    Promise.all(Array.from({ length: 10 }, (_, n) => ask(first + n)))
  const find = (n: number) => store.find({ id: `S-${n}`, hash: `hash-${n}`, now })
  const findEnded = (n: number) => store.find({ id: `G-${n}`, hash: `gone-${n}`, now })
  const write = (n: number) =>
    store.update({
      id: `S-${n}`,
      expected: { by: `hash-${n}` },
      writeId: randomUUID(),
      changes: { storage: '{}' },
      now,
    })
  const visit = () => store.create({ session: session(clock), credential: credential(clock), now })
  for (const [name, ask] of Object.entries({ find, findEnded, write, visit }))
    yield [`${name}, ten at once`, () => repeated(tenAtOnce(ask))]
}

/** PostgreSQL may choose another plan after five executions. */
async function repeated(act: () => Promise<unknown>): Promise<void> {
  for (let time = 1; time <= 7; time++) await act()
}

/** SQL for many sessions. Few rows match each filter, and some sessions have expired. */
const manySessions = (now: number, first: number, last: number) => `
  INSERT INTO session_records (app, id, kind, user_name, user_id, grants, storage, start_time, last_access_time,
    idle_milliseconds, absolute_end, end_at, version)
  SELECT '${APP}', 'S-' || n, CASE WHEN n % 500 = 7 THEN 'rest' ELSE 'web' END, '', CASE WHEN n % 2 = 1 THEN 'u' || n % 800 END,
    '', '{}', CASE WHEN n % 100 <> 1 THEN ${now} - n END, CASE WHEN n % 100 <> 1 THEN ${now} - n * 7 % 5000 END,
    3600000, ${now} + 9e6, ${now} + (n * 31 - 10000) * 100, 1
  FROM generate_series(${first}, ${last}) AS n;
  INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, expires_at)
  SELECT key, app, 'handle-' || substr(id, 3), 'hash-' || substr(id, 3), 'cookie',
    CASE WHEN key % 500 = 7 THEN 'token' WHEN key % 500 = 9 THEN 'link' ELSE 'visit' END, ${now}, 9e15
  FROM session_records WHERE NOT EXISTS (SELECT 1 FROM session_credentials WHERE session_key = key);
  INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, expires_at)
  SELECT key, app, 'link-' || id, 'link-' || id, 'otp', 'link', ${now}, ${now} + 1000 * key FROM session_records
  WHERE key % 50 = 0 AND substr(id, 3)::integer >= ${first};
  INSERT INTO session_tombstones (app, hash, id, reason, ended_at, keep_until)
  SELECT '${APP}', 'gone-' || n, 'G-' || n, 'closed', ${now}, ${now} + n - 100 FROM generate_series(${first}, ${last}) AS n`
