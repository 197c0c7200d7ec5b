import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { Pool } from 'pg'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { alternatingStore } from '../../../../src/session/testing/contract/alternating-store.ts'
import {
  atOnce,
  CALLERS,
  credential,
  NOWHERE,
  otp,
  session,
  stored,
  type Trial,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const ROUNDS = 40
const DEADLOCK = '40P01'

if (postgresUrl !== undefined) {
  const { url, pool } = await preparedDatabase({ after })
  const refusals: string[] = []
  const both = alternatingStore([postgresStore(watchedPool()), postgresStore(watchedPool())])
  const begin = (): Trial => trialOf(withOwnApps(both))

  test('after a user is signed out, no write takes effect, not even a write that began before the sign-out', async () => {
    const trial = begin()
    const { store, clock } = trial
    let written = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { record } = await stored(trial)
      const device = credential(clock)
      await store.attach({ id: record.id, credential: device })
      const change = (n: number) => ({ storage: `{"n":${n}}` })
      const writes = Promise.all(
        Array.from({ length: CALLERS }, (_, n) =>
          store.update({ id: record.id, expected: { by: device.hash }, writeId: `w${round}-${n}`, changes: change(n) }),
        ),
      )
      assert.equal(await store.detach({ id: record.id, handle: device.handle, reason: 'revoked' }), true)
      const left = await store.get({ id: record.id })
      written += (await writes).filter(({ updated }) => updated).length
      assert.deepEqual(await store.get({ id: record.id }), left)
    }
    assert.ok(written > 0 && written < ROUNDS * CALLERS, `${written} writes came before: they have to meet`)
  })

  test('a user who is signed out everywhere keeps no session, not even when concurrent logins replace sessions', async () => {
    const trial = begin()
    const { store, clock } = trial
    for (let round = 0; round < ROUNDS; round++) {
      const made = await atOnce(() => stored(trial, { userId: '4' }))
      const replace = ({ record, cookie }: (typeof made)[number]) => {
        const next = session(clock, { userId: '4' })
        return store.replace({
          id: record.id,
          expected: { by: cookie.hash },
          session: next,
          credential: credential(clock),
        })
      }
      const some = made.slice(0, CALLERS / 2).map(replace)
      const ending = store.endMany({ filter: { userId: '4' }, reason: 'revoked' })
      await Promise.all([...some, ending, ...made.slice(CALLERS / 2).map(replace)])
      assert.equal(await store.count({ filter: { userId: '4', state: 'user' } }), 0)
    }
  })

  test('under limits, concurrent logins, logouts, writes, ends and sweeps never fail or wait for ever, and keep the limits', async () => {
    const trial = begin()
    const { store, clock } = trial
    const limits = { sessions: 30, sessionsPerUser: 3, credentials: 3, otps: 2 }
    for (let round = 0; round < ROUNDS * 2; round++) {
      const known = (await store.list({ filter: {}, page: { size: 100 } })).sessions
      await Promise.all(
        Array.from({ length: CALLERS * 2 }, (_, n) => oneStep(store, { limits, n: n + round, known, clock })),
      )
      assert.ok((await store.count({ filter: {} })) <= limits.sessions)
      for (const userId of USERS) {
        const live = await store.count({ filter: { userId, state: 'user' } })
        assert.ok(live <= limits.sessionsPerUser, `${userId} has ${live} sessions`)
      }
      clock.advance({ minutes: 3 })
    }
    assert.ok(!refusals.includes(DEADLOCK), 'two of them waited for each other')
  })

  test('concurrent calls that each end several sessions never deadlock', async () => {
    const trial = begin()
    const { store, clock } = trial
    const limits = { sessionsPerUser: 1, sessions: 1000 }
    for (let round = 0; round < ROUNDS; round++) {
      const guests = await Promise.all(USERS.map(() => stored(trial)))
      await Promise.all(USERS.flatMap((userId) => [0, 1, 2].map(() => stored(trial, { userId }))))
      const more = await Promise.all(USERS.map(() => stored(trial)))
      await Promise.all([
        ...[...guests, ...more].map(({ record }, n) => {
          const userId = USERS[n % USERS.length] ?? '1'
          return n % 3 === 0
            ? store.replace({
                id: record.id,
                expected: {},
                session: session(clock, { userId }),
                credential: credential(clock),
                limits,
              })
            : store.update({ id: record.id, expected: {}, writeId: `w${round}-${n}`, changes: { userId }, limits })
        }),
        store.endMany({ filter: { kind: 'web' }, reason: 'revoked' }),
        store.endMany({ filter: { kind: 'web' }, reason: 'revoked' }),
        store.sweep({ limit: 10 }),
      ])
    }
    assert.ok(!refusals.includes(DEADLOCK), 'two of them waited for each other')
  })

  test('a device that is added while its session ends is signed out or refused, and leaves no data', async () => {
    const trial = begin()
    const { store, clock } = trial
    let came = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { record, cookie } = await stored(trial)
      const links = Array.from({ length: CALLERS / 2 }, () => otp(clock))
      for (const link of links) await store.attach({ id: record.id, credential: link })
      const redeemed = links.map(async (link) => {
        const device = credential(clock, { via: 'link' })
        return { device, got: (await store.redeem({ hash: link.hash, credential: device })) !== undefined }
      })
      const ending = store.end({ id: record.id, reason: 'closed' })
      const attached = links.map(async () => {
        const device = credential(clock)
        return { device, got: await store.attach({ id: record.id, credential: device, by: cookie.hash }) }
      })
      const devices = await Promise.all([...redeemed, ...attached])
      await ending
      for (const { device, got } of devices)
        assert.equal(await trial.stateOf(record.id, device.hash), got ? 'closed' : 'unknown')
      came += devices.filter(({ got }) => got).length
    }
    assert.ok(came > 0 && came < ROUNDS * CALLERS, `${came} came before the end: they have to meet`)
    const orphans = 'SELECT 1 FROM session_credentials WHERE session_key NOT IN (SELECT key FROM session_records)'
    assert.equal((await pool.query(orphans)).rowCount, 0)
  })

  test('a sweep waits for no lock, and leaves a locked session for the next sweep', async () => {
    const trial = begin()
    const { store, clock } = trial
    const [held, free] = [await stored(trial), await stored(trial)]
    clock.advance({ hours: 3 })
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM session_records WHERE id = $1 FOR UPDATE', [held.record.id])
    const idsOf = (ended: readonly { id: string }[]) => ended.map(({ id }) => id)
    assert.deepEqual(idsOf(await store.sweep({ limit: 10 })), [free.record.id])
    await client.query('ROLLBACK')
    client.release()
    assert.deepEqual(idsOf(await store.sweep({ limit: 10 })), [held.record.id])
  })

  /** Records the code of every error from PostgreSQL, even if the store then retries the call. */
  function watchedPool(): Pool {
    const pool = openPool({ after }, url)
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (statement: object) => Promise<unknown>
      const noting = (statement: object) =>
        query(statement).catch((error) => {
          refusals.push(error.code)
          throw error
        })
      Object.assign(client, { query: noting })
    })
    return pool
  }
}

const USERS = ['1', '2', '3', '4']

interface Step {
  limits: { sessions: number; sessionsPerUser: number; credentials: number; otps: number }
  n: number
  known: readonly { id: string }[]
  clock: Trial['clock']
}

/** Makes one call of the store. `n` chooses the call and the session. */
async function oneStep(store: TrialStore, { limits, n, known, clock }: Step): Promise<unknown> {
  const now = clock.now()
  const { id = 'none' } = known[(n * 7) % Math.max(known.length, 1)] ?? {}
  const userId = USERS[n % USERS.length] ?? '1'
  const next = () => session(clock, { userId, idleMilliseconds: (n % 3) * 60_000 + 60_000 })
  switch (n % 10) {
    case 0:
      return store.create({ session: session(clock), credential: credential(clock), limits, now })
    case 1:
    case 2:
      return store.create({ session: next(), credential: credential(clock), limits, now })
    case 3:
    case 4:
      return store.replace({ id, expected: {}, session: next(), credential: credential(clock), limits, now })
    case 5:
      return store.update({ id, expected: {}, writeId: `w${n}-${now}`, changes: { userId }, limits, now })
    case 6:
      return store.attach({ id, credential: n % 20 < 10 ? otp(clock) : credential(clock), limits, now })
    case 7:
      return n % 3 === 0
        ? store.endMany({ filter: { userId }, reason: 'revoked', now })
        : store.endMany({ filter: { kind: 'rest' }, reason: 'revoked', now })
    case 8:
      return n % 2 === 0
        ? store.remove({ id, message: 'Bye.', now })
        : store.touch({ id, hash: 'nobody', from: NOWHERE, now })
    default:
      return store.sweep({ limit: 5, now })
  }
}
