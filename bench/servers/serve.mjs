import { createServer } from 'node:http'

/** `kind` is the kind of the store. `address` and `prefix` say where this server keeps its sessions. */
export const { kind, address, prefix, isBound, peers } = JSON.parse(process.argv[2])

/** Sends the server's port to the parent process, and the used processor time whenever the parent requests it. */
export function serve(listener) {
  const server = createServer(listener)
  // Between two slices, the connections stay open without a request.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('disconnect', () => process.exit(0))
}
