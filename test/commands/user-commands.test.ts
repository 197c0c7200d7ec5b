import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Program, settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

const NEW = 'four unusual words here'

test('[PEOPLE-6] user:disable, user:enable, user:role and user:password work at once on the running server', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const server = await startServerProcess(t, { env })
  const visitor = new Visitor(server.url)
  const run = commandsIn(t, env)
  await visitor.logInWell(2)
  assert.match(await run('disable', ['2']), /Jonas Keller \(2\) is disabled/)
  assert.match((await visitor.follow(await visitor.get('/customers'))).text, /Your account is disabled\./)
  assert.match(await run('enable', ['jonas.keller@crm.example']), /Jonas Keller \(2\) is enabled/)
  await visitor.logInWell(2)
  assert.match(await run('role', ['2', 'manager']), /Jonas Keller \(2\) is manager/)
  assert.match((await visitor.follow(await visitor.get('/customers'))).text, /Your role is now manager\./)
  await visitor.logInWell(2)
  assert.match(await run('password', ['2'], `${NEW}\n${NEW}\n`), /Jonas Keller \(2\) has a new password/)
  assert.match((await visitor.follow(await visitor.get('/customers'))).text, /Your password was reset\./)
  await visitor.logInWell(2, NEW)
  await server.program.stop()
})

test('[PEOPLE-6] the commands refuse wrong arguments and the last administrator in one line', async (t) => {
  const run = commandsIn(t, settingsIn(temporaryFolder(t)))
  const refusals = [
    ['role', ['2'], /^Usage: npm run user:role/],
    ['role', ['6', 'manager'], /^This is the last active administrator/],
    ['disable', ['99'], /^There is no account with the userId or the e-mail address 99/],
    ['password', ['1'], /at least 8/],
  ] as const
  await run('enable', ['1'])
  const said = await Promise.all(refusals.map(([command, args]) => run(command, [...args], 'short\nshort\n', 1)))
  for (const [index, [, , reason]] of refusals.entries()) assert.match(String(said[index]), reason)
})

function commandsIn(t: TestContext, env: Record<string, string>) {
  return async (command: string, args: string[], answers = '', wanted = 0): Promise<string> => {
    const ended = await new Program(t, { entry: `src/commands/user-${command}.ts`, args, env }).run(answers)
    assert.equal(ended.code, wanted, ended.stderr)
    if (wanted !== 0) assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
    return wanted === 0 ? ended.stdout : ended.stderr
  }
}
