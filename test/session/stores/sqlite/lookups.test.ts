import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { type Scope, temporaryFolder } from '../../../support/process.ts'
import { type CounterPage, type CounterServer, startCounterServer } from '../../support/counter-server.ts'
import type { LayerVisitor } from '../../support/layer.ts'

test('[PROC-8] after a logout in one process, a request that another process reads in the same poll as an earlier request is not let in', async (t) => {
  const { one, two, browser, release, file } = await openScene(t)
  const cookie = cookieOf(browser)
  const gate = await openSocket(t, one)
  const first = await openSocket(t, one)
  const second = await openSocket(t, one)
  // While the process is frozen, both sockets become readable. The next poll then reads the first socket, which freezes
  // the process again, and afterwards the second socket with all requests that have arrived by then.
  gate.ask(`/freeze?file=${file('gate')}`)
  await one.program.printed(/frozen until \S+gate/)
  first.ask(`/freeze?file=${file('first')}`, cookie)
  second.ask('/read', cookie)
  release('gate')
  await one.program.printed(/frozen until \S+first/)

  assert.equal((await two.visit(browser).get('/logout')).status, 200)
  second.ask('/read', cookie)
  release('first')
  const [, last] = await second.answers(2)
  assert.equal(last?.userName, '')
})

test('[PROC-8] after a logout in one process, a request is not let in by a lookup that a timer of another process began', async (t) => {
  const { one, two, browser, release, file } = await openScene(t)
  const cookie = cookieOf(browser)
  const gate = await openSocket(t, one)
  const other = await openSocket(t, one)
  gate.ask(`/freeze-in-timer?file=${file('gate')}`, cookie)
  await one.program.printed(/frozen until \S+gate/)

  assert.equal((await two.visit(browser).get('/logout')).status, 200)
  other.ask('/read', cookie)
  release('gate')
  const [answer] = await other.answers(1)
  assert.equal(answer?.userName, '')
})

test('a lookup fails if SQLite cannot be read, and the next lookup succeeds', async () => {
  let isBroken = false
  const db = new Database(':memory:')
  const { stored, store } = trialOf(
    sqliteStore({
      exec: (sql) => db.exec(sql),
      prepare(sql) {
        const statement = db.prepare(sql)
        if (!sql.startsWith('PRAGMA data_version')) return statement
        return {
          run: (...parameters) => statement.run(...parameters),
          all: (...parameters) => statement.all(...parameters),
          get(...parameters) {
            if (isBroken) throw new Error('disk I/O error')
            return statement.get(...parameters)
          },
        }
      },
    }),
  )
  const { record, cookie } = await stored()
  const find = () => store.find({ id: record.id, hash: cookie.hash })
  isBroken = true
  const failures = await Promise.allSettled([find(), find()])
  assert.deepEqual(
    failures.map((failure) => failure.status === 'rejected' && String(failure.reason)),
    ['Error: disk I/O error', 'Error: disk I/O error'],
  )
  isBroken = false
  assert.equal((await find())?.state, 'live')
})

async function openScene(t: Scope) {
  const folder = temporaryFolder(t)
  const address = `sqlite:${join(folder, 'sessions.sqlite')}`
  const [one, two] = await Promise.all([startCounterServer(t, address), startCounterServer(t, address)])
  const browser = await one.signIn()
  // The first request records the use of the cookie. The second request puts the session into the cache.
  await browser.read('/read')
  await browser.read('/read')
  const file = (name: string) => join(folder, name)
  return { one, two, browser, file, release: (name: string) => writeFileSync(file(name), '') }
}

function cookieOf(browser: LayerVisitor): string {
  return [...browser.cookies].map((pair) => pair.join('=')).join('; ')
}

/** A connection that sends each request at once, without waiting for earlier answers. */
class PipeliningClient {
  readonly #socket: Socket
  #received = ''

  constructor(socket: Socket) {
    this.#socket = socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text
    })
  }

  ask(path: string, cookie = ''): void {
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nSec-Fetch-Mode: navigate\r\n\r\n`,
    )
  }

  async answers(count: number): Promise<CounterPage[]> {
    for (;;) {
      const bodies = [...this.#received.matchAll(/\r\n\r\n(\{.*?\})(?=HTTP|$)/g)]
      if (bodies.length >= count) return bodies.map(([, body]) => JSON.parse(String(body)) as CounterPage)
      await once(this.#socket, 'data')
    }
  }
}

async function openSocket(t: Scope, server: CounterServer): Promise<PipeliningClient> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  t.after(() => void socket.destroy())
  await once(socket, 'connect')
  return new PipeliningClient(socket)
}
