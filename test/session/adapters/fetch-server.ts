import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** A server of `node:http` that answers with a function of the Fetch standard. */
export function fetchServer(answer: (request: Request) => Promise<Response>): Server {
  return createServer(async (req, res) => send(res, await answer(requestOf(req, res))))
}

function requestOf(req: IncomingMessage, res: ServerResponse): Request {
  const leaves = new AbortController()
  res.once('close', () => leaves.abort())
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) headers.set(name, String(value))
  const url = `http://${req.headers.host}${req.url}`
  return new Request(url, { method: req.method ?? '', headers, signal: leaves.signal })
}

async function send(res: ServerResponse, { status, headers, body }: Response): Promise<void> {
  const cookies = headers.getSetCookie()
  res.writeHead(status, { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) })
  if (!body) res.end()
  else await pipeline(Readable.fromWeb(body as never), res).catch(() => {}) // the client may leave
}
