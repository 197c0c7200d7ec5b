import assert from 'node:assert/strict'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import type { Context } from 'koa'
import { auditPages } from '../../src/admin/audit-pages.ts'
import type { AuditEntry } from '../../src/audit/index.ts'
import { auditOf } from '../support/audit.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { sessionIdOf } from '../support/pages.ts'
import type { Scope } from '../support/process.ts'

test('the audit page lists events newest first, each with its time, user, IP address, device, and the user who caused it', async (t) => {
  const { entries } = await startAudit(t, [
    { event: 'sign-in', userId: '4', userName: 'Noah Lindgren', address: '203.0.113.7', device: FIREFOX },
    { event: 'revoked', userId: '4', userName: 'Noah Lindgren', byUserId: '6', byUserName: 'Tomasz Nowak' },
  ])
  const [newest, oldest] = await entries('user=4')
  assert.match(newest ?? '', /Session revoked Noah Lindgren by Tomasz Nowak The server/)
  assert.match(oldest ?? '', /5 Jan 2026, 09:00:00 UTC Signed in Noah Lindgren 203\.0\.113\.7 Firefox on Windows/)
})

test('entries are found by event, user, session, address and day', async (t) => {
  const { demo, entries, note } = await startAudit(t, [
    { event: 'sign-in', userId: '4', userName: 'Noah Lindgren', sessionId: 'A'.repeat(32), detail: 'one' },
    { event: 'sign-in-failed', userName: 'unknown@example.com', address: '203.0.113.7', detail: 'two' },
    { event: 'revoked', userId: '1', userName: 'Ada Marlow', byUserId: '4', detail: 'three' },
  ])
  demo.clock.advance({ hours: 24 })
  await note({ event: 'sign-out', userId: '4', userName: 'Noah Lindgren', detail: 'four' })
  const found = async (query: string) =>
    (await entries(query)).map((line) => /one|two|three|four/.exec(line)?.[0]).filter((word) => word !== undefined)
  assert.deepEqual(await found('event=sign-in-failed'), ['two'])
  assert.deepEqual(await found('user=4'), ['four', 'three', 'one'], 'about the user, and by the user')
  assert.deepEqual(await found('user=noah'), ['four', 'three', 'one'])
  assert.deepEqual(await found('user=unknown%40example.com'), ['two'])
  assert.deepEqual(await found(`session=${'a'.repeat(32)}`), ['one'])
  assert.deepEqual(await found('session=x'), [])
  assert.deepEqual(await found('address=203.0.113.7'), ['two'])
  assert.deepEqual(await found('from=2026-01-06'), ['four'])
  assert.deepEqual(await found('to=2026-01-05'), ['three', 'two', 'one'])
  assert.deepEqual(await found('from=2026-01-05&to=2026-01-06&user=4&event=sign-in'), ['one'])
})

test('the filter by user also finds failed sign-ins, under every user name that was typed', async (t) => {
  const { demo, entries } = await startAudit(t)
  const { email } = await demo.parts.database
    .selectFrom('sales_persons')
    .select('email')
    .where('user_id', '=', 4)
    .executeTakeFirstOrThrow()
  for (const name of ['4', email]) await demo.visitor().logIn(name as never, 'a wrong password')
  await demo.visitor().logIn(1, 'a wrong password')
  await demo.parts.audit.written()
  for (const user of ['4', 'noah lindgren', 'NOAH', email.toUpperCase()]) {
    const failed = await entries(new URLSearchParams({ user, event: 'sign-in-failed' }).toString())
    assert.equal(failed.length, 2, user)
    for (const entry of failed) assert.match(entry, /wrong password/)
  }
})

test('a name that matches too many users is refused, and no user is left out silently', async (t) => {
  const { demo, admin } = await startAudit(t)
  await hire(demo, 30)
  const answer = await admin.get('/admin/audit?user=crowd')
  assert.equal(answer.status, 400)
  assert.match(answer.text, /More than 20 people may be meant\. Be more precise/)
  const sessions = await admin.get('/admin/sessions?user=crowd')
  assert.equal(sessions.text.match(/>Crowd \d+/g)?.length, 20)
  assert.match(sessions.text, /More than 20 people may be meant\. Be more precise/)
  assert.equal((await admin.get('/admin/audit?user=crowd+1007')).status, 200)
})

test('the audit page contains complete session handles and request ids, so that they can be copied', async (t) => {
  const { entries } = await startAudit(t, [
    { event: 'sign-in', userId: '4', sessionId: 'AB'.repeat(16), requestId: 'c0ffee00-1111-4222-8333-444455556666' },
  ])
  const [entry] = await entries('user=4')
  assert.match(entry ?? '', /Session (AB){16} Request c0ffee00-1111-4222-8333-444455556666/)
})

test('the filter finds an IPv4 address in its usual form and in the form that an IPv6 socket reports', async (t) => {
  const { entries } = await startAudit(t, [{ event: 'sign-in', userId: '4', address: '::ffff:203.0.113.7' }])
  for (const address of ['203.0.113.7', '::ffff:203.0.113.7'])
    assert.equal((await entries(new URLSearchParams({ address }).toString())).length, 1, address)
})

test('an invalid address is refused, and an invalid page number shows the first page', async (t) => {
  const { admin, entries } = await startAudit(t)
  for (const query of [
    'event=explosion',
    'from=2026-02-31',
    'to=yesterday',
    'from=2026-1-1',
    'user=1&user=2',
    'event=__proto__',
  ])
    assert.equal((await admin.get(`/admin/audit?${query}`)).status, 400, query)
  assert.deepEqual(await entries('after=x'), await entries(''))
  assert.deepEqual(await entries("after='--"), await entries(''))
})

test('paging through the trail shows every entry once', async (t) => {
  const { admin, note } = await startAudit(t)
  for (let index = 0; index < 120; index++) await note({ event: 'sign-in', userId: '4', detail: `entry-${index}.` })
  const seen: string[] = []
  let path: string | undefined = '/admin/audit?user=4'
  while (path !== undefined) {
    const { text }: { text: string } = await admin.get(path)
    seen.push(...(text.match(/entry-\d+\./g) ?? []))
    path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 120 }, (_, index) => `entry-${119 - index}.`),
  )
})

test('the export contains the filtered entries as a CSV file in which no spreadsheet runs a formula', async (t) => {
  const { admin } = await startAudit(t, [
    { event: 'sign-in-failed', userName: '=HYPERLINK("http://evil.test","click")', address: '203.0.113.1' },
    { event: 'sign-in-failed', userName: '+1', address: '203.0.113.1', detail: 'a "word", and; more' },
    { event: 'sign-in-failed', userName: '-1', address: '203.0.113.1' },
    { event: 'sign-in-failed', userName: '@SUM(A1)', address: '203.0.113.1', detail: '＝1' },
    { event: 'sign-in', userId: '4', userName: 'Noah Lindgren', address: '203.0.113.2' },
  ])
  const answer = await admin.get('/admin/audit.csv?address=203.0.113.1')
  assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8; header=present')
  assert.equal(answer.headers['content-disposition'], 'attachment; filename="audit-2026-01-05.csv"')
  assert.match(String(answer.headers['cache-control']), /no-store/)
  assert.ok(answer.text.startsWith('\ufeff"at","event","times",'))
  const lines = answer.text.trimEnd().split('\r\n')
  assert.equal(lines.length, 5)
  for (const line of lines.slice(1)) {
    assert.doesNotMatch(line, /"[=+\-@＝]/)
    assert.doesNotMatch(line, /Noah/)
  }
  assert.match(answer.text, /"'=HYPERLINK\(""http:\/\/evil\.test"",""click""\)"/)
  assert.match(answer.text, /"a ""word"", and; more"/)
  assert.match(answer.text, /"'＝1"/)
})

test('the export is read in batches, newest first, without a gap', async (t) => {
  const { demo, admin } = await startAudit(t)
  for (let index = 0; index < 1203; index++)
    demo.parts.audit.note({ event: 'sign-in', userId: 'x', detail: `e${index}` })
  const { text } = await admin.get('/admin/audit.csv?user=x')
  assert.deepEqual(
    text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => /"(e\d+)"$/.exec(line)?.[1]),
    Array.from({ length: 1203 }, (_, index) => `e${1202 - index}`),
  )
})

test('the audit trail records which user exported which part of the trail', async (t) => {
  const { demo, admin } = await startAudit(t)
  await admin.send('/admin/audit.csv', { method: 'HEAD' })
  await admin.get('/admin/audit.csv')
  await admin.get('/admin/audit.csv?user=noah+lindgren&from=2026-01-01')
  assert.deepEqual(
    (await auditOf(demo, 'audit-exported')).map(({ user_id, user_name, address, detail }) => [
      user_id,
      user_name,
      address,
      detail,
    ]),
    [
      ['6', 'Tomasz Nowak', '127.0.0.1', 'everything'],
      ['6', 'Tomasz Nowak', '127.0.0.1', 'user=noah lindgren&from=2026-01-01'],
    ],
  )
})

test('an export contains only the newest entries, up to a limit', async (t) => {
  const { demo } = await startAudit(t)
  for (let index = 0; index < 1203; index++)
    demo.parts.audit.note({ event: 'sign-in', userId: 'x', detail: `e${index}` })
  const pages = auditPages({ ...demo.parts, describeDevice: () => '', mostExported: 700 })
  const ctx = { method: 'HEAD', query: { user: 'x' }, attachment() {} } as unknown as Context
  await pages.csv(ctx)
  const lines = (await text(ctx.body as Readable)).trimEnd().split('\r\n')
  assert.equal(lines.length, 1 + 700)
  assert.match(lines[1] ?? '', /"e1202"$/)
  assert.match(lines[700] ?? '', /"e503"$/)
})

test('after re-authentication for an export, the user returns to the audit page with the same filter', async (t) => {
  const { demo } = await startAudit(t)
  const pages = auditPages({ ...demo.parts, describeDevice: () => '' })
  const back = (query: object) => pages.pageOfExport({ query } as Context)
  assert.equal(back({ user: 'ada marlow', event: 'sign-in' }), '/admin/audit?event=sign-in&user=ada+marlow')
  assert.equal(back({}), '/admin/audit')
})

test('the audit page escapes text that a user typed', async (t) => {
  const { admin } = await startAudit(t, [
    { event: 'sign-in-failed', userName: '<script>alert(1)</script>', device: '<b>' },
  ])
  const { text } = await admin.get('/admin/audit')
  assert.doesNotMatch(text, /<script>alert|<b>/)
  assert.match(text, /&lt;script&gt;alert/)
})

async function hire({ parts }: Demo, number: number): Promise<void> {
  const people = Array.from({ length: number }, (_, index) => ({
    user_id: 1000 + index,
    firstname: 'Crowd',
    lastname: String(1000 + index),
    email: `crowd-${index}@example.com`,
    password: '',
    role: 'salesperson' as const,
    active: 1,
  }))
  await parts.database.insertInto('sales_persons').values(people).execute()
}

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** Signs in an administrator and writes these entries to the audit trail. */
async function startAudit(scope: Scope, noted: readonly AuditEntry[] = []) {
  const demo = await startDemo(scope)
  const note = async (entry: AuditEntry) => {
    demo.parts.audit.note(entry)
    await demo.parts.audit.written()
  }
  for (const entry of noted) await note(entry)
  let admin = demo.visitor()
  await admin.logInWell(6)
  return {
    demo,
    note,
    admin,
    async entries(query: string): Promise<string[]> {
      admin = demo.visitor()
      await admin.logInWell(6)
      const { text } = await admin.get(`/admin/audit?${query}`)
      const rows =
        text
          .split('<tbody>')[1]
          ?.split('</tbody>')[0]
          ?.split(/<tr[^>]*>/)
          .slice(1) ?? []
      return rows
        .map((row) =>
          row
            .replace(/<[^>]*>/g, ' ')
            .replace(/\s+/g, ' ')
            .trim(),
        )
        .filter((row) => !row.includes('Tomasz Nowak 127'))
    },
  }
}

test('[PAGE-11] a login is one row of the list, with the events that it caused and with complete ids', async (t) => {
  const demo = await startDemo(t)
  const [admin, ada] = [demo.visitor(), demo.visitor()]
  await ada.get('/')
  await ada.logInWell(1)
  await admin.logInWell(6)
  const { text } = await admin.get('/admin/audit?user=1')
  const rows = text.split('<tr>').slice(2)
  assert.equal(rows.length, 1)
  for (const part of ['Signed in', 'Privileges changed: editCustomers', 'Session secured: in place of'])
    assert.ok(rows[0]?.includes(part), part)
  assert.match(String(rows[0]), new RegExp(`<code>${sessionIdOf(ada)}</code>`))
  const alone = (await admin.get('/admin/audit?user=1&event=secured')).text.split('<tr>').slice(2)
  assert.match(String(alone[0]), /badge good">Session secured/)
})
