import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { upgradeSession } from '../../../src/session/node-http/upgrade.ts'
import { contractUpgradeText, proveAdapter, proveUpgrade } from '../../../src/session/testing/adapter-contract.ts'
import { http2Proxy } from './http2-proxy.ts'
import { listening } from './listening.ts'
import { nodeContract } from './node-contract.ts'

proveAdapter('node:http', async (guests) => {
  const { manager, listener } = nodeContract(guests)
  return listening(createServer(listener), manager)
})

proveAdapter('node:http2', async (guests) => {
  const { manager, listener } = nodeContract(guests)
  const server = await listening(createHttp2Server(listener), manager)
  const proxy = await http2Proxy(server.url)
  return {
    url: proxy.url,
    async close() {
      await proxy.close()
      await server.close()
    },
  }
})

proveUpgrade('raw upgrade', async (guests) => {
  const { manager, listener } = nodeContract(guests)
  const server = createServer(listener)
  const open = upgradeSession(manager)
  server.on('upgrade', async (req, socket) => {
    const session = await open(req, socket)
    if (!session) return
    socket.resume().on('end', () => socket.end())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.write(await contractUpgradeText(session))
  })
  return listening(server, manager)
})
