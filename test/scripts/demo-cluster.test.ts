import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { makeClone } from '../support/clone.ts'
import { Fleet } from '../support/fleet.ts'
import { Program, startServerProcess } from '../support/process.ts'
import { ownDatabase, ownName, postgresUrl, redisUrl } from '../support/servers/test-servers.ts'

const ENTRY = 'scripts/demo-cluster.mjs'

test('demo:cluster says what it needs, and how to get it, when the environment names no servers', async (t) => {
  const bare = await new Program(t, { entry: ENTRY }).run()
  assert.deepEqual({ code: bare.code, stdout: bare.stdout }, { code: 1, stdout: '' })
  assert.match(bare.stderr, /DATABASE_URL=postgres:/)
  assert.match(bare.stderr, /apt-get install postgresql/)
  assert.match(bare.stderr, /REDIS_URL=redis:/)

  const half = await new Program(t, { entry: ENTRY, env: { REDIS_URL: 'redis://127.0.0.1:6379' } }).run()
  assert.match(half.stderr, /DATABASE_URL=postgres:/)
  assert.doesNotMatch(half.stderr, /apt-get install redis/)
})

if (postgresUrl && redisUrl) {
  const REDIS_URL = redisUrl
  test('demo:cluster starts four server processes, on the PostgreSQL and Redis servers that the environment names', async (t) => {
    const env = {
      DATABASE_URL: await ownDatabase(t),
      REDIS_URL,
      APP_NAME: ownName(),
      PORT: '0',
      BCRYPT_COST: '4',
    }
    const clone = makeClone(t)
    const program = { entry: join(clone, ENTRY), cwd: clone, env }
    const fleet = new Fleet(await startServerProcess(t, program), 4)
    assert.equal(fleet.workers().length, 4)
    const ana = fleet.visitor()
    await ana.logInWell(4)
    const answers = await Promise.all(Array.from({ length: 8 }, () => ana.copy().get('/customers')))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    await fleet.program.stop()
  })
}
