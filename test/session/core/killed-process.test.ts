import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createSessions, systemClock } from '../../../src/session/index.ts'
import { temporaryFolder } from '../../support/process.ts'
import { openStoreAt } from '../fixtures/open-store.ts'
import { type CounterPage, type CounterServer, startCounterServer } from '../support/counter-server.ts'
import type { LayerVisitor } from '../support/layer.ts'

const ROUNDS = 6
const BROWSERS = 8

test('[LIFE-5] after a server is killed during a write, every answered write is complete, every session exists, and every logged-out user is logged out', async (scope) => {
  const file = `sqlite:${join(temporaryFolder(scope), 'sessions.sqlite')}`
  const first = await startCounterServer(scope, file)
  const writers: Writer[] = []
  for (let browser = 0; browser < BROWSERS; browser++) writers.push(new Writer(await first.signIn()))
  await kill(first)
  const loggedOut: LayerVisitor[] = []

  for (let round = 1; round <= ROUNDS; round++) {
    const server = await startCounterServer(scope, file)
    for (const writer of writers) await writer.checkAt(server)
    for (const past of loggedOut) assert.equal((await server.visit(past).read<CounterPage>('/read')).userName, '')

    const leaver = await server.signIn()
    const kept = server.visit(leaver)
    let answered = 0
    let left = Promise.resolve()
    const isTime = () => {
      answered++
      // Other browsers write during the logout and during the kill.
      if (answered === 20) left = leaver.get('/logout').then(() => server.program.kill('SIGKILL'))
    }
    await Promise.all(writers.map((writer) => writer.writeUntilKilled(server, isTime)))
    await left
    assert.equal((await server.program.ended).signal, 'SIGKILL')
    loggedOut.push(kept)
  }

  const last = await startCounterServer(scope, file)
  for (const writer of writers) await writer.checkAt(last)
  for (const past of loggedOut) assert.equal((await last.visit(past).read<CounterPage>('/read')).userName, '')
})

test('[PROC-3] a killed process stops counting as running at once, so the last process that stops closes the sessions', async (scope) => {
  const { here, there } = await startNeighbours(scope)
  await kill(there)
  assert.equal(await here.count(), 1)
  await here.close()
  assert.equal(await here.count(), 0)
})

test('[PROC-4] a process that was stopped for ten minutes keeps its sessions when another process stops', async (scope) => {
  const { here, there, ana } = await startNeighbours(scope, { minutesLater: 10 })
  there.program.kill('SIGSTOP')
  await here.close()
  there.program.kill('SIGCONT')
  assert.equal((await there.visit(ana).read<CounterPage>('/read')).userName, 'Ana Lima')
})

/** `there` is another process on the same file. According to `here`, its last heartbeat was `minutesLater` ago. */
async function startNeighbours(scope: TestContext, { minutesLater = 0 } = {}) {
  const file = `sqlite:${join(temporaryFolder(scope), 'sessions.sqlite')}`
  const there = await startCounterServer(scope, file)
  const ana = await there.signIn()
  const { store, close } = await openStoreAt(file)
  scope.after(close)
  const clock = { ...systemClock, now: () => Date.now() + minutesLater * 60_000 }
  return { here: createSessions({ appName: 'COUNTER', store, clock, closeOnStop: true }), there, ana }
}

class Writer {
  readonly #browser: LayerVisitor
  #sent = 0
  #answered = 0

  constructor(browser: LayerVisitor) {
    this.#browser = browser
  }

  async writeUntilKilled(server: CounterServer, onAnswer: () => void): Promise<void> {
    const browser = server.visit(this.#browser)
    for (;;) {
      const answer = await browser.get(`/pair?n=${++this.#sent}`).catch(() => undefined)
      if (answer === undefined) return
      assert.equal(answer.status, 200, answer.text)
      this.#answered = this.#sent
      onAnswer()
    }
  }

  /** Checks that the user is signed in, that both values are equal, and that no answered write is missing. */
  async checkAt(server: CounterServer): Promise<void> {
    const { userName, storage } = await server.visit(this.#browser).read<CounterPage>('/read')
    assert.equal(userName, 'Ana Lima')
    const { left = 0, right = 0 } = storage
    assert.equal(left, right)
    assert.ok(left >= this.#answered, `${this.#answered} was answered, ${left} is stored`)
    assert.ok(left <= this.#sent, `${this.#sent} was sent, ${left} is stored`)
    this.#answered = left
  }
}

async function kill(server: CounterServer): Promise<void> {
  server.program.kill('SIGKILL')
  await server.program.ended
}
