import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import test from 'node:test'
import { startServer } from '../../src/process/server.ts'
import { startDemo } from '../support/demo.ts'
import { settingsIn, temporaryFolder } from '../support/process.ts'

const FOREIGN = [
  'evil.test',
  'evil.test:8044',
  'localhost.evil.test',
  '127.0.0.1.evil.test',
  '203.0.113.7',
  'x@localhost',
]

test('[HOST-1] the demo and its platform refuse a foreign host on every path, and say what to set', async (t) => {
  const server = await startServer({ env: settingsIn(temporaryFolder(t)) })
  t.after(() => server.stop())
  const own = [server.port, Number(new URL(String(server.platformUrl)).port)]
  for (const port of own)
    for (const host of FOREIGN)
      for (const path of ['/', '/healthz', '/metrics', '/api/me', '/session/events', '/assets/style.css', '/nope']) {
        const { status, text } = await ask(port, host, path)
        assert.equal(status, 421, `${host} ${path}`)
        assert.match(text, /set PUBLIC_URL to the address that people type/)
        assert.ok(!text.includes('evil'))
      }
  for (const port of own) assert.equal((await ask(port, `localhost:${port}`, '/')).status, 200)
})

test('[HOST-2] the demo answers under every name and address of this machine, of HOST and of PUBLIC_URL', async (t) => {
  const { port } = await startDemo(t, { host: '0.0.0.0', publicUrl: 'https://crm.example.com:8443' })
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
  )
  for (const name of [
    'localhost',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1',
    '127.0.0.9',
    '[::1]',
    hostname(),
    ...addresses,
  ])
    for (const host of [name, `${name}:${port}`]) assert.equal((await ask(port, host, '/healthz')).status, 200, host)
  for (const host of ['crm.example.com', 'CRM.example.com:8443', '0.0.0.0'])
    assert.equal((await ask(port, host, '/healthz')).status, 200, host)
  assert.match(await raw(port, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200/)
})

test('[HOST-2] production accepts every host, because its proxy checks the host', async (t) => {
  const { port } = await startDemo(t, { profile: 'production', publicUrl: 'https://crm.example.com' })
  assert.equal((await ask(port, 'upstream.internal', '/healthz')).status, 200)
})

function ask(port: number, Host: string, path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers: { Host }, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more
        if (answer.headers['content-type']?.startsWith('text/event-stream')) answer.destroy()
      })
      answer.once('close', () => resolve({ status: answer.statusCode, text }))
    })
      .once('error', reject)
      .end()
  })
}

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8').on('data', (more: string) => {
      received += more
    })
    socket.once('error', reject).once('close', () => resolve(received))
  })
}
