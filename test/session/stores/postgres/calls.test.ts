import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test, { after } from 'node:test'
import { Client, type PoolClient } from 'pg'
import { isNothingWritten, type SessionId } from '../../../../src/session/record.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import {
  APP,
  credential,
  otp,
  session,
  stored,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import type { Scope } from '../../../support/process.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { freePort } from '../../../support/servers/free-port.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const SHORT = { deadlineMilliseconds: 150 }
const clock = manualClock()

if (postgresUrl !== undefined) {
  const { url, pool, store: prepared } = await preparedDatabase({ after })
  const trial = trialOf(prepared, clock)
  const { store: shared } = trial

  test('a call to a hanging PostgreSQL fails within its deadline, and calls work again when PostgreSQL answers', async (t) => {
    const { store } = trialOf(postgresStore(openPool(t, url, { max: 3 }), SHORT), clock)
    const { record, cookie } = await stored(trial)
    const other = new Client({ connectionString: url })
    await other.connect()
    await other.query('BEGIN; LOCK TABLE session_records IN ACCESS EXCLUSIVE MODE')
    const started = performance.now()
    const calls = Array.from({ length: 6 }, (_, n) => [
      store.find({ id: record.id, hash: cookie.hash }),
      store.update({ id: record.id, expected: {}, writeId: `w${n}`, changes: { storage: '{"late":1}' } }),
    ])
    for (const call of calls.flat()) await assert.rejects(call, /PostgreSQL did not answer within 150 ms/)
    assert.ok(performance.now() - started < 1500)
    await other.end()
    assert.equal((await insisting(() => store.find({ id: record.id, hash: cookie.hash })))?.state, 'live')
  })

  test('the error of a call without a reply says that it may have taken effect; the error of a call that got no connection says that nothing was written', async (t) => {
    const { store, record, link } = await withLink(shared)
    const only = openPool(t, url, { max: 1 })
    const { store: waiting } = trialOf(postgresStore(only, SHORT), clock)
    const { store: patient } = trialOf(postgresStore(only), clock)
    const borrowed = await only.connect()
    const redeem = () => waiting.redeem({ hash: link.hash })
    assert.equal(isNothingWritten(await errorOf(redeem())), true)
    borrowed.release()
    await patient.count({ filter: {} })
    assert.ok(await store.findOTP({ hash: link.hash }), 'the link was not consumed')

    const locked = await lockedRow(record.id)
    assert.equal(isNothingWritten(await errorOf(redeem())), false)
    await locked.query('ROLLBACK')
    locked.release()
    await patient.count({ filter: {} })
    assert.equal(await store.findOTP({ hash: link.hash }), undefined)
  })

  test('when PostgreSQL dies just after it accepted a connection, only that call fails, and the process continues', async (t) => {
    const dying = await startDyingServer(t, url)
    const { store } = trialOf(postgresStore(openPool(t, dying.url)), clock)
    await assert.rejects(store.count({ filter: {} }))
    dying.recover()
    await store.count({ filter: {} })
  })

  test('an invalid deadline is refused at once', () => {
    for (const deadlineMilliseconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => postgresStore(pool, { deadlineMilliseconds }), /deadlineMilliseconds: a number of millisec/)
  })

  test('when PostgreSQL refuses a call, or never receives the call, the error says that nothing was written', async (t) => {
    const { record } = await stored(trial)
    const again = shared.create({ session: record, credential: credential(clock) })
    assert.equal(isNothingWritten(await errorOf(again)), true)
    const { store: nowhere } = trialOf(
      postgresStore(openPool(t, `postgres://crm@127.0.0.1:${await freePort()}/x`)),
      clock,
    )
    assert.equal(isNothingWritten(await errorOf(nowhere.get({ id: record.id }))), true)
  })

  test('when a connection is cut during a call, only that call fails', async (t) => {
    const proxy = await startCuttingProxy(t, url)
    const cut = trialOf(postgresStore(openPool(t, proxy.url, { max: 1, application_name: 'cut' })), clock)
    const { store } = cut
    const { record } = await stored(cut)
    const locked = await lockedRow(record.id)
    const failed = errorOf(store.end({ id: record.id, reason: 'closed' }))
    const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cut' AND wait_event_type = 'Lock'`
    while ((await pool.query(isWaiting)).rowCount === 0);
    proxy.cut()
    assert.equal(isNothingWritten(await failed), false)
    await locked.query('ROLLBACK')
    locked.release()
    // PostgreSQL still runs the call that ends the session, although the client has disconnected.
    while ((await store.get({ id: record.id })) !== undefined);
  })

  test('a call that PostgreSQL rolled back because of a conflict with another call is retried', async () => {
    const { store, record } = await withLink(shared)
    await pool.query(`CREATE SEQUENCE times; ALTER FUNCTION session_detach_v2 RENAME TO session_detach_really;
      CREATE FUNCTION session_detach_v2(text, text, text, text, text, double precision) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('times') < 4 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = 'deadlock_detected'; END IF;
        RETURN session_detach_really($1, $2, $3, $4, $5, $6);
      END $$`)
    const [cookie] = (await store.credentials({ ids: [record.id] })).get(record.id) ?? []
    assert.equal(await store.detach({ id: record.id, handle: cookie?.handle ?? '', reason: 'revoked' }), true)
    assert.equal((await pool.query('SELECT last_value FROM times')).rows[0].last_value, '4')
  })

  async function lockedRow(id: SessionId): Promise<PoolClient> {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM session_records WHERE app = $1 AND id = $2 FOR UPDATE', [APP, id])
    return client
  }
}

async function withLink(store: TrialStore) {
  const link = otp(clock)
  const record = session(clock)
  await store.create({ session: record, credential: credential(clock) })
  await store.attach({ id: record.id, credential: link })
  return { store, record, link }
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (answer) => assert.fail(`It answered ${JSON.stringify(answer)}.`),
    (error) => error,
  )
}

async function insisting<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
}

// PostgreSQL's messages "ready for query" and "terminating connection".
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')
const FIELDS = 'SFATAL\0C57P01\0Mterminating connection\0\0'
const GOING = Buffer.from(`E\0\0\0${String.fromCharCode(FIELDS.length + 4)}${FIELDS}`, 'latin1')

/** Forwards connections to this address. Until `recover`, it closes a connection as soon as PostgreSQL accepts it. */
async function startDyingServer(scope: Scope, address: string) {
  const { port, hostname } = new URL(address)
  let isDying = true
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
    client.pipe(upstream)
    upstream.on('data', (packet: Buffer) => {
      const isLast = isDying && packet.subarray(-READY.length).equals(READY)
      client.write(isLast ? Buffer.concat([packet, GOING]) : packet)
      if (isLast) upstream.destroy()
    })
    upstream.on('close', () => client.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const url = new URL(address)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    recover() {
      isDying = false
    },
  }
}
