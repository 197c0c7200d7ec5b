import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { StartError } from '../../../src/config/start-error.ts'
import { startServer } from '../../../src/process/server.ts'
import { Program, settingsIn, temporaryFolder } from '../../support/process.ts'
import { Visitor } from '../../support/visitor.ts'

const PRODUCTION = {
  PROFILE: 'production',
  PUBLIC_URL: 'http://localhost:8044',
  SMTP_URL: 'smtp://localhost:9',
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
}
const OWN = 'a password of its own'

test('[HOST-3] production refuses to start while an active account has the demo’s password, and the error names commands that fix this', async (t) => {
  const { env, disable } = await databaseOfTheDemo(t)
  const program = new Program(t, { env: { ...env, WEB_CONCURRENCY: '2', LOG_LEVEL: 'info' } })
  await assert.rejects(program.printed(/http/), /it ended with code 1/, 'the cluster has started')
  const cluster = await program.ended
  assert.deepEqual([cluster.code, cluster.stdout, cluster.stderr.trimEnd().split('\n').length], [1, '', 1])
  const { message } = await refusalOf(env)
  for (const said of ['Ada Marlow (1)', 'Tomasz Nowak (6)', 'user:password', 'user:disable', 'DATABASE_URL'])
    assert.ok(message.includes(said), message)
  assert.equal(cluster.stderr, `${message}\n`)

  await disable(1, 2, 3, 4, 5)
  assert.match((await refusalOf(env)).message, /of the demo: Tomasz Nowak \(6\)\. Run/)
  const command = new Program(t, { entry: 'src/commands/user-password.ts', args: ['6'], env })
  assert.match((await command.run(`${OWN}\n${OWN}\n`)).stdout, /Tomasz Nowak \(6\) has a new password/)
  const server = await startServer({ env })
  t.after(() => server.stop())
  await new Visitor(server.url).logInWell(6, OWN)
})

test('[HOST-3] no account logs in to production with the demo’s password', async (t) => {
  const { env, disable } = await databaseOfTheDemo(t, { renumbered: 70 })
  await disable(1, 2, 3, 4, 5)
  const production = await startServer({ env })
  t.after(() => production.stop())
  assert.equal((await new Visitor(production.url).logIn(70)).status, 422)
  const body = JSON.stringify({ username: '70', password: 'crm-demo' })
  const headers = { 'Content-Type': 'application/json' }
  assert.equal((await fetch(`${production.url}/api/signin`, { method: 'POST', headers, body })).status, 401)
})

/** Fails at once if the server starts. */
async function refusalOf(env: Record<string, string>): Promise<StartError> {
  const server = await startServer({ env }).catch((error: unknown) => error)
  if (server instanceof StartError) return server
  if (server instanceof Error) throw server
  await (server as Awaited<ReturnType<typeof startServer>>).stop()
  assert.fail('the server has started')
}

/** `renumbered` is the new userId of account 6. */
async function databaseOfTheDemo(t: TestContext, { renumbered = 6 } = {}) {
  const demo = settingsIn(temporaryFolder(t))
  const { parts, stop } = await startServer({ env: demo })
  await parts.database.updateTable('sales_persons').set({ user_id: renumbered }).where('user_id', '=', 6).execute()
  await stop()
  return {
    env: { ...demo, ...PRODUCTION },
    async disable(...userIds: number[]) {
      const again = await startServer({ env: demo })
      const accounts = again.parts.database.updateTable('sales_persons').where('user_id', 'in', userIds)
      await accounts.set({ active: 0 }).execute()
      await again.stop()
    },
  }
}
