import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'

export interface DrainLimits {
  /** For how long idle connections stay open. A client may be about to use one of them. */
  idleMilliseconds: number
  /** After this time, all connections are closed. */
  limitMilliseconds: number
}

// The first turn may be only the rest of the current turn, and Node accepts no connection in this rest.
const QUIET_TURNS = 2
// A client may connect after the turn looked for connections. In a short turn this is unlikely.
const SHORT_TURN_MILLISECONDS = 0.1
const LONGEST_ACCEPT_MILLISECONDS = 500

/**
 * Returns a function that shuts down gracefully. The server accepts no new connections, and each response closes its
 * connection. The server need not listen. It may be handed its connections by another process.
 */
export function drain(server: Server, { idleMilliseconds, limitMilliseconds }: DrainLimits): () => Promise<void> {
  const inFlight = new Set<ServerResponse>()
  const open = new Set<Socket>()
  const unused = new Set<Socket>()
  let state: 'serving' | 'draining' | 'closing' = 'serving'

  server.on('connection', (socket: Socket) => keepUntilClosed(open, socket))
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) =>
    keepUntilClosed(unused, socket),
  )
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
    const limit = setTimeout(() => {
      server.closeAllConnections()
      // Node does not know the connections whose TLS handshake has not ended.
      for (const socket of open) socket.destroy()
    }, limitMilliseconds)
    await closeListener(server)
    state = 'draining'
    for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close')
    const idle = setTimeout(() => {
      state = 'closing'
      server.close()
      // Node counts a connection without any request as active.
      for (const socket of unused) socket.destroy()
    }, idleMilliseconds)
    for (const socket of open) await new Promise((resolve) => socket.once('close', resolve))
    clearTimeout(idle)
    clearTimeout(limit)
    server.close()
  }
}

/**
 * Closes the listener and no connection. First accepts the connections that clients have established already, because
 * closing the listener would reset them.
 */
export async function closeListener(server: NetServer): Promise<void> {
  let quietTurns = 0
  const startAgain = () => {
    quietTurns = 0
  }
  server.on('connection', startAgain)
  const end = performance.now() + LONGEST_ACCEPT_MILLISECONDS
  // Node accepts at most one connection in each turn of the event loop.
  for (let start = performance.now(); start < end; ) {
    await nextTurn()
    const now = performance.now()
    quietTurns++
    if (quietTurns >= QUIET_TURNS && now - start < SHORT_TURN_MILLISECONDS) break
    start = now
  }
  // `Server.close` of node:http would close the idle connections at once.
  NetServer.prototype.close.call(server)
  server.off('connection', startAgain)
}

function keepUntilClosed(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}
