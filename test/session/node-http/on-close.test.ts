import assert from 'node:assert/strict'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { connect, constants, createServer, type Http2ServerResponse } from 'node:http2'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { test } from 'node:test'
import { onClose } from '../../../src/session/node-http/on-close.ts'

test('onClose runs at once for a stream of HTTP/2 that its client has cancelled', async (t) => {
  let calls = 0
  const server = createServer()
  const requested = new Promise<Http2ServerResponse>((resolve) => server.on('request', (_, res) => resolve(res)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => {
    client.destroy()
    server.close()
  })
  const stream = client.request({ ':path': '/' })
  const response = (await requested) as ServerResponse & Http2ServerResponse
  onClose(response, () => (calls += 1))
  response.write('x'.repeat(1_000_000))
  assert.equal(calls, 0)
  const closed = new Promise((resolve) => response.once('close', resolve))
  stream.close(constants.NGHTTP2_CANCEL)
  await closed
  assert.equal(calls, 1)
  onClose(response, () => (calls += 1))
  assert.equal(calls, 2)
})

test('[ADAPT-4] onClose runs for a response that waits behind another response when the client leaves (pipelining)', async (t) => {
  const closed: string[] = []
  const server = createHttpServer((req, res) => onClose(res, () => closed.push(req.url ?? '')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const requested = new Promise<void>((resolve) => server.on('request', ({ url }) => url === '/2' && resolve()))
  const client = connectSocket((server.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
  await requested
  client.destroy()
  for (let attempt = 0; attempt < 50 && closed.length < 2; attempt++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual(closed, ['/1', '/2'])
})
