import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { upgradeSession } from '../../src/session/node-http/upgrade.ts'
import { listener, manager } from '../node-http/app.ts'

const server = createServer(listener)
const open = upgradeSession(manager)
const sockets = new WebSocketServer({ noServer: true })

server.on('upgrade', async (req, socket, head) => {
  const session = await open(req, socket)
  if (!session) return // refused
  sockets.handleUpgrade(req, socket, head, (ws) => {
    ws.on('error', () => {}) // a client may send an invalid frame; without a listener, the process would end
    session.signal.addEventListener('abort', () => ws.close(4401, 'Your session has ended.'))
    ws.send(`Hello, ${session.userName || 'guest'}`)
    ws.on('message', async () => {
      try {
        await session.use((storage) => {
          storage.count = (storage.count ?? 0) + 1
        })
        ws.send(`Count: ${session.storage.count}`)
      } catch {
        ws.close(4401, 'Log in first.') // an upgrade cannot begin a guest's session
      }
    })
  })
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.once('SIGTERM', () => {
  for (const ws of sockets.clients) ws.close(1001)
  server.close(() => void manager.close())
})
