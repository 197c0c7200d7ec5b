import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../src/process/server.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { settingsIn, temporaryFolder } from '../support/process.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'

const READY = { status: 'ready', checks: { sessions: 'ok', sessionWrites: 'ok', database: 'ok', migrations: 'ok' } }

test('a healthy server is ready, and the health check neither sets a cookie nor creates a session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const answer = await visitor.get('/readyz')
  assert.deepEqual([answer.status, JSON.parse(answer.text), answer.setCookies], [200, READY, []])
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.match(String(answer.headers['content-type']), /^application\/json/)
  const head = await visitor.send('/readyz', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text, head.setCookies], [200, '', []])
  assert.equal(await demo.parts.sessions?.count(), 0)
  assert.equal((await visitor.post('/readyz')).status, 404)
})

test('the health check does not count as activity of a signed-in user’s session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const seen = async () => (await demo.parts.sessions?.list())?.sessions.map(({ lastAccessTime }) => lastAccessTime)
  const before = await seen()
  demo.clock.advance({ minutes: 5 })
  assert.deepEqual((await visitor.get('/readyz')).setCookies, [])
  assert.deepEqual(await seen(), before)
})

test('without sessions the health check does not check the session store', async (t) => {
  const { status, report } = await readyz(await startDemo(t, { sessions: 'none' }))
  assert.deepEqual([status, report], [200, { status: 'ready', checks: { database: 'ok', migrations: 'ok' } }])
})

test('the health check names a store that is down without its address, and reports ready again without a restart', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  assert.equal((await readyz(demo)).status, 200)
  trouble.trouble('fails')
  demo.clock.advance({ seconds: 1 })
  const { status, report, retryAfter, text } = await readyz(demo)
  assert.deepEqual([status, retryAfter], [503, '5'])
  assert.deepEqual(report, {
    status: 'not ready',
    checks: { ...READY.checks, sessions: 'cannot be reached' },
  })
  assert.doesNotMatch(text, /db\.internal|6379|Error/)
  assert.equal((await demo.visitor().get('/healthz')).status, 200, 'the process is still alive')
  trouble.mend()
  demo.clock.advance({ seconds: 1 })
  assert.equal((await readyz(demo)).status, 200)
  const told = demo.log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'readiness')
  assert.deepEqual(
    told.map(({ msg }) => msg),
    ['this server is not ready', 'this server is ready'],
  )
  assert.match(JSON.stringify(told[0].err), /broke during get/)
})

test('the check of a hanging store times out after two seconds, and concurrent health checks share it', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  trouble.trouble('hangs', 'get')
  const asking = Array.from({ length: 20 }, () => readyz(demo))
  await trouble.waiting()
  // When the server answers this later request, it has received all twenty health checks.
  await demo.visitor().get('/healthz')
  demo.clock.advance({ milliseconds: 1999 })
  demo.clock.advance({ milliseconds: 1 })
  for (const { status, report } of await Promise.all(asking))
    assert.deepEqual([status, report.checks.sessions], [503, 'did not answer within 2 s'])
  for (let n = 0; n < 20; n++) await readyz(demo)
  assert.equal(trouble.troubled.length, 1)
  trouble.mend()
})

test('a server without its database or a migration is not ready, and the response names what is missing', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  const steps = database.withTables<{ kysely_migration: { name: string; timestamp: string } }>()
  await steps.deleteFrom('kysely_migration').where('name', '=', '0005-audit').execute()
  const lacking = await readyz(demo)
  assert.deepEqual([lacking.status, lacking.report.checks.migrations], [503, 'not applied: 0005-audit'])
  await steps.insertInto('kysely_migration').values({ name: '0005-audit', timestamp: '' }).execute()
  await steps.insertInto('kysely_migration').values({ name: '9999-of-a-newer-version', timestamp: '' }).execute()
  demo.clock.advance({ seconds: 1 })
  assert.equal((await readyz(demo)).status, 200, 'additions of a newer version do not count as missing')

  await database.destroy()
  demo.clock.advance({ seconds: 1 })
  const gone = await readyz(demo)
  assert.equal(gone.status, 503)
  assert.deepEqual(gone.report.checks, {
    sessions: 'ok',
    sessionWrites: 'ok',
    database: 'cannot be reached',
    migrations: 'cannot be reached',
  })
})

test('[PROC-6] a server whose SQLite file was deleted or replaced is not ready until the original file is back', async (t) => {
  const folder = temporaryFolder(t)
  const [sessions, database] = [join(folder, 'sessions.sqlite'), join(folder, 'crm.sqlite')]
  const demo = await startDemo(t, {
    sessionStore: { kind: 'sqlite', file: sessions },
    database: { kind: 'sqlite', file: database },
  })
  const afterwards = async () => {
    demo.clock.advance({ seconds: 1 })
    const { status, report } = await readyz(demo)
    return { status, ...report.checks }
  }
  const ok = { status: 200, ...READY.checks }
  assert.deepEqual(await afterwards(), ok)
  for (const [name, file] of Object.entries({ sessions, database })) {
    for (const path of [file, `${file}-wal`]) {
      renameSync(path, join(folder, 'away'))
      assert.deepEqual(await afterwards(), { ...ok, status: 503, [name]: 'its file was deleted' })
      writeFileSync(path, '')
      assert.deepEqual(await afterwards(), { ...ok, status: 503, [name]: 'its file was replaced' })
      renameSync(join(folder, 'away'), path)
      assert.deepEqual(await afterwards(), ok)
    }
  }
  await demo.visitor().logInWell(4)
  assert.deepEqual(await afterwards(), ok)
})

test('a server in its graceful shutdown is not ready, and the health check on an open connection says so', async (t) => {
  const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
  t.after(() => server.stop())
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  // The server has received this part of a request before it stops.
  socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n')
  await fetch(`${server.url}/healthz`)
  const stopped = server.stop()
  socket.write('\r\n')
  let answer = ''
  for await (const piece of socket) answer += piece
  await stopped
  assert.match(answer, /^HTTP\/1\.1 503 /)
  assert.match(answer, /\r\nRetry-After: 5\r\n/i)
  assert.match(answer, /\{"status":"stopping","checks":\{\}\}/)
})

async function readyz(demo: Demo) {
  const { status, text, headers, setCookies } = await demo.visitor().get('/readyz')
  assert.deepEqual(setCookies, [])
  return { status, text, report: JSON.parse(text), retryAfter: headers['retry-after'] }
}
