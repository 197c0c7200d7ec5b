import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { addSalesperson } from '../../src/accounts/index.ts'
import { openSqlite } from '../../src/parts/open-sqlite.ts'
import { ApiClient, NEW_CUSTOMER } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { snapshotOf } from '../support/pages.ts'
import { Program, temporaryFolder } from '../support/process.ts'
import { openPublicDemo } from '../support/reset-demo.ts'
import { readMailbox, signUpAs } from '../support/sign-up.ts'
import { makeToken, tokenOn } from '../support/tokens.ts'
import { until } from '../support/until.ts'

const PUBLIC = { demoPublic: true, guests: 'first-write' } as const
const EVENING = '2026-01-05T20:00:00.000Z'
const NEXT_DAY = '2026-01-06T09:00:00.000Z'
const LATER = '2026-01-09T09:00:00.000Z'

test('[PUBLIC-12] at 03:00 UTC the data is as at a first start on that day, and all sessions have ended with the reason', async (t) => {
  const demo = await startDemo(t, PUBLIC)
  const { database } = demo.parts
  const first = await comparable(demo)
  demo.clock.advance({ hours: 17, minutes: 30 })
  const [ada, mia] = [demo.visitor(), demo.visitor()]
  for (const visitor of [ada, mia]) await visitor.get('/')
  await ada.logInWell(1)
  await signUpAs(demo, mia, 'mia@example.com')
  const api = new ApiClient(demo, tokenOn(await makeToken(ada, { scope: 'read-write' })))
  assert.equal((await api.post('/customers', NEW_CUSTOMER)).status, 201)
  await database.updateTable('sales_persons').set({ password: 'x', active: 0 }).where('user_id', '=', 2).execute()
  demo.clock.advance({ minutes: 29 })
  assert.equal((await ada.get('/customers')).status, 200)

  demo.clock.advance({ minutes: 1, seconds: 30 })
  await untilReset(demo)
  const page = await ada.get('/customers')
  assert.doesNotMatch(page.text, /Ada Marlow/)
  assert.match((await ada.follow(page)).text, /The demo was reset, as every night/)
  assert.equal((await api.get('/me')).status, 401)
  assert.deepEqual(await readMailbox(mia), [])
  assert.equal(await comparable(demo), first)
  await demo.visitor().logInWell(2)
  assert.match((await demo.visitor().get('/')).text, /All data is reset in <span[^>]*>1 day</)

  demo.clock.advance({ hours: 24 })
  await untilReset(demo, 2)
})

test('[PUBLIC-13] a reset that fails in the middle leaves the data as it was, and is tried again', async (t) => {
  const demo = await startDemo(t, {
    ...PUBLIC,
    database: { kind: 'sqlite', file: join(temporaryFolder(t), 'a.sqlite') },
  })
  const { database } = demo.parts
  await database.updateTable('customers').set({ name: 'kept' }).where('id', '=', 7).execute()
  const broken = openSqlite(join((demo.parts.config.database as { file: string }).file), 'TEST')
  t.after(() => broken.close())
  broken.exec(`CREATE TRIGGER broken BEFORE INSERT ON purchases BEGIN SELECT RAISE(ABORT, 'broken'); END`)
  demo.clock.advance({ hours: 18 })
  await until('the reset fails', async () => demo.log.some((line) => line.includes('demo.reset-failed')))
  assert.equal(
    (await database.selectFrom('customers').select('name').where('id', '=', 7).executeTakeFirst())?.name,
    'kept',
  )
  broken.exec('DROP TRIGGER broken')
  await until('the next attempt is scheduled', async () => {
    demo.clock.advance({ seconds: 30 })
    return demo.log.some((line) => line.includes('"demo.reset"'))
  })
})

test('[PUBLIC-13] the next start finishes a reset that was missed or killed, in exactly one of several processes', async (t) => {
  const folder = temporaryFolder(t)
  assert.equal(await openPublicDemo(folder, EVENING), true, 'the first start resets')
  assert.equal(await openPublicDemo(folder, EVENING), false)
  change(folder)
  const starts = await Promise.all([openPublicDemo(folder, NEXT_DAY), openPublicDemo(folder, NEXT_DAY)])
  assert.deepEqual(starts.sort(), [false, true])
  assert.deepEqual(readState(folder), { name: 'seed', due: '2026-01-07T03:00:00.000Z', endsSessions: 0 })

  change(folder)
  const program = new Program(t, { entry: 'test/support/reset-demo.ts', args: [folder, LATER] })
  assert.equal((await program.ended).signal, 'SIGKILL')
  assert.deepEqual(readState(folder), { name: 'seed', due: '2026-01-10T03:00:00.000Z', endsSessions: 1 })
  let ends = 0
  assert.equal(await openPublicDemo(folder, LATER, () => ends++), false, 'the data is not replaced again')
  assert.ok(ends > 0)
  assert.deepEqual(readState(folder), { name: 'seed', due: '2026-01-10T03:00:00.000Z', endsSessions: 0 })
})

test('[PUBLIC-14] a database with other people than those of the demo is refused, and keeps its data', async (t) => {
  const demo = await startDemo(t, { database: { kind: 'sqlite', file: join(temporaryFolder(t), 'crm.sqlite') } })
  const { parts } = demo
  const boss = { userId: 7, firstname: 'Real', lastname: 'Person', email: 'real@example.com', role: 'manager' } as const
  await addSalesperson(parts, { ...boss, password: 'a password of a real person' })
  const { file } = parts.config.database as { file: string }
  await assert.rejects(startDemo(t, { ...PUBLIC, database: { kind: 'sqlite', file } }), /staff who are not of the demo/)
  const { length } = await parts.database.selectFrom('sales_persons').select('user_id').execute()
  assert.equal(length, 7)
})

async function untilReset({ log }: Demo, times = 1): Promise<void> {
  // The first start has reset the demo too.
  await until('the demo is reset', async () => log.filter((line) => line.includes('"demo.reset"')).length === times + 1)
}

/** Each hash of a password is different, the versions of the portfolios only grow, and all days depend on the reset. */
async function comparable({ parts }: Demo): Promise<string> {
  return (await snapshotOf(parts)).replaceAll(/\$2[^"]*|"\d{4}-\d\d-\d\d[^"]*"|"portfolio_version":\d+/g, '')
}

function change(folder: string): void {
  const database = openSqlite(join(folder, 'crm.sqlite'), 'TEST')
  database.exec(`UPDATE customers SET name = 'changed' WHERE id = 7`)
  database.close()
}

function readState(folder: string) {
  const database = openSqlite(join(folder, 'crm.sqlite'), 'TEST')
  const { name } = database.prepare('SELECT name FROM customers WHERE id = 7').get() as { name: string }
  const row = database.prepare('SELECT due_at, ends_sessions FROM demo_resets').get() as {
    due_at: string
    ends_sessions: number
  }
  database.close()
  return { name: name === 'changed' ? name : 'seed', due: row.due_at, endsSessions: row.ends_sessions }
}
