import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  /** The status line and the headers. */
  head: string
  body: string
}

const END_OF_HEAD = '\r\n\r\n'

/**
 * An HTTP connection that stays open and has one request at a time. It needs less processor time than an HTTP client of
 * Node, which would limit the fastest servers.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#receive(chunk))
    socket.on('error', (error) => this.#reject?.(error))
    socket.on('close', () => this.#reject?.(new Error('The server closed a connection.')))
  }

  /** `credential` is a header line, or ''. */
  get(path: string, credential: string): Promise<Answer> {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${credential}\r\n`, 'latin1')
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #receive(chunk: string): void {
    this.#received += chunk
    const end = this.#received.indexOf(END_OF_HEAD)
    if (end < 0) return
    const head = this.#received.slice(0, end)
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
    if (length === undefined) {
      this.#reject?.(new Error(`The benchmark needs the length of each answer, but a server sent:\n${head}`))
      return
    }
    const body = this.#received.slice(end + END_OF_HEAD.length)
    if (body.length < Number(length)) return
    this.#received = ''
    this.#resolve?.({ status: Number(head.slice(9, 12)), head, body })
  }
}

/** Returns the header line that sends the cookies of this answer back, or '' if the answer sets no cookie. */
export function cookiesOf(head: string): string {
  const pairs = [...head.matchAll(/\r\nset-cookie: ([^;\r]*)/gi)].map(([, pair]) => pair)
  return pairs.length === 0 ? '' : `Cookie: ${pairs.join('; ')}\r\n`
}
