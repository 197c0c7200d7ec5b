import type { Server, ServerResponse } from 'node:http'

/**
 * Watches a server's answers, so that it can be stopped without cutting one off. The function it returns stops
 * accepting, closes idle connections at once, waits for the answers under way, and cuts off what lasts longer
 * than `limitMilliseconds`.
 */
export function drain(server: Server, limitMilliseconds: number): () => Promise<void> {
  const underWay = new Set<ServerResponse>()
  let draining = false

  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response)
    if (draining) response.setHeader('Connection', 'close')
    response.once('close', () => {
      underWay.delete(response)
      // The connection of an answer that had promised to stay open becomes idle only after this event.
      if (draining) setImmediate(() => server.closeIdleConnections())
    })
  })

  return async function stopServing() {
    draining = true
    // This closes the idle connections too.
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close')
    const limit = setTimeout(() => server.closeAllConnections(), limitMilliseconds)
    await closed
    clearTimeout(limit)
  }
}
