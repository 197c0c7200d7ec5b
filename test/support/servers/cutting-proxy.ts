import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from '../process.ts'

/** A proxy in front of a database. A test can cut, stall or delay its connections. */
export interface CuttingProxy {
  readonly url: string
  /** Closes all connections, or this share of them, and discards the data in transit. New connections work. */
  cut(share?: number): void
  /**
   * Closes a connection when the database answers on it, so the query takes effect but its reply is lost. `which`: the
   * next connection with an answer, or each connection that is open now. Resolves at the first cut.
   */
  cutAtNextAnswer(which?: 'the next' | 'each'): Promise<void>
  /** Forwards new connections to another server, like a changed DNS entry. Open connections stay. */
  leadTo(address: string): void
  /** Delivers nothing until `mend`, and closes no connection. */
  stall(): void
  /** Delivers no answer until `mend`. The database gets all queries. */
  holdAnswers(): void
  delay(milliseconds: number): void
  mend(): void
}

export async function startCuttingProxy(scope: Scope, address: string): Promise<CuttingProxy> {
  let target = new URL(address)
  const lines = new Set<Line>()
  let stalled = false
  let wait = 0
  let onAnswer = (_line: Line): boolean => false

  const isCut = (line: Line) => onAnswer(line)
  const server = createServer((client) => {
    const line = new Line(client, connect(Number(target.port), target.hostname), { wait: () => wait, isCut })
    lines.add(line)
    line.onEnd(() => lines.delete(line))
    if (stalled) line.stall()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => {
    for (const line of lines) line.cut()
    server.close()
  })

  const url = new URL(address)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cut(share = 1) {
      const meant = [...lines].slice(0, Math.ceil(lines.size * share))
      for (const line of meant) line.cut()
    },
    cutAtNextAnswer: (which = 'the next') =>
      new Promise((resolve) => {
        const meant = new Set(lines)
        onAnswer = (line) => {
          const isMeant = which === 'the next' || meant.delete(line)
          if (which === 'the next') onAnswer = () => false
          if (isMeant) resolve()
          return isMeant
        }
      }),
    leadTo(next) {
      target = new URL(next)
    },
    stall() {
      stalled = true
      for (const line of lines) line.stall()
    },
    holdAnswers() {
      for (const line of lines) line.holdAnswers()
    },
    delay(milliseconds) {
      wait = milliseconds
    },
    mend() {
      stalled = false
      wait = 0
      for (const line of lines) line.mend()
    },
  }
}

/** Delivers each piece of data after its delay, and keeps the order. */
function inOrder(to: Socket): (data: Buffer, wait: number) => void {
  const queue: { data: Buffer; due: number }[] = []
  let timer: NodeJS.Timeout | undefined
  const send = () => {
    timer = undefined
    for (let next = queue[0]; next; next = queue[0]) {
      const left = next.due - performance.now()
      if (left > 0) {
        timer = setTimeout(send, left)
        return
      }
      queue.shift()
      if (to.writable) to.write(next.data)
    }
  }
  return (data, wait) => {
    queue.push({ data, due: performance.now() + wait })
    if (timer === undefined) send()
  }
}

interface Conditions {
  /** Returns the delay in milliseconds. */
  wait(): number
  /** Called for each answer of the database. */
  isCut(line: Line): boolean
}

class Line {
  readonly #ends: readonly [Socket, Socket]

  constructor(client: Socket, server: Socket, { wait, isCut }: Conditions) {
    this.#ends = [client, server]
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const onwards = inOrder(to)
      from.on('data', (data: Buffer) => {
        if (from === server && isCut(this)) this.cut()
        else onwards(data, wait())
      })
      from.on('error', () => this.cut())
      from.on('close', () => this.cut())
    }
  }

  onEnd(run: () => void): void {
    this.#ends[0].once('close', run)
  }

  cut(): void {
    for (const end of this.#ends) end.destroy()
  }

  stall(): void {
    for (const end of this.#ends) end.pause()
  }

  holdAnswers(): void {
    this.#ends[1].pause()
  }

  mend(): void {
    for (const end of this.#ends) end.resume()
  }
}
