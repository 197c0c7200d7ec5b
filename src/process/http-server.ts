import { createServer, type Server, type ServerOptions, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { SecurityHeaders } from '../web/security-headers.ts'

/** Codes of Node for requests that it cannot parse. All other such requests get status 400. */
const STATUS_BY_CODE: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Creates a server. Responses to requests that Node cannot parse have the security headers too. */
export function createHttpServer(headers: SecurityHeaders, options: ServerOptions & TlsServerOptions = {}): Server {
  // The application itself checks the Host and Expect headers, because Node would respond without the headers.
  const all = { ...options, requireHostHeader: false }
  const server = options.cert === undefined ? createServer(all) : createTlsServer(all)
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))

  const newest = new WeakMap<object, ServerResponse>()
  server.prependListener('request', ({ socket }, response) => newest.set(socket, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = newest.get(socket)
    // If another response is being sent, the client would read the error as a part of this response.
    const isAnswering = response?.headersSent === true && !response.writableFinished
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) socket.destroy()
    else {
      socket.write(responseText(STATUS_BY_CODE[String(error.code)] ?? 400, headers))
      socket.destroySoon()
    }
  })
  return server
}

function responseText(status: number, headers: SecurityHeaders): string {
  const lines = Object.entries({ ...headers, Connection: 'close', 'Content-Length': '0' })
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map((line) => line.join(': ')), '', ''].join('\r\n')
}
