import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { selfSignedCertificate } from '../../scripts/certificate.ts'
import { StartError } from '../../src/config/start-error.ts'
import { type StartOptions, startServer } from '../../src/process/server.ts'
import { settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { startClients } from '../support/restless-clients.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

const CLIENTS = 12

test('[MODE-1] without any setting the server uses sessions', async (t) => {
  const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
  t.after(() => server.stop())
  assert.equal(server.parts.config.sessions, 'scalable')
  const visitor = new Visitor(server.url)
  await visitor.logInWell(4)
  assert.equal((await visitor.get('/customers')).status, 200)
})

test('[MODE-3] an option of startServer() is valid for one run, and the next start uses the configuration again', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  assert.equal(await setsCookie(t, { env, scalableSession: false }), false)
  assert.equal(await setsCookie(t, { env }), true)
  assert.equal(await setsCookie(t, { env: { ...env, SESSIONS: 'none' }, scalableSession: true }), true)
  assert.equal(await setsCookie(t, { env: { ...env, SESSIONS: 'none' } }), false)
})

test('[MODE-6] of two servers on one store, one may use sessions while the other runs without sessions', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const on = await startServerProcess(t, { env })
  const off = await startServerProcess(t, { env: { ...env, SESSIONS: 'none' } })
  const visitor = new Visitor(on.url)
  await visitor.logInWell(4)
  assert.equal((await visitor.get('/customers')).status, 200)

  const elsewhere = new Visitor(off.url)
  for (const [name, value] of visitor.cookies) elsewhere.cookies.set(name, value)
  const refused = await elsewhere.get('/customers')
  assert.deepEqual({ status: refused.status, setCookies: refused.setCookies }, { status: 503, setCookies: [] })

  assert.equal((await visitor.get('/customers')).status, 200)
  await off.program.stop()
  assert.equal((await visitor.get('/customers')).status, 200)
  await on.program.stop()
})

test('[MODE-5] two applications on one store never accept each other’s cookie', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const sales = await startServer({ env: { ...env, APP_NAME: 'Sales' } })
  t.after(() => sales.stop())
  const support = await startServer({ env: { ...env, APP_NAME: 'Support' } })
  t.after(() => support.stop())

  const visitor = new Visitor(sales.url)
  await visitor.logInWell(4)
  const cookie = visitor.cookies.get('4DSID_Sales')
  assert.ok(cookie)

  const intruder = new Visitor(support.url)
  intruder.cookies.set('4DSID_Support', cookie)
  assert.equal((await intruder.get('/customers')).status, 303)
  assert.notEqual(intruder.cookies.get('4DSID_Support'), cookie)
  assert.equal((await visitor.get('/customers')).status, 200)
})

test('[LIFE-4] the last server of the demo closes the sessions when it stops', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const visitor = await logInAndStop(t, env)
  assert.equal(await isSignedIn(t, env, visitor), false)
})

test('[LIFE-4] SESSION_CLOSE_ON_STOP=false keeps the sessions', async (t) => {
  const env = { ...settingsIn(temporaryFolder(t)), SESSION_CLOSE_ON_STOP: 'false' }
  const visitor = await logInAndStop(t, env)
  assert.equal(await isSignedIn(t, env, visitor), true)
})

test('[LIFE-4] a server that stops while another server has the store open closes no sessions', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const neighbour = await startServerProcess(t, { env })
  const visitor = await logInAndStop(t, env)
  const there = movedTo(neighbour.url, visitor)
  assert.equal((await there.get('/customers')).status, 200)
  await neighbour.program.stop()
  assert.equal(await isSignedIn(t, env, visitor), false)
})

test('[STOP-4] an idle connection stays open for KEEP_ALIVE_SECONDS, 65 by default', async (t) => {
  for (const [KEEP_ALIVE_SECONDS, seconds] of [
    [undefined, 65],
    ['120', 120],
  ] as const) {
    const server = await startServer({ env: { ...settingsIn(temporaryFolder(t)), KEEP_ALIVE_SECONDS } })
    t.after(() => server.stop())
    const { headers } = await new Visitor(server.url).get('/healthz')
    assert.equal(headers['keep-alive'], `timeout=${seconds}`)
  }
})

test('[STOP-2] a stop resets no request of clients that pause up to 30 ms', async (t) => {
  for (let run = 0; run < 5; run++) {
    const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
    t.after(() => server.stop())
    const { asked, errors } = startClients(server.url, CLIENTS)
    await until('all clients are busy', async () => asked.total > 5 * CLIENTS)
    await server.stop()
    assert.deepEqual(new Set(await errors), new Set(['ECONNREFUSED']))
  }
})

test('stop() is idempotent', async (t) => {
  const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
})

test('a missing or invalid certificate makes the start fail with an error that says what to do', async (t) => {
  const folder = temporaryFolder(t)
  const cert = join(folder, 'cert.pem')
  const env = { ...settingsIn(folder), TLS_CERT: cert, TLS_KEY: cert }
  await assert.rejects(
    startServer({ env }),
    (error) => error instanceof StartError && /TLS_CERT: there is no such file/.test(error.message),
  )
  writeFileSync(cert, 'not a certificate')
  await assert.rejects(
    startServer({ env }),
    (error) => error instanceof StartError && /in PEM form/.test(error.message),
  )
})

test('with a certificate the server uses https, prints an https URL, and sets a Secure cookie', async (t) => {
  const folder = temporaryFolder(t)
  const { cert, key } = selfSignedCertificate()
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  const env = { ...settingsIn(folder), TLS_CERT: join(folder, 'cert.pem'), TLS_KEY: join(folder, 'key.pem') }
  const server = await startServer({ env })
  t.after(() => server.stop())
  assert.match(server.url, /^https:/)

  const asked = request(server.url, { rejectUnauthorized: false, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 200)
  assert.match(String(answer.headers['set-cookie']), /^__Host-4DSID_Tessera=.*; Secure/)
})

async function setsCookie(t: TestContext, options: StartOptions): Promise<boolean> {
  const server = await startServer(options)
  t.after(() => server.stop())
  const { setCookies } = await new Visitor(server.url).get('/')
  await server.stop()
  return setCookies.length > 0
}

async function logInAndStop(t: TestContext, env: Record<string, string>): Promise<Visitor> {
  const server = await startServerProcess(t, { env })
  const visitor = new Visitor(server.url)
  await visitor.logInWell(4)
  await server.program.stop()
  return visitor
}

async function isSignedIn(t: TestContext, env: Record<string, string>, visitor: Visitor): Promise<boolean> {
  const server = await startServerProcess(t, { env })
  const { status } = await movedTo(server.url, visitor).get('/customers')
  await server.program.stop()
  return status === 200
}

/** The same browser at another port. Cookies do not depend on the port. */
function movedTo(url: string, visitor: Visitor): Visitor {
  const moved = new Visitor(url)
  for (const [name, value] of visitor.cookies) moved.cookies.set(name, value)
  return moved
}
