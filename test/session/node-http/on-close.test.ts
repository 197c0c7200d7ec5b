import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { connect, constants, createServer, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
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
