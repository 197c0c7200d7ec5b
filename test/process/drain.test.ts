import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { selfSignedCertificate } from '../../scripts/certificate.ts'
import { type DrainLimits, drain } from '../../src/process/drain.ts'
import { untilRefused } from '../support/until-refused.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

test('a graceful shutdown finishes the request in flight, then closes its connection, then the server', async (t) => {
  const { client, port, answer, stopServing } = await requestUnderWay(t)
  const stopped = stopServing()
  await untilRefused(port)
  answer.end('all of it')
  const text = await readAll(client)
  assert.match(text, /^HTTP\/1\.1 200 OK/)
  assert.match(text, /Connection: close/i)
  assert.match(text, /all of it/)
  await stopped
})

test('a response that began before the stop is finished, and then its connection is closed', {
  timeout: 10_000,
}, async (t) => {
  const { client, answer, stopServing } = await requestUnderWay(t, { idleMilliseconds: 0 })
  answer.write('first half, ')
  await once(client, 'data')
  const stopped = stopServing()
  answer.end('second half')
  assert.match(await readAll(client), /second half/)
  await stopped
})

test('[STOP-2] a client may use its idle connection once more, and no new connection is accepted', async (t) => {
  const { port, stopServing } = await serve(t, (response) => response.end('hello'))
  const client = connect(port, '127.0.0.1')
  client.write(GET)
  assert.doesNotMatch(String(await once(client, 'data')), /Connection: close/i)
  const stopped = stopServing()
  await untilRefused(port)
  client.write(GET)
  assert.match(await readAll(client), /Connection: close[\s\S]*hello/i)
  await stopped
})

test('[STOP-2] connections that stay idle are closed, also those that have sent no request', async (t) => {
  const { port, stopServing } = await serve(t, (response) => response.end('hello'), { idleMilliseconds: 20 })
  const [used, unused] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  await once(unused, 'connect')
  used.write(GET)
  await once(used, 'data')
  await Promise.all([stopServing(), once(used.resume(), 'close'), once(unused.resume(), 'close')])
})

test('[STOP-2] connections that wait to be accepted are served', async (t) => {
  const { port, server, stopServing } = await serve(t, (response) => response.end('hello'))
  const clients = Array.from({ length: 12 }, () => connect(port, '127.0.0.1'))
  const answers = Promise.all(clients.map((client) => readAll(client.end(GET))))
  await once(server, 'connection')
  await stopServing()
  for (const answer of await answers) assert.match(answer, /hello/)
})

test('[STOP-2] clients that connect without a pause delay the stop by at most half a second', {
  timeout: 20_000,
}, async (t) => {
  const { port, server, stopServing } = await serve(t, (response) => response.end('hello'))
  const connectAgain = () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .end()
  server.on('connection', () => [connectAgain(), connectAgain()])
  connectAgain()
  await once(server, 'connection')
  await stopServing()
})

test('[STOP-3] a response that never ends is cut off at the time limit', async (t) => {
  const { client, stopServing } = await requestUnderWay(t, { limitMilliseconds: 20 })
  await Promise.all([stopServing(), once(client, 'close')])
})

test('[STOP-3] a connection without a TLS handshake is closed at the time limit', { timeout: 10_000 }, async (t) => {
  const limits = { idleMilliseconds: 10, limitMilliseconds: 20 }
  const { port, server, stopServing } = await serve(t, () => {}, limits, createTlsServer(selfSignedCertificate()))
  const client = connect(port, '127.0.0.1').on('error', () => {})
  await once(server, 'connection')
  await Promise.all([stopServing(), once(client.resume(), 'close')])
})

async function requestUnderWay(t: TestContext, limits?: Partial<DrainLimits>) {
  let arrive: (answer: ServerResponse) => void = () => {}
  const arrived = new Promise<ServerResponse>((resolve) => {
    arrive = resolve
  })
  const { port, stopServing } = await serve(t, arrive, limits)
  const client = connect(port, '127.0.0.1')
  client.write(GET)
  return { client, port, answer: await arrived, stopServing }
}

async function serve(
  t: TestContext,
  answer: (response: ServerResponse) => void,
  limits: Partial<DrainLimits> = {},
  server: Server = createServer(),
) {
  server.on('request', (_request, response) => answer(response))
  // Only `drain` closes connections in these tests.
  server.keepAliveTimeout = 0
  const stopServing = drain(server, { idleMilliseconds: 60_000, limitMilliseconds: 60_000, ...limits })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, server, stopServing }
}

async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  await once(socket, 'close')
  return text
}
