import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { upgradeSession } from '../../src/session/node-http/upgrade.ts'
import { contractUpgradeText, proveUpgrade } from '../../src/session/testing/adapter-contract.ts'
import { listening } from '../../test/session/adapters/listening.ts'
import { nodeContract } from '../../test/session/adapters/node-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('WebSockets', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
proveDocumentedCode('websockets.md', import.meta.dirname)

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
