import assert from 'node:assert/strict'
import test from 'node:test'
import { AuditTrail, readAudit, sweepAudit } from '../../src/audit/index.ts'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { auditRowsOf } from '../support/audit.ts'
import { startDemo } from '../support/demo.ts'
import type { Scope } from '../support/process.ts'
import { until } from '../support/until.ts'

test('entries are written in order after a short delay, and are cut to their maximum lengths', async (t) => {
  const { trail, rows, clock } = await startTrail(t)
  trail.note({ event: 'sign-in', userId: '4', userName: 'Noah Lindgren', address: '203.0.113.7', sessionId: 'A' })
  trail.note({ event: 'sign-out', userId: '4', userName: `x\r\n{"event":"sign-in"}\u202e${'é'.repeat(1_000_000)}` })
  assert.deepEqual(await rows(), [])
  clock.advance({ milliseconds: 50 })
  while ((await rows()).length === 0) await new Promise(setImmediate)
  const [first, second] = await rows()
  assert.deepEqual(
    [first?.event, first?.user_id, first?.address, first?.session_id, first?.at, first?.times],
    ['sign-in', '4', '203.0.113.7', 'A', '2026-01-05T09:00:00.000Z', 1],
  )
  assert.equal(second?.event, 'sign-out')
  assert.equal(second?.user_name.length, 120)
  assert.match(second?.user_name ?? '', /^x \{"event":"sign-in"\} é+$/)
})

test('a failure is written at once, and equal failures within a minute become one row with a count', async (t) => {
  const { trail, rows, clock } = await startTrail(t)
  const guess = {
    event: 'sign-in-failed',
    userName: 'ana@example.com',
    address: '203.0.113.7',
    detail: 'wrong',
  } as const
  for (let time = 0; time < 40; time++) {
    trail.note(guess)
    clock.advance({ seconds: 1 })
  }
  trail.note({ ...guess, address: '203.0.113.8' })
  await trail.written()
  assert.deepEqual(
    (await rows()).map(({ address, times }) => [address, times]),
    [
      ['203.0.113.7', 1],
      ['203.0.113.8', 1],
    ],
  )
  clock.advance({ minutes: 1 })
  await trail.written()
  assert.deepEqual(
    (await rows()).map(({ times, at }) => [times, at.slice(11, 19)]),
    [
      [1, '09:00:00'],
      [39, '09:00:39'],
      [1, '09:00:40'],
    ],
    'as of the last of them',
  )
  trail.note(guess)
  trail.note(guess)
  await trail.stop()
  assert.deepEqual((await rows()).map(({ times }) => times).sort(), [1, 1, 1, 1, 39], 'stop() writes the counted rows')
})

test('ten thousand failures with different names add only a few rows', async (t) => {
  const { trail, rows } = await startTrail(t)
  for (let index = 0; index < 10_000; index++)
    trail.note({ event: 'sign-in-failed', userName: `name-${index}`, address: `203.0.113.${index % 3}` })
  await trail.stop()
  const all = await rows()
  assert.ok(all.length <= 3 * (10 + 2), `${all.length} rows`)
  assert.equal(
    all.reduce((sum, { times }) => sum + times, 0),
    10_000,
    'and none is lost',
  )
})

test('the audit trail records each page that a user was refused', async (t) => {
  const { trail, rows } = await startTrail(t)
  for (const detail of ['GET /admin/sessions', 'GET /admin/audit', 'GET /admin/audit'])
    trail.note({ event: 'refused', userId: '5', address: '203.0.113.7', detail })
  await trail.stop()
  assert.deepEqual(
    (await rows()).map(({ detail, times }) => [detail, times]),
    [
      ['GET /admin/sessions', 1],
      ['GET /admin/audit', 1],
      ['GET /admin/audit', 1],
    ],
  )
})

test('while the database fails, rows wait in memory and the log says so', async (t) => {
  const { trail, rows, log, demo } = await startTrail(t)
  await demo.parts.database.schema.alterTable('audit_events').renameTo('elsewhere').execute()
  trail.note({ event: 'sign-in', userId: '4' })
  await trail.written()
  assert.match(log.join(), /audit\.failed/)
  await demo.parts.database.schema.alterTable('elsewhere').renameTo('audit_events').execute()
  demo.clock.advance({ seconds: 2 })
  while ((await rows()).length === 0) await new Promise(setImmediate)
  assert.deepEqual(
    (await rows()).map(({ user_id }) => user_id),
    ['4'],
  )
})

test('a limited number of rows waits for the database, and the log says how many were lost', async (t) => {
  const { trail, rows, log } = await startTrail(t)
  for (let index = 0; index < 50_005; index++) trail.note({ event: 'sign-in', userId: String(index) })
  await trail.written()
  assert.equal((await rows()).length, 50_000)
  assert.match(log.join(), /"lost":5/)
})

test('rows older than AUDIT_DAYS are removed, and with AUDIT_DAYS=0 no row is removed', async (t) => {
  const { trail, rows, clock, demo } = await startTrail(t)
  trail.note({ event: 'sign-in', userId: 'old' })
  await trail.written()
  clock.advance({ hours: 24 * 89 })
  trail.note({ event: 'sign-in', userId: 'new' })
  await trail.written()
  const users = async () => (await rows()).map(({ user_id }) => user_id)
  await sweepAudit(demo.parts.database, clock.now(), 90)
  assert.deepEqual(await users(), ['old', 'new'])
  clock.advance({ hours: 25 })
  await sweepAudit(demo.parts.database, clock.now(), 0)
  assert.deepEqual(await users(), ['old', 'new'])
  await sweepAudit(demo.parts.database, clock.now(), 90)
  assert.deepEqual(await users(), ['new'])
})

test('above the maximum number of rows the oldest rows are removed, anonymous rows first', async (t) => {
  const { trail, rows, demo, clock } = await startTrail(t)
  for (let index = 0; index < 6; index++) {
    trail.note({ event: 'sign-in', userId: `u${index}` })
    trail.note({ event: 'sign-in-failed', userName: `name-${index}` })
  }
  await trail.written()
  await sweepAudit(demo.parts.database, clock.now(), 90, { all: 7, anonymous: 2 })
  assert.deepEqual(
    (await rows()).map(({ user_id, user_name }) => user_id ?? user_name),
    ['u1', 'u2', 'u3', 'u4', 'name-4', 'u5', 'name-5'],
  )
})

test('the maximum for anonymous rows removes no entries of administrators', async (t) => {
  const { trail, rows, demo, clock } = await startTrail(t)
  trail.note({ event: 'many-revoked', byUserId: '6', byUserName: 'Tomasz Nowak', detail: 'all but their own' })
  for (let index = 0; index < 3; index++) trail.note({ event: 'sign-in-failed', userName: `name-${index}` })
  await trail.written()
  await sweepAudit(demo.parts.database, clock.now(), 90, { all: 100, anonymous: 1 })
  assert.deepEqual(
    (await rows()).map(({ event }) => event),
    ['many-revoked', 'sign-in-failed'],
  )
})

test('failures with different reasons are separate rows', async (t) => {
  const { trail, rows } = await startTrail(t)
  for (const detail of ['wrong password', 'wrong password', 'too many failures', 'too many failures'])
    trail.note({ event: 'sign-in-failed', userName: '4', address: '203.0.113.7', detail })
  await trail.stop()
  assert.deepEqual(
    (await rows()).map(({ detail, times }) => [detail, times]),
    [
      ['wrong password', 1],
      ['too many failures', 1],
      ['wrong password', 1],
      ['too many failures', 1],
    ],
  )
})

test('failures that concern an existing account keep its name, even among failures with many other names and IP addresses', async (t) => {
  const { trail, rows } = await startTrail(t)
  const addresses = Array.from({ length: 60 }, (_, index) => `203.0.113.${index}`)
  for (const address of addresses)
    for (let index = 0; index < 20; index++)
      trail.note({ event: 'sign-in-failed', userName: `name-${index}`, address, detail: 'no user has this name' })
  for (const address of addresses.slice(0, 20))
    for (let time = 0; time < 2; time++) {
      trail.note({ event: 'sign-in-failed', userName: '4', address, detail: 'wrong password' })
      trail.note({ event: 'refused', userId: '5', userName: 'Mira Sand', address, detail: 'GET /admin/audit' })
    }
  await trail.stop()
  const all = await rows()
  const timesOf = (who: string) =>
    all.filter(({ user_id, user_name }) => (user_id ?? user_name) === who).reduce((sum, { times }) => sum + times, 0)
  assert.deepEqual([timesOf('4'), timesOf('5')], [40, 40])
  assert.ok(all.length < 400, `${all.length} rows`)
  assert.equal(
    all.reduce((sum, { times }) => sum + times, 0),
    60 * 20 + 80,
  )
})

test('an IP address is written the same way on IPv4 and IPv6 sockets', async (t) => {
  const { trail, rows } = await startTrail(t)
  for (const address of ['::ffff:203.0.113.7', '203.0.113.7', '2001:db8::7', '::ffff:x'])
    trail.note({ event: 'sign-in', userId: '4', address })
  await trail.written()
  assert.deepEqual(
    (await rows()).map(({ address }) => address),
    ['203.0.113.7', '203.0.113.7', '2001:db8::7', '::ffff:x'],
  )
})

test('many rows are written in batches, and the server answers requests between the batches', async (t) => {
  const { trail } = await startTrail(t)
  for (let index = 0; index < 1000; index++) trail.note({ event: 'revoked', userId: String(index) })
  let others = 0
  let isWritten = false
  const turn = () => {
    if (isWritten) return
    others++
    setImmediate(turn)
  }
  setImmediate(turn)
  await trail.written()
  isWritten = true
  assert.ok(others >= 5, `${others} turns for others`)
})

test('paging shows each row once while rows are added', async (t) => {
  const { trail, demo, clock } = await startTrail(t)
  for (let index = 0; index < 25; index++) {
    trail.note({ event: 'sign-in', userId: String(index) })
    if (index % 4 === 0) clock.advance({ milliseconds: 7 })
  }
  await trail.written()
  const seen: (string | null)[] = []
  for (let after: string | undefined; ; ) {
    const page = await readAudit(demo.parts.database, {}, { after, size: 4 })
    seen.push(...page.rows.map(({ user_id }) => user_id))
    trail.note({ event: 'sign-in', userId: 'later' })
    await trail.written()
    if (page.next === undefined) break
    after = page.next
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, index) => String(24 - index)),
  )
})

test('the demo removes old entries of its audit trail every hour', async (t) => {
  const demo = await startDemo(t, { auditDays: 1 })
  demo.parts.audit.note({ event: 'sign-in', userId: 'old' })
  await demo.parts.audit.written()
  const isThere = async () => (await auditRowsOf(demo)).some(({ user_id }) => user_id === 'old')
  demo.clock.advance({ hours: 23 })
  assert.ok(await isThere())
  demo.clock.advance({ hours: 2 })
  await until('what is too old is gone', async () => {
    demo.clock.advance({ hours: 1 })
    return !(await isThere())
  })
})

/** An audit trail with its own clock. The trail of the demo itself writes no entries to the table. */
async function startTrail(scope: Scope) {
  const demo = await startDemo(scope, { sessions: 'none' })
  const log: string[] = []
  const clock = manualClock()
  const { database } = demo.parts
  const warn = (facts: object, text: string) => void log.push(`${JSON.stringify(facts)} ${text}`)
  const trail = new AuditTrail({ database, clock, log: { warn } as never })
  return {
    demo: { ...demo, clock },
    clock,
    trail,
    log,
    rows: () => database.selectFrom('audit_events').selectAll().orderBy('id').execute(),
  }
}
