import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sql } from 'kysely'
import { openSqlite } from '../../src/parts/open-sqlite.ts'
import { NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf } from '../support/pages.ts'
import { temporaryFolder } from '../support/process.ts'
import { GOOD_PASSWORD } from '../support/sign-up.ts'
import type { Answer } from '../support/visitor.ts'

const ANA = { email: 'ana@example.com', password: GOOD_PASSWORD }

test('a full disk causes a 503 on pages and over the API, reads still work, and no change is stored in part', async (t) => {
  const { demo } = await startOnFile(t)
  const noah = demo.visitor()
  await noah.logInWell(4)
  const client = await signedIn(demo, 4)
  await sql`pragma max_page_count = 1`.execute(demo.parts.database)
  const refused = await untilFull((count) => demo.visitor().post('/signup', { ...ANA, email: `${count}@example.com` }))
  assert.deepEqual([headingOf(refused), refused.headers['retry-after']], ['Not available right now', '5'])
  assert.match(refused.text, /cannot be reached at the moment/)
  const told = await untilFull(() => client.post('/customers', NEW_CUSTOMER))
  assert.deepEqual(Object.keys(JSON.parse(told.text)), ['isCallbackError', 'message'])
  assert.equal((await noah.get('/customers')).status, 200)

  await sql`pragma max_page_count = 1000000`.execute(demo.parts.database)
  assert.equal((await demo.visitor().post('/signup', ANA)).status, 303)
  const [users, mails] = await Promise.all(
    (['users', 'outbox'] as const).map((table) => demo.parts.database.selectFrom(table).select('email').execute()),
  )
  assert.deepEqual(new Set(users?.map(({ email }) => email)), new Set(mails?.map(({ email }) => email)))
  assertNothingUnexpected(demo)
})

test('a locked database file causes a 503, and requests succeed again after the lock is released', async (t) => {
  const { demo, file } = await startOnFile(t)
  const noah = demo.visitor()
  await noah.logInWell(4)
  await sql`pragma busy_timeout = 50`.execute(demo.parts.database)
  const other = openSqlite(file, 'TEST')
  t.after(() => void other.close())
  other.exec('begin immediate')
  const refused = await demo.visitor().post('/signup', ANA)
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '5'])
  assert.equal((await noah.get('/customers')).status, 200)
  other.exec('rollback')
  assert.equal((await demo.visitor().post('/signup', ANA)).status, 303)
  assertNothingUnexpected(demo)
})

async function startOnFile(t: TestContext): Promise<{ demo: Demo; file: string }> {
  const file = join(temporaryFolder(t), 'crm.sqlite')
  return { demo: await startDemo(t, { database: { kind: 'sqlite', file } }), file }
}

/** Repeats the request until it fails because the disk is full. Any other failure fails the test. */
async function untilFull(ask: (count: number) => Promise<Answer>): Promise<Answer> {
  for (let count = 0; count < 90; count++) {
    const answer = await ask(count)
    if (answer.status === 503) return answer
    assert.ok(answer.status < 400, answer.text)
  }
  return assert.fail('it never was full')
}

function assertNothingUnexpected({ log }: Demo): void {
  assert.deepEqual(
    log.filter((line) => line.includes('"request failed"')),
    [],
  )
}
