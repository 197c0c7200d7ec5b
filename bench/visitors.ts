import { checkAnswer, NewCookies } from './answers.ts'
import { Connection, cookiesOf } from './connection.ts'
import type { Contestant, Workload } from './contestants.ts'
import { contentOf, type Shown } from './servers/content.ts'

interface Visitor extends Shown {
  /** The header line with the visitor's cookie or token. */
  credential: string
  visits: number
}

const PATHS: Record<Workload, string> = {
  read: '/read',
  'bearer read': '/api/read',
  write: '/write',
  'new visitor': '/visit',
}
const GUEST: Visitor = { credential: '', visits: 0 }
const AT_ONCE = 50
const CHECKED_NEW_VISITORS = 100

/** The visitors of one server. They know what the server must answer. */
export class Visitors {
  readonly #port: number
  readonly #contestant: Contestant
  readonly #withCookie: Visitor[] = []
  readonly #withToken: Visitor[] = []
  readonly #newCookies = new NewCookies()

  constructor(port: number, contestant: Contestant) {
    this.#port = port
    this.#contestant = contestant
  }

  /** Signs in `count` visitors, whose sessions have this size. */
  async signIn(count: number, bytes: number, credential: 'cookie' | 'token'): Promise<void> {
    const visitors = credential === 'cookie' ? this.#withCookie : this.#withToken
    await this.#inTurns(count, async (connection, index) => {
      // All names have the same length, so all sessions have the same number of items.
      const name = `Visitor${String(index).padStart(6, '0')}`
      const { userName, visits, items } = contentOf({ name, bytes })
      const path = credential === 'cookie' ? '/login' : '/api/signin'
      const { status, head, body } = await connection.get(`${path}?name=${name}&bytes=${bytes}`, '')
      if (status !== 200) throw new Error(`${this.#contestant.name} answered ${status} to a login.`)
      const line = credential === 'cookie' ? cookiesOf(head) : `Authorization: Bearer ${body}\r\n`
      visitors[index] = { credential: line, userName, visits, items: { length: items.length } }
    })
  }

  /** Returns a function that sends the next request of a connection, and checks the answer. */
  async connect(workload: Workload, connections: number): Promise<Client> {
    const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(this.#port)))
    const visitors = workload === 'bearer read' ? this.#withToken : this.#withCookie
    // Each connection has its own visitors, so no visitor has two requests at once.
    const next = opened.map((_, index) => index)
    return {
      connections,
      ask: async (index) => {
        const connection = opened[index] as Connection
        const at = next[index] as number
        next[index] = at + connections < visitors.length ? at + connections : index
        await this.#ask(connection, workload, workload === 'new visitor' ? GUEST : (visitors[at] as Visitor))
      },
      close() {
        for (const connection of opened) connection.close()
      },
    }
  }

  async #ask(connection: Connection, workload: Workload, visitor: Visitor): Promise<void> {
    const { name, isBare } = this.#contestant
    const answer = await connection.get(PATHS[workload], visitor.credential)
    if (isBare) return checkAnswer(name, answer, BARE_ANSWER)
    if (workload === 'write') visitor.visits++
    checkAnswer(name, answer, visitor)
    if (workload === 'new visitor') this.#newCookies.check(name, answer)
  }

  /** Checks after the requests of this workload that the server has stored what it has answered. */
  async checkStored(workload: Workload): Promise<void> {
    if (this.#contestant.isBare || !this.#contestant.workloads.includes(workload)) return
    if (workload === 'write') await this.#checkEveryCount()
    if (workload === 'new visitor') await this.#checkNewVisitors()
  }

  /** The number in each session must be the number of its answered writes. */
  #checkEveryCount(): Promise<void> {
    return this.#inTurns(this.#withCookie.length, (connection, index) =>
      this.#ask(connection, 'read', this.#withCookie[index] as Visitor),
    )
  }

  /** Some of the new visitors write twice. The second answer is right only if the session was stored. */
  #checkNewVisitors(): Promise<void> {
    const cookies = this.#newCookies.sample(CHECKED_NEW_VISITORS)
    return this.#inTurns(cookies.length, async (connection, index) => {
      const visitor = { ...GUEST, credential: cookies[index] as string }
      await this.#ask(connection, 'write', visitor)
      await this.#ask(connection, 'write', visitor)
    })
  }

  async #inTurns(count: number, run: (connection: Connection, index: number) => Promise<void>) {
    let next = 0
    const each = Array.from({ length: Math.min(AT_ONCE, count) }, async () => {
      const connection = await Connection.open(this.#port)
      while (next < count) await run(connection, next++)
      connection.close()
    })
    await Promise.all(each)
  }
}

const BARE_ANSWER: Shown = { userName: 'Visitor', visits: 1, items: [] }

export interface Client {
  connections: number
  /** Sends the next request of this connection. Throws a `WrongAnswer`. */
  ask(connection: number): Promise<void>
  close(): void
}
