import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply } from '../http/open-session.ts'
import type { OwnAnswer } from '../http/own-answer.ts'
import type { RequestHead } from '../http/request-head.ts'
import { isHeadSent } from './before-end.ts'
import { onClose } from './on-close.ts'
import { forbidCaching, sessionHeaders } from './response-head.ts'

/** The values of a request that a framework knows better than Node, for instance behind a proxy. */
interface Known {
  method: string
  url: string
  address: string | null
  encrypted: boolean
}

/** The head of a request of `node:http` or of the compatibility API of `node:http2`. */
export class NodeRequestHead implements RequestHead {
  readonly method: string
  readonly url: string
  readonly address: string | null
  readonly encrypted: boolean
  readonly #req: IncomingMessage

  constructor(req: IncomingMessage, { method, url, address, encrypted }: Known) {
    this.#req = req
    this.method = method
    this.url = url
    this.address = address
    this.encrypted = encrypted
  }

  get host(): string | undefined {
    return this.header('host') ?? this.header(':authority')
  }

  get peerAddress(): string | undefined {
    return this.#req.socket.remoteAddress
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name]
    return Array.isArray(value) ? value[0] : value
  }
}

/** Whether the request has several Authorization headers. Node's `headers` contains only the first of them. */
export function repeatsAuthorization({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  return names.filter((name) => name.toLowerCase() === 'authorization').length > 1
}

export function nodeReply(res: ServerResponse): Reply {
  const { setCookie, setHeader } = sessionHeaders(res)
  return {
    forbidCaching: () => forbidCaching(res),
    setReferrerPolicy: (policy) => res.setHeader('Referrer-Policy', policy),
    headersSent: () => isHeadSent(res),
    setCookie,
    offerBinding: (header) => setHeader('Secure-Session-Registration', header),
    onClose: (run) => onClose(res, run),
  }
}

/** Sends an answer of the layer. */
export function sendOwnAnswer(res: ServerResponse, { status, headers, body }: OwnAnswer): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.statusCode = status
  res.end(body)
}
