import { createServer } from 'node:http'

/** Serves a Koa or an Express application on a free port. Sends the parent the port and, on request, the processor time spent. */
export function serve(app) {
  const server = createServer(app.callback ? app.callback() : app)
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('SIGTERM', () => process.exit(0))
}
