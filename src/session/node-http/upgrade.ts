import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { type CrossOriginOptions, crossOriginCheck } from '../http/cross-origin.ts'
import { checkMount } from '../http/mount-options.ts'
import { isOwnAnswer, openSession, READ_ONLY } from '../http/open-session.ts'
import { refuseUnknown } from '../known-options.ts'
import { errorAnswer } from './error-answer.ts'
import { addressOf } from './open-request.ts'
import { NodeRequestHead } from './request.ts'

// A client that reads nothing must not keep the socket of an ended session.
const CLOSE_MILLISECONDS = 1000

interface UpgradeOptions extends Pick<CrossOriginOptions, 'origins'> {
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (req: IncomingMessage) => string
  /** Returns the client's IP address. Default: the other end of the connection. */
  address?: (req: IncomingMessage) => string | null
}

/**
 * Returns a function that opens the session of a WebSocket upgrade, for a listener of the event `upgrade`.
 * - A page of another origin gets 403. Without this check, another site could use a visitor's cookie (CSWSH).
 * - The cookie is read-only: a call that needs a new cookie throws HEADERS_SENT.
 * - When the session or the device's credential ends, the socket is closed. `session.signal` aborts before, so that a
 *   WebSocket server can still send a close frame.
 * - The function returns undefined for a refused upgrade, which it has answered.
 * @example
 * const open = upgradeSession(manager)
 * server.on('upgrade', async (req, socket, head) => {
 *   const session = await open(req, socket)
 *   if (session) wss.handleUpgrade(req, socket, head, (ws) => ws.on('error', console.error).send(session.userName))
 * })
 */
export function upgradeSession<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  options: UpgradeOptions = {},
) {
  const { origins, ...others } = options
  const where = 'upgradeSession()'
  refuseUnknown(where, others, { requestId: true, address: true })
  checkMount(where, manager, others)
  const check = crossOriginCheck(where, origins ? { origins } : {})
  const { requestId, address = addressOf } = others
  return async function open(req: IncomingMessage, socket: Duplex): Promise<Session<S, P, R> | undefined> {
    socket.on('error', () => {}) // An error without a listener ends the process, and the client may leave at any time.
    try {
      // An upgrade is a GET, but another origin must be refused as for a POST.
      check(headOf(req, 'POST', null))
      // As for a HEAD, a one-time link is not redeemed, and no guest's session begins.
      const head = headOf(req, 'HEAD', address(req))
      const reply = { ...READ_ONLY, onClose: (run: () => void) => onSocketClose(socket, run) }
      const opened = await openSession(manager, head, reply, { countsAsActivity: true, requestId: requestId?.(req) })
      if (isOwnAnswer(opened)) return void refuse(socket, { status: 503 }) // a browser opens no socket in this way
      if (socket.destroyed) return undefined
      closeAtEnd(opened.current.signal, socket)
      return opened.current
    } catch (error) {
      refuse(socket, error)
      return undefined
    }
  }
}

function headOf(req: IncomingMessage, method: string, address: string | null): NodeRequestHead {
  return new NodeRequestHead(req, { method, url: req.url ?? '', address, encrypted: 'encrypted' in req.socket })
}

function closeAtEnd(signal: AbortSignal, socket: Duplex): void {
  const destroy = () => socket.destroy()
  const end = () => {
    socket.end(destroy)
    setTimeout(destroy, CLOSE_MILLISECONDS).unref()
  }
  // The delay lets a WebSocket server send a close frame, for instance in a listener of the same signal.
  const close = () => setImmediate(end)
  signal.addEventListener('abort', close, { once: true })
  onSocketClose(socket, () => signal.removeEventListener('abort', close))
}

function onSocketClose(socket: Duplex, run: () => void): void {
  if (socket.destroyed) run()
  else socket.once('close', run)
}

function refuse(socket: Duplex, error: unknown): void {
  const { status, headers, text } = errorAnswer(error)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}
