import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { upgradeSession } from '../../../src/session/node-http/upgrade.ts'
import { contractManager } from '../../../src/session/testing/adapter-contract.ts'
import { listening } from '../adapters/listening.ts'
import { collectProcessWarnings } from '../support/process-warnings.ts'

test('[ADAPT-9] an upgrade that calls itself the prefetch of a link gets 503, and fills no log with warnings', async (t) => {
  const warnings = collectProcessWarnings(t)
  const manager = contractManager('first-write')
  const open = upgradeSession(manager)
  const server = createServer()
  server.on('upgrade', (req, socket) => void open(req, socket))
  const { url, close } = await listening(server, manager)
  t.after(close)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const headers = ['Host: shop.example', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-Purpose: prefetch']
  socket.write(['GET /?$4DSID=A HTTP/1.1', ...headers, '', ''].join('\r\n'))
  assert.match(await text(socket), /^HTTP\/1\.1 503 /)
  await new Promise(setImmediate)
  assert.equal(warnings.length, 0)
})
