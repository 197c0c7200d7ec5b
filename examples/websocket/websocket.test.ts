import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import { upgradeSession } from '../../src/session/node-http/upgrade.ts'
import { contractUpgradeText, proveUpgrade } from '../../src/session/testing/adapter-contract.ts'
import { listening } from '../../test/session/adapters/listening.ts'
import { nodeContract } from '../../test/session/adapters/node-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('WebSockets', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
proveDocumentedCode('websockets.md', import.meta.dirname)

test('[ADAPT-9] an invalid frame of a client does not end the process of the example', async (t) => {
  const { url, close } = await startProgram(import.meta.dirname, process.execPath, ['server.ts'])
  t.after(close)
  const headers = { 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
  const request = get(url, { headers: { ...headers, Connection: 'Upgrade', Upgrade: 'websocket' } })
  const [, socket] = await once(request, 'upgrade')
  socket.on('error', () => {})
  socket.resume().write(Buffer.from([0xff, 0x80, 1, 2, 3, 4]))
  await once(socket, 'close')
  assert.equal((await fetch(url)).status, 200)
})

proveUpgrade('ws', async (guests) => {
  const { manager, listener } = nodeContract(guests)
  const server = createServer(listener)
  const open = upgradeSession(manager)
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', async (req, socket, head) => {
    const session = await open(req, socket)
    if (session) sockets.handleUpgrade(req, socket, head, async (ws) => ws.send(await contractUpgradeText(session)))
  })
  return listening(server, manager)
})
