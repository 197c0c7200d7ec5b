import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { Program, settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { ownDatabase, ownName, postgresUrl, redisUrl } from '../support/servers/test-servers.ts'
import { Visitor } from '../support/visitor.ts'

const ENTRY = 'src/commands/move-sessions.ts'

for (const [name, addressOf] of Object.entries({
  ...(redisUrl && { Redis: async () => String(redisUrl) }),
  ...(postgresUrl && { PostgreSQL: (t: TestContext) => ownDatabase(t) }),
})) {
  test(`sessions:move copies all sessions from a file to ${name}, and all users stay signed in`, async (t) => {
    const folder = temporaryFolder(t)
    const file = `sqlite:${join(folder, 'sessions.sqlite')}`
    const there = await addressOf(t)
    const env = { ...settingsIn(folder), APP_NAME: ownName(), SESSION_CLOSE_ON_STOP: 'false' }
    const before = await startServerProcess(t, { env: { ...env, SESSION_STORE: file } })
    const ana = new Visitor(before.url)
    await ana.logInWell(4)
    const gone = new Visitor(before.url)
    await gone.logInWell(5)
    const past = gone.copy()
    await gone.logOut()

    const early = await move(t, env, [file, there])
    assert.match(early.stderr, /A server is using the first store. Stop it first; nothing was copied/)
    await before.program.stop()

    const { code, stdout, stderr } = await move(t, env, [file, there])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.match(stdout, /^1 sessions of .* with 1 devices, tokens and links are in the new store/)

    const after = await startServerProcess(t, { env: { ...env, SESSION_STORE: there } })
    const moved = (visitor: Visitor) => {
      const there = new Visitor(after.url)
      for (const [cookie, value] of visitor.cookies) there.cookies.set(cookie, value)
      return there
    }
    assert.equal((await moved(ana).get('/customers')).status, 200)
    assert.equal((await moved(past).get('/customers')).status, 303)
    await after.program.stop()

    const again = await move(t, env, [file, there])
    assert.match(again.stderr, /has \d sessions of .* already. Copy into an empty one/)
  })
}

test('sessions:move shows its usage for wrong arguments', async (t) => {
  for (const [args, words] of [
    [[], /sessions:move -- <from> <to>/],
    [['sqlite:a.sqlite'], /sessions:move -- <from> <to>/],
    [['memory', 'sqlite:a.sqlite'], /the first address: memory holds nothing/],
    [['mysql://me:s3cret@db/x', 'sqlite:a.sqlite'], /the first address: use sqlite:<path>/],
  ] as const) {
    const { code, stderr } = await move(t, {}, args)
    assert.equal(code, 1)
    assert.match(stderr, words)
    assert.doesNotMatch(stderr, /s3cret/)
  }
})

function move(t: TestContext, env: Record<string, string>, args: readonly string[]) {
  return new Program(t, { entry: ENTRY, args, env }).run()
}
