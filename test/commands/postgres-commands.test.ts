import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { type Ended, Program, startServerProcess } from '../support/process.ts'
import { queryAt } from '../support/servers/crm-databases.ts'
import { ownDatabase, postgresUrl } from '../support/servers/test-servers.ts'
import { Visitor } from '../support/visitor.ts'

const MIA = ['', 'Mia', 'Stone', 'mia@crm.example', 'manager', 'four blue windows', 'four blue windows']

if (postgresUrl !== undefined) {
  test('user:add and demo:reset work on PostgreSQL; demo:reset drops only the demo’s tables, and drops no table while a server runs', async (t) => {
    const env = settingsOn(await ownDatabase(t))
    const added = await new Program(t, { entry: 'src/commands/user-add.ts', env }).run(
      MIA.map((line) => `${line}\n`).join(''),
    )
    assert.deepEqual([added.code, added.stderr], [0, ''])
    assert.match(added.stdout, /Mia Stone can log in as manager with userId 7\./)
    const server = await startServerProcess(t, { env })
    await new Visitor(server.url).logInWell(7, 'four blue windows')
    assertRefused(await demoReset(t, env), /A server is using the database "t\w+" at 127\.0\.0\.1:\d+\. Stop it first/)
    await server.program.stop()
    await queryAt(env.DATABASE_URL, "create table theirs (name text); insert into theirs values ('kept')")
    assertRefused(
      await demoReset(t, {
        ...env,
        PROFILE: 'production',
        PUBLIC_URL: 'https://crm.example',
        SMTP_URL: 'smtp://localhost',
      }),
      /refuses in the production profile/,
    )
    assert.deepEqual(await queryAt(env.DATABASE_URL, 'select count(*)::int as staff from sales_persons'), [
      { staff: 7 },
    ])

    const { code, stdout, stderr } = await demoReset(t, env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.match(stdout, /emptied "t\w+" at .*\n.*filled/)
    assert.deepEqual(await queryAt(env.DATABASE_URL, 'select count(*)::int as staff from sales_persons'), [
      { staff: 6 },
    ])
    assert.deepEqual(await queryAt(env.DATABASE_URL, 'select name from theirs'), [{ name: 'kept' }])
  })

  test('demo:reset does not change a database that is not the demo’s', async (t) => {
    const env = settingsOn(await ownDatabase(t))
    await queryAt(env.DATABASE_URL, 'create table photos (name text)')
    assertRefused(await demoReset(t, env), /is not one of this demo/)
    await queryAt(env.DATABASE_URL, 'alter table photos rename to customers')
    assertRefused(await demoReset(t, env), /a table "customers" that this program did not create/)
    assert.deepEqual(await queryAt(env.DATABASE_URL, 'select * from customers'), [])
  })
}

function settingsOn(url: string) {
  return { DATABASE_URL: url, SESSION_STORE: 'memory', PORT: '0', BCRYPT_COST: '4' }
}

function demoReset(t: TestContext, env: Record<string, string>): Promise<Ended> {
  return new Program(t, { entry: 'src/commands/demo-reset.ts', env }).run()
}

function assertRefused({ code, stdout, stderr }: Ended, reason: RegExp): void {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, stderr)
  assert.match(stderr, reason)
}
