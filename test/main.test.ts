import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { type Ended, Program, settingsIn, startServerProcess, temporaryFolder } from './support/process.ts'
import { untilRefused } from './support/until-refused.ts'
import { Visitor } from './support/visitor.ts'

test('the first start fills the demo and prints its address and accounts; the next start finds all data unchanged', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const first = await startServerProcess(t, { env })
  const { stdout } = await first.program.stop()
  assert.match(stdout, /Tessera is running at http:\/\/localhost:\d+/)
  assert.match(stdout, /The external platform is at http:\/\/127\.0\.0\.1:\d+/)
  for (const userId of [1, 2, 3, 4, 5, 6])
    assert.match(stdout, new RegExp(`userId ${userId} .*(salesperson|manager|administrator)`))
  assert.match(stdout, /crm-demo/)

  const second = await startServerProcess(t, { env })
  await new Visitor(second.url).logInWell(4)
  await second.program.stop()
})

test('a graceful shutdown answers the request in flight, and exits with code 0', async (t) => {
  const server = await startServerProcess(t, { env: settingsIn(temporaryFolder(t)) })
  const body = 'userId=4&password=crm-demo'
  const login = request(`${server.url}/4DACTION/authenticate`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': body.length,
      'Sec-Fetch-Site': 'same-origin',
      Expect: '100-continue',
    },
  })
  login.flushHeaders()
  await once(login, 'continue')

  server.program.kill('SIGTERM')
  await untilRefused(server.port)
  login.end(body)
  const [answer] = await once(login, 'response')
  assert.equal(answer.statusCode, 302)
  assert.equal(answer.headers.connection, 'close')
  answer.resume()
  assert.deepEqual(await codeAndNoise(server.program), { code: 0, stderr: '' })
})

test('a Ctrl-C that npm forwards to the server counts as one signal', async (t) => {
  const server = await startServerProcess(t, { env: settingsIn(temporaryFolder(t)) })
  server.program.kill('SIGINT')
  server.program.kill('SIGINT')
  assert.deepEqual(await codeAndNoise(server.program), { code: 0, stderr: '' })
})

test('[STOP-1] a terminal that closes stops the server gracefully', async (t) => {
  const server = await startServerProcess(t, { env: settingsIn(temporaryFolder(t)) })
  server.program.kill('SIGHUP')
  assert.deepEqual(await codeAndNoise(server.program), { code: 0, stderr: '' })
})

test('[STOP-3] an endless request and an endless response end with the server, within eight seconds', async (t) => {
  const stops = ['1', '2'].map(async (WEB_CONCURRENCY) => {
    const env = { ...settingsIn(temporaryFolder(t)), WEB_CONCURRENCY }
    const server = await startServerProcess(t, { env })
    await Promise.all([neverFinish(t, server.url), neverRead(t, server.port)])
    const start = performance.now()
    server.program.kill('SIGTERM')
    assert.deepEqual(await codeAndNoise(server.program), { code: 0, stderr: '' })
    assert.ok(performance.now() - start < 8_000, `${WEB_CONCURRENCY}: ${performance.now() - start} ms`)
  })
  await Promise.all([...stops, stopThatHangs(t)])
})

/** A server that waits for a connection which it cannot close. */
async function stopThatHangs(t: TestContext): Promise<void> {
  const cannotClose =
    'data:text/javascript,import http from "node:http"; import { Socket } from "node:net"; process.once("SIGTERM", () => {' +
    'http.Server.prototype.closeAllConnections = () => {}; Socket.prototype.destroy = function () { return this } })'
  const env = settingsIn(temporaryFolder(t))
  const server = await startServerProcess(t, { env, nodeArgs: ['--import', cannotClose] })
  await neverFinish(t, server.url)
  server.program.kill('SIGTERM')
  const { code, stdout } = await server.program.ended
  assert.equal(code, 1)
  assert.match(stdout, /the shutdown took too long/)
}

test('a signal during the start stops the server as soon as it runs', async (t) => {
  const folder = temporaryFolder(t)
  const program = new Program(t, { env: { ...settingsIn(folder), BCRYPT_COST: '10' } })
  // The start creates this file before it hashes the passwords of the demo accounts, which takes longer.
  await untilMade(folder, 'crm.sqlite')
  program.kill('SIGTERM')
  assert.deepEqual(await codeAndNoise(program), { code: 0, stderr: '' })
})

test('an error outside of every request is logged, and ends the server in good order', async (t) => {
  const preload = 'process.once("SIGUSR2", () => void Promise.reject(new Error("outside of every request")))'
  const env = settingsIn(temporaryFolder(t))
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  const { program, url } = await startServerProcess(t, { env, nodeArgs })
  program.kill('SIGUSR2')
  const { code, stdout, stderr } = await program.ended
  assert.equal(code, 1)
  assert.match(stdout + stderr, /"msg":"unexpected error, stopping"/)
  assert.match(stdout + stderr, /outside of every request/)
  await assert.rejects(fetch(url))
})

test('a busy PORT makes the start fail with a one-line error', async (t) => {
  const folder = temporaryFolder(t)
  const port = await occupy(t)
  const end = await new Program(t, { env: { ...settingsIn(folder), PORT: String(port) } }).run()
  assertOneLine(end, new RegExp(`^Port ${port} is busy`))
})

test('[TAB-13] without PORT the next free port is used and printed, and its cookie has a name of its own', async (t) => {
  // Port 8044 may be free or busy. After the start of the first server, the port is busy for the second server.
  const { PORT: _any, ...env } = settingsIn(temporaryFolder(t))
  const first = await startServerProcess(t, { env })
  const second = await startServerProcess(t, { env })
  assert.ok(second.port > first.port && (second.port - 8044) % 2 === 0, `${first.port}, then ${second.port}`)
  await second.program.printed(new RegExp(`Port 8044 is busy, so this server took ${second.port}`))
  await second.program.printed(new RegExp(`It is named Tessera-${second.port}`))
  const visitor = new Visitor(second.url)
  await visitor.get('/authenticate.shtml')
  assert.deepEqual([...visitor.cookies.keys()], [`4DSID_Tessera-${second.port}`])
  await second.program.stop()
  await first.program.stop()
})

test('an invalid configuration prints all problems, one per line, and creates nothing', async (t) => {
  const folder = temporaryFolder(t)
  const env = { ...settingsIn(folder), PORT: 'http', SESSIONS: 'sometimes', PUBLIC_URL: 'here' }
  const end = await new Program(t, { env }).run()
  assert.equal(end.code, 1)
  assert.deepEqual(
    end.stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(':')[0]),
    ['The configuration cannot be used', 'PORT', 'PUBLIC_URL', 'SESSIONS'],
  )
  assert.equal(existsSync(join(folder, 'crm.sqlite')), false)
})

test('a file that is not a database makes the start fail with a one-line error and stays as it is', async (t) => {
  for (const name of ['crm.sqlite', 'sessions.sqlite']) {
    const folder = temporaryFolder(t)
    const file = join(folder, name)
    const text = `Dear diary, ${'this is no database. '.repeat(500)}`
    writeFileSync(file, text)
    assertOneLine(await new Program(t, { env: settingsIn(folder) }).run(), /is not a database/)
    assert.equal(readFileSync(file, 'utf8'), text)
  }
})

test('a database path that is a folder or cannot be written makes the start fail with a one-line error', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'crm.sqlite'))
  assertOneLine(await new Program(t, { env: settingsIn(folder) }).run(), /is not a file/)
  // Even root cannot create a file in /proc.
  assertOneLine(
    await new Program(t, { env: { ...settingsIn(folder), DATABASE_URL: 'sqlite:/proc/crm.sqlite' } }).run(),
    /./,
  )
})

test('databases of a newer version make the start fail with a one-line error and stay as they are', async (t) => {
  const folder = temporaryFolder(t)
  const env = settingsIn(folder)
  await (await startServerProcess(t, { env })).program.stop()
  for (const [name, change] of [
    ['sessions.sqlite', 'UPDATE session_schema SET version = 999'],
    ['crm.sqlite', "INSERT INTO kysely_migration VALUES ('9999-from-the-future', '2100-01-01')"],
  ] as const) {
    const file = join(folder, name)
    alter(file, change)
    const before = readFileSync(file)
    assertOneLine(await new Program(t, { env }).run(), /newer version/)
    assert.ok(readFileSync(file).equals(before), `${name} was changed`)
  }
})

test('production requires PUBLIC_URL, and starts empty, without the demo accounts', async (t) => {
  const env = {
    ...settingsIn(temporaryFolder(t)),
    NODE_ENV: 'production',
    BCRYPT_COST: '10',
    SMTP_URL: 'smtp://localhost',
  }
  const refused = await new Program(t, { env }).run()
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /PUBLIC_URL: is required in production/)

  const server = await startServerProcess(t, { env: { ...env, PUBLIC_URL: 'http://localhost:8044' } })
  const { stdout } = server.program.output()
  assert.equal(stdout.trimEnd().split('\n').length, 1)
  assert.equal(JSON.parse(stdout).msg, 'listening')
  const visitor = new Visitor(server.url)
  const login = await visitor.post(
    '/4DACTION/authenticate',
    { userId: '4', password: 'crm-demo' },
    { Origin: undefined },
  )
  assert.equal(login.status, 422)
  await server.program.stop()
})

test('[BOX-3] the demo says that it listens on all networks', async (t) => {
  const env = { ...settingsIn(temporaryFolder(t)), HOST: '0.0.0.0' }
  const server = await startServerProcess(t, { env })
  await server.program.printed(new RegExp(`It listens on 0\\.0\\.0\\.0, port ${server.port}`))
  await server.program.stop()
})

test('[LIFE-6] a session timeout of 0 prints a warning at the start', async (t) => {
  const env = { ...settingsIn(temporaryFolder(t)), SESSION_TIMEOUT_MINUTES: '0' }
  const server = await startServerProcess(t, { env })
  await server.program.printed(/SESSION_TIMEOUT_MINUTES is 0: sessions never expire/)
  await server.program.stop()
})

function alter(file: string, sql: string): void {
  const database = new Database(file)
  database.exec(sql)
  database.close()
}

/** Sends the body of a login one byte at a time. */
async function neverFinish(t: TestContext, url: string): Promise<void> {
  const type = 'application/x-www-form-urlencoded'
  const headers = { 'Content-Type': type, 'Content-Length': 10_000, 'Sec-Fetch-Site': 'same-origin' }
  const login = request(`${url}/4DACTION/authenticate`, { method: 'POST', headers })
  login.on('error', () => {})
  const timer = setInterval(() => login.write('u'), 50)
  t.after(() => clearInterval(timer))
  login.write('u')
  await once(login, 'socket').then(([socket]) => socket.connecting && once(socket, 'connect'))
}

/** Asks for more pages than fit into the buffers of the connection, and reads none of them. */
async function neverRead(t: TestContext, port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.pause().write('GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(300))
}

async function codeAndNoise(program: Program): Promise<Pick<Ended, 'code' | 'stderr'>> {
  const { code, stderr } = await program.ended
  return { code, stderr }
}

async function untilMade(folder: string, name: string): Promise<void> {
  for await (const { filename } of watch(folder)) if (filename === name) return
}

function assertOneLine({ code, stdout, stderr }: Ended, pattern: RegExp): void {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  assert.match(stderr, pattern)
}

async function occupy(t: TestContext): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}
