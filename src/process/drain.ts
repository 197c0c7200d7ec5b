import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'

export interface DrainLimits {
  /** Runs when the listener is closed. When it resolves, the responses begin to close their connections. */
  whenListenerClosed?: () => Promise<void>
  /** For how long idle connections stay open. A client may be about to use one of them. */
  idleMilliseconds: number
  /** After this time, all connections are closed. */
  limitMilliseconds: number
}

// The first turn may be only the rest of the current turn, and Node accepts no connection in this rest.
const QUIET_TURNS = 2
const LONGEST_ACCEPT_MILLISECONDS = 1000

/**
 * Returns a function that shuts down gracefully. The server accepts no new connections, and each response closes its
 * connection.
 */
export function drain(server: Server, limits: DrainLimits): () => Promise<void> {
  const { whenListenerClosed, idleMilliseconds, limitMilliseconds } = limits
  const inFlight = new Set<ServerResponse>()
  const unused = new Set<Socket>()
  let state: 'serving' | 'draining' | 'closing' = 'serving'

  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.prependListener('request', ({ socket }, response: ServerResponse) => {
    unused.delete(socket)
    inFlight.add(response)
    if (state !== 'serving') response.setHeader('Connection', 'close')
    response.once('close', () => {
      inFlight.delete(response)
      // Node counts a keep-alive connection as idle only after the `close` event.
      if (state === 'closing') setImmediate(() => server.closeIdleConnections())
    })
  })

  return async function stopServing() {
    const limit = setTimeout(() => server.closeAllConnections(), limitMilliseconds)
    await acceptWaiting(server)
    // `Server.close` of node:http would close the idle connections at once.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    await whenListenerClosed?.()
    state = 'draining'
    for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close')
    const idle = setTimeout(() => {
      state = 'closing'
      server.close()
      // Node counts a connection without any request as active.
      for (const socket of unused) socket.destroy()
    }, idleMilliseconds)
    await closed
    clearTimeout(idle)
    clearTimeout(limit)
  }
}

/** Accepts the connections that clients have established already. Closing the server would reset them. */
async function acceptWaiting(server: Server): Promise<void> {
  let quietTurns = 0
  const startAgain = () => {
    quietTurns = 0
  }
  server.on('connection', startAgain)
  // Node accepts at most one connection in each turn of the event loop.
  const end = performance.now() + LONGEST_ACCEPT_MILLISECONDS
  while (quietTurns < QUIET_TURNS && performance.now() < end) {
    await nextTurn()
    quietTurns++
  }
  server.off('connection', startAgain)
}
