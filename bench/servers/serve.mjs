import { createServer } from 'node:http'

/** Sends the server's port to the parent process, and the used processor time whenever the parent requests it. */
export function serve(app) {
  const server = createServer(app.callback ? app.callback() : app)
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('SIGTERM', () => process.exit(0))
}
