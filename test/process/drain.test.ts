import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { drain } from '../../src/process/drain.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

test('a graceful shutdown finishes the request in flight, then closes its connection, then the server', async (t) => {
  const { client, answer, stopServing } = await requestUnderWay(t)
  const stopped = stopServing()
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
  const { client, answer, stopServing } = await requestUnderWay(t)
  answer.write('first half, ')
  await once(client, 'data')
  const stopped = stopServing()
  answer.end('second half')
  assert.match(await readAll(client), /second half/)
  await stopped
})

test('a stop closes an idle connection at once, and the server accepts no new connection', async (t) => {
  const { port, stopServing } = await serve(t, (response) => response.end('hello'))
  const client = connect(port, '127.0.0.1')
  client.write(GET)
  await once(client, 'data')
  await Promise.all([stopServing(), once(client, 'close')])
  const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
})

test('a response that never ends is cut off at the time limit', async (t) => {
  const { client, stopServing } = await requestUnderWay(t, 20)
  await Promise.all([stopServing(), once(client, 'close')])
})

async function requestUnderWay(t: TestContext, limitMilliseconds?: number) {
  let arrive: (answer: ServerResponse) => void = () => {}
  const arrived = new Promise<ServerResponse>((resolve) => {
    arrive = resolve
  })
  const { port, stopServing } = await serve(t, arrive, limitMilliseconds)
  const client = connect(port, '127.0.0.1')
  client.write(GET)
  return { client, answer: await arrived, stopServing }
}

async function serve(t: TestContext, answer: (response: ServerResponse) => void, limitMilliseconds = 60_000) {
  const server = createServer((_request, response) => answer(response))
  // Only `drain` closes connections in these tests.
  server.keepAliveTimeout = 0
  const stopServing = drain(server, limitMilliseconds)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, stopServing }
}

async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  await once(socket, 'close')
  return text
}
