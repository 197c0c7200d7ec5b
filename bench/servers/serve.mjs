import { createServer } from 'node:http'

/** Listens on any port with a Koa or an Express application, tells the parent which, and answers it how much processor time this process has spent. */
export function serve(app) {
  const server = createServer(app.callback ? app.callback() : app)
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('SIGTERM', () => process.exit(0))
}
