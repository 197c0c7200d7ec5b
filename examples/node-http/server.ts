import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listener, manager } from './app.ts'

const server = createServer(listener)
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.once('SIGTERM', () => server.close(() => void manager.close()))
