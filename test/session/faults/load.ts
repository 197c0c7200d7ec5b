import assert from 'node:assert/strict'
import { until } from '../../support/until.ts'
import type { CounterPage, CounterServer } from '../support/counter-server.ts'
import type { LayerVisitor } from '../support/layer.ts'

/** What a load came to. */
export interface Figures {
  answered: number
  /** Answered with 503, or not at all: nobody knows whether they were done. */
  unknown: number
  /** Those of the unknown that were done all the same. */
  done: number
}

/** Browsers that write without a pause while something fails around them, and know what was answered. */
export class Load {
  readonly #servers: CounterServer[]
  readonly #writers: Writer[] = []
  readonly #gone: LayerVisitor[] = []
  #stopped = false
  #running: Promise<unknown> = Promise.resolve()

  /** `servers` may be replaced while the load runs. */
  constructor(servers: CounterServer[]) {
    this.#servers = servers
  }

  async start(browsers: number): Promise<void> {
    for (let n = 0; n < browsers; n++) this.#writers.push(new Writer(await this.#server(n).signIn()))
    const isOver = () => this.#stopped
    this.#running = Promise.all(
      this.#writers.map((writer, n) => writer.write((time) => this.#server(n + time), isOver)),
    )
    // Told by `stop`.
    this.#running.catch(() => {})
  }

  /** Resolves when so many more writes were answered well. */
  async answeredMore(writes: number): Promise<void> {
    const before = this.#sum('answered')
    await this.#whileRunning(`${writes} more writes are answered`, () => this.#sum('answered') >= before + writes)
  }

  /** Resolves when so many more writes were refused or lost. */
  async failedMore(writes: number): Promise<void> {
    const before = this.#sum('unknown')
    await this.#whileRunning(`${writes} more writes fail`, () => this.#sum('unknown') >= before + writes)
  }

  /** Somebody signs in and out again in the middle of it, and insists until he hears that he is out. */
  async leave(): Promise<void> {
    const browser = await until('somebody can sign in', () =>
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

  /** Ends the load, whatever came of it. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running.catch(() => {})
  }

  /** Ends the load and looks at everything: every answered write is there, none twice, nobody is out, and nobody is in again. */
  async check(): Promise<Figures> {
    this.#stopped = true
    await this.#running
    const figures: Figures = { answered: this.#sum('answered'), unknown: this.#sum('unknown'), done: 0 }
    for (const [n, writer] of this.#writers.entries()) figures.done += await writer.check(this.#server(n))
    for (const past of this.#gone)
      for (const server of this.#servers) {
        const { userName, storage } = await server.visit(past).read<CounterPage>('/read')
        assert.deepEqual({ userName, storage }, { userName: '', storage: {} }, 'somebody who logged out is in again')
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
      // Whatever happened: he is who he was, and nobody took his cookie away or gave him another.
      assert.deepEqual(answer?.setCookies ?? [], [])
      if (answer?.status === 200) assert.equal((JSON.parse(answer.text) as CounterPage).userName, 'Ana Lima')
    }
  }

  /** Answers how many were done of those that nobody knew of. */
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
