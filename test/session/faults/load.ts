import assert from 'node:assert/strict'
import { until } from '../../support/until.ts'
import type { CounterPage, CounterServer } from '../support/counter-server.ts'
import type { LayerVisitor } from '../support/layer.ts'

/** Numbers of writes. */
export interface Figures {
  answered: number
  /** Writes that got 503 or no answer. The store may contain them. */
  unknown: number
  /** The writes in `unknown` that the store contains. */
  done: number
}

/** The load of browsers that write without a pause during a fault. */
export class Load {
  readonly #servers: CounterServer[]
  readonly #writers: Writer[] = []
  readonly #gone: LayerVisitor[] = []
  #stopped = false
  #running: Promise<unknown> = Promise.resolve()

  /** The caller may replace servers in this array while the load runs. */
  constructor(servers: CounterServer[]) {
    this.#servers = servers
  }

  async start(browsers: number): Promise<void> {
    for (let n = 0; n < browsers; n++) this.#writers.push(new Writer(await this.#server(n).signIn()))
    const isOver = () => this.#stopped
    this.#running = Promise.all(
      this.#writers.map((writer, n) => writer.write((time) => this.#server(n + time), isOver)),
    )
    this.#running.catch(() => {})
  }

  /** Resolves after this number of further writes got 200. */
  async answeredMore(writes: number): Promise<void> {
    const before = this.#sum('answered')
    await this.#whileRunning(`${writes} more writes are answered`, () => this.#sum('answered') >= before + writes)
  }

  /** Resolves after this number of further writes got 503 or no answer. */
  async failedMore(writes: number): Promise<void> {
    const before = this.#sum('unknown')
    await this.#whileRunning(`${writes} more writes fail`, () => this.#sum('unknown') >= before + writes)
  }

  /** Signs a user in during the load, then repeats the logout until the logout succeeds. */
  async leave(): Promise<void> {
    const browser = await until('a user can sign in', () =>
      this.#server(0)
        .signIn()
        .catch(() => undefined),
    )
    const kept = new Map(browser.cookies)
    const answers: string[] = []
    await until('the log out is answered', async () => {
      const out = await this.#server(1)
        .visit(browser)
        .get('/logout')
        .catch((error) => ({ status: 0, text: String(error) }))
      answers.push(`${out.status} ${out.text}`)
      return out.status === 200
    }).catch((error) =>
      assert.fail(`${error.message}: ${answers.length} answers, such as ${answers.slice(-3).join('; ')}`),
    )
    const past = this.#server(0).visit()
    for (const [name, value] of kept) past.cookies.set(name, value)
    this.#gone.push(past)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running.catch(() => {})
  }

  /** Ends the load. Checks that every answered write is stored once and that every user is still signed in or out. */
  async check(): Promise<Figures> {
    this.#stopped = true
    await this.#running
    const figures: Figures = { answered: this.#sum('answered'), unknown: this.#sum('unknown'), done: 0 }
    for (const [n, writer] of this.#writers.entries()) figures.done += await writer.check(this.#server(n))
    for (const past of this.#gone)
      for (const server of this.#servers) {
        const { userName, storage } = await server.visit(past).read<CounterPage>('/read')
        assert.deepEqual(
          { userName, storage },
          { userName: '', storage: {} },
          'a user who logged out is signed in again',
        )
      }
    return figures
  }

  #server(n: number): CounterServer {
    return this.#servers[n % this.#servers.length] as CounterServer
  }

  #sum(what: 'answered' | 'unknown'): number {
    return this.#writers.reduce((sum, writer) => sum + writer[what].length, 0)
  }

  async #whileRunning(what: string, isSo: () => boolean): Promise<void> {
    const broken = this.#running.then(() => assert.fail(`the load is over before ${what}`))
    await Promise.race([until(what, async () => isSo()), broken])
  }
}

class Writer {
  readonly answered: number[] = []
  readonly unknown: number[] = []
  readonly #browser: LayerVisitor

  constructor(browser: LayerVisitor) {
    this.#browser = browser
  }

  async write(serverFor: (time: number) => CounterServer, isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n++) {
      const browser = serverFor(n).visit(this.#browser)
      const answer = await browser.get(`/append?n=${n}`).catch(() => undefined)
      if (answer?.status !== 200) {
        assert.ok(answer === undefined || answer.status === 503, `${answer?.status} ${answer?.text}`)
        if (answer) assert.ok(answer.headers['retry-after'])
        this.unknown.push(n)
      } else this.answered.push(n)
      assert.deepEqual(answer?.setCookies ?? [], [])
      if (answer?.status === 200) assert.equal((JSON.parse(answer.text) as CounterPage).userName, 'Ana Lima')
    }
  }

  /** Returns how many of the writes in `unknown` are stored. */
  async check(server: CounterServer): Promise<number> {
    const { userName, storage } = await server.visit(this.#browser).read<CounterPage>('/read')
    assert.equal(userName, 'Ana Lima')
    const done = storage.done ?? []
    const stored = new Set(done)
    assert.equal(stored.size, done.length, `done twice: ${done.filter((n, at) => done.indexOf(n) !== at)}`)
    assert.deepEqual(
      this.answered.filter((n) => !stored.has(n)),
      [],
      'answered and not there',
    )
    const unknown = done.length - this.answered.length
    assert.ok(unknown <= this.unknown.length)
    return unknown
  }
}
