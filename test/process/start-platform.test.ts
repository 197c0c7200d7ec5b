import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import test, { type TestContext } from 'node:test'
import { StartError } from '../../src/config/start-error.ts'
import { type StartOptions, startServer } from '../../src/process/server.ts'
import { settingsIn, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

test('the platform starts and stops with the demo, on its own port and for this machine only', async (t) => {
  const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
  t.after(() => server.stop())
  assert.match(String(server.platformUrl), /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal((await new Visitor(String(server.platformUrl)).get('/')).status, 200)
  await server.stop()
  await assert.rejects(fetch(String(server.platformUrl)))
})

test('[BOX-4] with PLATFORM_HOST=0.0.0.0 the platform is reachable from outside a container, and accepts its own forms', async (t) => {
  const { platformUrl } = await started(t, { env: { ...settingsIn(temporaryFolder(t)), PLATFORM_HOST: '0.0.0.0' } })
  const { port } = new URL(String(platformUrl))
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outside = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  // On Linux, all addresses of 127.0.0.0/8 belong to this machine.
  assert.equal((await new Visitor(`http://${outside ?? '127.0.0.2'}:${port}`).get('/')).status, 200)
  const browser = new Visitor(`http://localhost:${port}`)
  const headers = { Origin: `http://localhost:${port}`, 'Sec-Fetch-Site': undefined }
  const saved = await browser.post('/behaviour', { mode: 'ask' }, headers)
  assert.notEqual(saved.status, 403)
})

test('a busy PLATFORM_PORT makes the start fail with an error that says what to do', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  t.after(() => void busy.close())
  const address = busy.address()
  assert.ok(typeof address === 'object' && address !== null)
  const env = { ...settingsIn(temporaryFolder(t)), PLATFORM_PORT: String(address.port) }
  await assert.rejects(
    startServer({ env }),
    (error) => error instanceof StartError && /busy\. Set PLATFORM_PORT to another one/.test(error.message),
  )
})

test('a configured platform is used instead of the demo’s own platform', async (t) => {
  const env = { ...settingsIn(temporaryFolder(t)), PLATFORM_URL: 'http://127.0.0.1:9' }
  const server = await started(t, { env })
  assert.equal(server.platformUrl, undefined)
  assert.equal(server.parts.platform.url, 'http://127.0.0.1:9')
})

test('browsers reach the platform under another host name than the CRM, so they send it none of the CRM’s cookies', async (t) => {
  const { parts, platformUrl } = await started(t, { env: settingsIn(temporaryFolder(t)) })
  const { port } = new URL(String(platformUrl))
  assert.equal(parts.platform.pageFor('127.0.0.1', '/x'), `http://localhost:${port}/x`)
  assert.equal(parts.platform.pageFor('localhost', '/x'), `http://127.0.0.1:${port}/x`)
  assert.equal(parts.platform.pageFor('192.168.0.4', '/x'), undefined, 'another machine does not reach it')
})

async function started(t: TestContext, options: StartOptions) {
  const server = await startServer(options)
  t.after(() => server.stop())
  return server
}
