import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { DatabaseSetting } from '../../src/config/config-values.ts'
import { Connections } from '../../src/parts/connections.ts'
import { openDatabase } from '../../src/parts/open-database.ts'
import { snapshotOf } from '../support/pages.ts'
import { ownSettings, Program, type ServerProcess, startServerProcess, temporaryFolder } from '../support/process.ts'
import { openPublicDemo } from '../support/reset-demo.ts'
import { dropAtTheEnd, ownCrmDatabase } from '../support/servers/crm-databases.ts'
import { until } from '../support/until.ts'
import { type Answer, Visitor } from '../support/visitor.ts'

const EVENING = '2026-01-05T20:00:00.000Z'
const NEXT_DAY = '2026-01-06T09:00:00.000Z'
const OF_A_VISITOR = 'A name from a visitor'

// The clock stands just before 03:00 UTC. The signal moves it to a time after 03:00 UTC.
const CLOCK =
  'data:text/javascript,let now = Date.UTC(2026, 0, 6, 2, 59, 59, 800); Date.now = () => now;' +
  'process.on("SIGUSR2", () => { now += 60_000 })'

test('[PUBLIC-13] a process that is killed while it replaces the data leaves the former data, and the next start resets', async (t) => {
  const folder = temporaryFolder(t)
  const { setting, drop } = await ownCrmDatabase('filled', `${folder}/crm.sqlite`)
  dropAtTheEnd(drop)
  const open = (now: string) => openPublicDemo(folder, now, undefined, setting)
  assert.equal(await open(EVENING), true)
  const before = await dataOf(setting, OF_A_VISITOR)

  const program = new Program(t, {
    entry: 'test/support/reset-demo.ts',
    args: [folder, NEXT_DAY, JSON.stringify(setting)],
  })
  assert.equal((await program.ended).signal, 'SIGKILL')
  assert.equal(await dataOf(setting), before)

  assert.equal(await open(NEXT_DAY), true)
  const after = await dataOf(setting)
  assert.ok(!after.includes(OF_A_VISITOR) && after.includes('"due_at":"2026-01-07T03:00:00.000Z"'))
  assert.equal(rowsIn(after), rowsIn(before))
})

test('[PUBLIC-12] two running servers reset the demo once at 03:00 UTC, and answer all requests in the meantime', async (t) => {
  const servers = await startTwo(t)
  assert.equal(resetsOf(servers), 1, 'once at the first start')
  const [ada, jonas] = servers.map(({ url }) => new Visitor(url)) as [Visitor, Visitor]
  await ada.logInWell(1)
  await jonas.logInWell(2)
  const answers: Answer[] = []
  let isOver = false
  const keepAsking = async (ask: () => Promise<Answer>) => {
    while (!isOver) {
      answers.push(await ask())
      await pause(10)
    }
  }
  const visits = servers.map(({ url }) => keepAsking(() => new Visitor(url).get('/')))
  const works = [ada, jonas].map((visitor) => keepAsking(() => visitor.copy().get('/customers')))
  await until('the visitors are busy', async () => answers.length > 20)

  for (const { program } of servers) program.kill('SIGUSR2')
  await until('the demo is reset', async () => resetsOf(servers) === 2)
  for (const visitor of [ada, jonas])
    assert.match((await visitor.follow(await visitor.get('/customers'))).text, /The demo was reset, as every night/)
  isOver = true
  await Promise.all([...visits, ...works])
  for (const { program } of servers) await program.stop()
  assert.equal(resetsOf(servers), 2, 'and once at 03:00')

  for (const { status, headers, text } of answers) {
    assert.ok([200, 303].includes(status) || (status === 503 && headers['retry-after']), `${status}: ${text}`)
    if (status === 200) assert.ok(hasAllAccounts(text) || /<td/.test(text), text)
  }
})

async function startTwo(t: TestContext): Promise<ServerProcess[]> {
  const folder = temporaryFolder(t)
  const env = {
    ...(await ownSettings(t, folder)),
    SESSION_STORE: `sqlite:${folder}/sessions.sqlite`,
    DEMO_PUBLIC: 'true',
    LOG_LEVEL: 'info',
  }
  return Promise.all([1, 2].map(() => startServerProcess(t, { env, nodeArgs: ['--import', CLOCK] })))
}

function resetsOf(servers: readonly ServerProcess[]): number {
  const lines = servers.map(({ program }) => program.output().stdout).join('\n')
  return lines.match(/demo\.reset\b(?!-)/g)?.length ?? 0
}

function hasAllAccounts(text: string): boolean {
  return text.match(/Log in as</g)?.length === 6
}

/** All data, and when the next reset is due. Renames a customer before, if a name is given. */
async function dataOf(setting: DatabaseSetting, name?: string): Promise<string> {
  const connections = new Connections(() => {})
  const options = { isPrepared: true, now: 0 }
  const database = await openDatabase({ database: setting, profile: 'demo' }, {} as never, connections, options)
  if (name !== undefined) await database.updateTable('customers').set({ name }).where('id', '=', 7).execute()
  const resets = await database.selectFrom('demo_resets').selectAll().execute()
  const data = JSON.stringify(resets) + (await snapshotOf({ database }))
  await database.destroy()
  await connections.close()
  return data
}

function rowsIn(data: string): number {
  return data.match(/"id":/g)?.length ?? 0
}
