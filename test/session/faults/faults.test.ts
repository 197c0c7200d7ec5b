import assert from 'node:assert/strict'
import test, { after, type TestContext } from 'node:test'
import { type CuttingProxy, startCuttingProxy } from '../../support/servers/cutting-proxy.ts'
import { startPostgres } from '../../support/servers/postgres-server.ts'
import { startRedis } from '../../support/servers/redis-server.ts'
import type { DatabaseServer } from '../../support/servers/server-process.ts'
import { ownName, postgresUrl, redisUrl } from '../../support/servers/test-servers.ts'
import { type CounterServer, startCounterServer } from '../support/counter-server.ts'
import { Load } from './load.ts'

// Without FAULT_ROUNDS, only the faults in IN_THE_GATE run, once each.
const { FAULT_ROUNDS } = process.env
const ROUNDS = Number(FAULT_ROUNDS ?? 1)
const IN_THE_GATE = /killed and started again|are cut while/
const BROWSERS = 8
const PROCESSES = 2
const CUTS = 8

/** These servers write every answered commit to the disk. */
const SERVERS: Record<string, () => Promise<DatabaseServer>> = {
  ...(redisUrl && { Redis: () => startRedis({ appendfsync: 'always' }) }),
  ...(postgresUrl && { PostgreSQL: () => startPostgres({ durable: true }) }),
}

interface Scene {
  database: DatabaseServer
  network: CuttingProxy
  servers: CounterServer[]
  load: Load
  startServer(): Promise<CounterServer>
}

const FAULTS: Record<string, (scene: Scene) => Promise<void>> = {
  'the database is killed and started again': async ({ database, load }) => {
    await database.kill()
    await load.failedMore(BROWSERS)
    await database.start()
  },
  'connections to the database are cut while answers are on their way': async ({ network, load }) => {
    network.delay(20)
    for (let time = 0; time < CUTS; time++) {
      // When half of the connections stay open, a retry reaches the database at once.
      network.cut(time % 2 === 0 ? 0.5 : 1)
      await load.answeredMore(2 * BROWSERS)
    }
    network.mend()
  },
  'the network to the database swallows everything for longer than any request waits': async ({ network, load }) => {
    network.stall()
    await load.failedMore(BROWSERS)
    network.mend()
  },
  'the network to the database is slow': async ({ network, load }) => {
    network.delay(100)
    await load.answeredMore(3 * BROWSERS)
    network.mend()
  },
  'a process that serves is killed and replaced': async ({ servers, startServer }) => {
    const [victim] = servers
    victim?.program.kill('SIGKILL')
    servers[0] = await startServer()
  },
}

for (const [name, startDatabase] of Object.entries(SERVERS)) {
  let database: Promise<DatabaseServer> | undefined
  after(async () => (await database)?.close())

  const faults = Object.entries(FAULTS).filter(([fault]) => FAULT_ROUNDS !== undefined || IN_THE_GATE.test(fault))
  for (const [fault, happen] of faults) {
    test(`while users write to ${name}, ${fault}: every answered write is stored once, signed-in users stay signed in, and signed-out users stay signed out`, async (t) => {
      database ??= startDatabase()
      for (let round = 1; round <= ROUNDS; round++) await play(t, await database, happen)
    })
  }
}

async function play(t: TestContext, database: DatabaseServer, happen: (scene: Scene) => Promise<void>) {
  const network = await startCuttingProxy(t, database.url)
  const appName = ownName()
  const crashes: string[] = []
  const startServer = async () => {
    const server = await startCounterServer(t, network.url, appName)
    server.program.ended.then(({ code, stderr }) => code !== null && crashes.push(stderr))
    return server
  }
  const servers = await Promise.all(Array.from({ length: PROCESSES }, startServer))
  const load = new Load(servers)
  try {
    await load.start(BROWSERS)
    await load.answeredMore(10 * BROWSERS)
    await load.leave()
    const leaving = load.leave()
    await happen({ database, network, servers, load, startServer })
    const mended = performance.now()
    await load.answeredMore(10 * BROWSERS)
    const back = Math.round(performance.now() - mended)
    await leaving
    await load.leave()
    const figures = await load.check()
    assert.ok(figures.answered >= 20 * BROWSERS)
    t.diagnostic(
      `${figures.answered} answered, all there once; ${figures.unknown} refused or lost, ${figures.done} of them done; ` +
        `${10 * BROWSERS} more were answered within ${back} ms`,
    )
  } finally {
    await load.stop()
    assert.deepEqual(crashes, [], 'a server ended by itself')
    for (const { program } of servers) program.kill('SIGKILL')
  }
}
