import type { Contestant } from './contestants.ts'
import type { Cores } from './cores.ts'
import { asFastAsPossible, atFixedRate, warmUp } from './load.ts'
import type { Options } from './options.ts'
import { cellsOf, type Population, type Round } from './plan.ts'
import { type RunningServer, startServer } from './server.ts'
import type { Stores } from './stores.ts'
import { type Client, Visitors } from './visitors.ts'

interface Slice {
  perSecond: number
  /** Processor time of the server for each request. */
  serverMicroseconds: number
  /** Processor time of the database server for each request; `undefined` for an embedded store. */
  databaseMicroseconds: number | undefined
}

export interface Cell {
  contestant: Contestant
  slices: Slice[]
  /** The rate of the measurement of latencies, in requests a second. */
  rate: number
  /** In milliseconds. */
  latencies: number[]
}

interface Surroundings {
  stores: Stores
  cores: Cores
  peers: string | undefined
}

interface Running {
  contestant: Contestant
  server: RunningServer
  visitors: Visitors
}

/**
 * Measures all rounds of a population. Calls `onRound` with the cells of each round.
 * @throws WrongAnswer as soon as a server has lost a session or a write. The figures of the round are then not reported.
 */
export async function measurePopulation(
  population: Population,
  contestants: readonly Contestant[],
  options: Options,
  { stores, ...settings }: Surroundings,
  onRound: (round: Round, cells: Cell[]) => void,
): Promise<void> {
  const servers: RunningServer[] = []
  try {
    const needed = contestants.filter((contestant) =>
      population.rounds.some((round) => cellsOf(round, [contestant]).length > 0),
    )
    const running = await Promise.all(
      needed.map(async (contestant): Promise<Running> => {
        const server = await startServer(contestant, await stores.emptyStore(contestant.kind), settings)
        servers.push(server)
        return { contestant, server, visitors: new Visitors(server.port, contestant) }
      }),
    )
    for (const one of running) await signIn(one, population)
    for (const round of population.rounds) {
      const cells = await measureRound(round, running, options, stores)
      for (const { visitors } of running) await visitors.checkStored(round.workload)
      onRound(round, cells)
    }
  } finally {
    for (const server of servers) await server.stop()
  }
}

async function signIn({ contestant, visitors }: Running, { bytes, sessions, rounds }: Population): Promise<void> {
  await visitors.signIn(sessions, bytes, 'cookie')
  const needsTokens = rounds.some(({ workload }) => workload === 'bearer read')
  if (needsTokens && contestant.workloads.includes('bearer read')) await visitors.signIn(sessions, bytes, 'token')
}

async function measureRound(
  round: Round,
  running: readonly Running[],
  { warmUpRequests, slices, seconds, latencySeconds }: Options,
  stores: Stores,
): Promise<Cell[]> {
  const cells = []
  for (const { contestant, server, visitors } of running) {
    if (cellsOf(round, [contestant]).length === 0) continue
    const client = await visitors.connect(round.workload, round.connections)
    await warmUp(client, warmUpRequests)
    cells.push(new CellMeasurement(contestant, server, client, stores))
  }
  for (let turn = 0; turn < slices; turn++) {
    // Every second turn goes backwards, so that no cell always follows the same cell.
    for (const cell of turn % 2 === 0 ? cells : cells.toReversed()) await cell.measureSlice(seconds)
  }
  for (const cell of cells) await cell.measureLatencies(latencySeconds)
  for (const { client } of cells) client.close()
  return cells.map((cell) => cell.result())
}

class CellMeasurement {
  readonly client: Client
  readonly #contestant: Contestant
  readonly #server: RunningServer
  readonly #stores: Stores
  readonly #slices: Slice[] = []
  #latencies: number[] = []

  constructor(contestant: Contestant, server: RunningServer, client: Client, stores: Stores) {
    this.#contestant = contestant
    this.#server = server
    this.client = client
    this.#stores = stores
  }

  async measureSlice(seconds: number): Promise<void> {
    const before = await this.#spent()
    const load = await asFastAsPossible(this.client, seconds)
    const after = await this.#spent()
    this.#slices.push({
      perSecond: load.answered / load.seconds,
      serverMicroseconds: (after.server - before.server) / load.answered,
      databaseMicroseconds:
        before.database === undefined || after.database === undefined
          ? undefined
          : (after.database - before.database) / load.answered,
    })
  }

  async measureLatencies(seconds: number): Promise<void> {
    if (seconds > 0) this.#latencies = await atFixedRate(this.client, this.#rate(), seconds)
  }

  result(): Cell {
    return {
      contestant: this.#contestant,
      slices: this.#slices,
      rate: this.#rate(),
      latencies: this.#latencies,
    }
  }

  async #spent() {
    const database = this.#stores.processorTime(this.#contestant.kind)
    return { server: await this.#server.processorTime(), database }
  }

  #rate(): number {
    return Math.max(...this.#slices.map(({ perSecond }) => perSecond)) / 2
  }
}
