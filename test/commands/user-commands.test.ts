import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { startServer } from '../../src/process/server.ts'
import { Program, settingsIn, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

test('[PEOPLE-6] user:disable, user:enable and user:role work at once on the running server, and refuse wrong arguments', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const server = await startServer({ env })
  t.after(() => server.stop())
  const visitor = new Visitor(server.url)
  const run = commandsIn(t, env)
  await visitor.logInWell(2)
  assert.match(await run('disable', ['2']), /Jonas Keller \(2\) is disabled/)
  assert.match((await visitor.follow(await visitor.get('/customers'))).text, /Your account is disabled\./)
  assert.match(await run('enable', ['jonas.keller@crm.example']), /Jonas Keller \(2\) is enabled/)
  await visitor.logInWell(2)
  assert.match(await run('role', ['2', 'manager']), /Jonas Keller \(2\) is manager/)
  assert.match((await visitor.follow(await visitor.get('/customers'))).text, /Your role is now manager\./)

  const refusals = [
    ['role', ['2'], /^Usage: npm run user:role/],
    ['role', ['6', 'manager'], /^This is the last active administrator/],
    ['disable', ['99'], /^There is no account with the userId or the e-mail address 99/],
  ] as const
  const said = await Promise.all(refusals.map(([command, args]) => run(command, [...args], 1)))
  for (const [index, [, , reason]] of refusals.entries()) assert.match(String(said[index]), reason)
})

function commandsIn(t: TestContext, env: Record<string, string>) {
  return async (command: string, args: string[], wanted = 0): Promise<string> => {
    const ended = await new Program(t, { entry: `src/commands/user-${command}.ts`, args, env }).run()
    assert.equal(ended.code, wanted, ended.stderr)
    if (wanted !== 0) assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
    return wanted === 0 ? ended.stdout : ended.stderr
  }
}
