import type { Server, ServerResponse } from 'node:http'

/** Returns a function that shuts down gracefully, and closes all connections after `limitMilliseconds`. */
export function drain(server: Server, limitMilliseconds: number): () => Promise<void> {
  const inFlight = new Set<ServerResponse>()
  let draining = false

  server.prependListener('request', (_request, response: ServerResponse) => {
    inFlight.add(response)
    if (draining) response.setHeader('Connection', 'close')
    response.once('close', () => {
      inFlight.delete(response)
      // Node counts a keep-alive connection as idle only after the `close` event.
      if (draining) setImmediate(() => server.closeIdleConnections())
    })
  })

  return async function stopServing() {
    draining = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close')
    const limit = setTimeout(() => server.closeAllConnections(), limitMilliseconds)
    await closed
    clearTimeout(limit)
  }
}
