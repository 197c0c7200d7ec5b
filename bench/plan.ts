import { type Contestant, WORKLOADS, type Workload } from './contestants.ts'
import type { Options } from './options.ts'

// For the estimate of the duration only.
const USUAL_RATE = 10_000

/** Sessions of one size in one number. All rounds of a population use the same servers and the same visitors. */
export interface Population {
  bytes: number
  sessions: number
  rounds: Round[]
}

/** The cells that are measured in turns: one for each contestant that knows the workload. */
export interface Round {
  workload: Workload
  connections: number
}

/**
 * The first size and the first number of sessions get every workload with every number of connections. Each further
 * size, and each further number of sessions, gets reads and writes with the largest number of connections.
 */
export function planOf({ workloads, connections, sizes, sessions }: Options): Population[] {
  const most = Math.max(...connections)
  const [bytes = 0, ...furtherSizes] = sizes
  const [first = 0, ...furtherSessions] = sessions
  const rounds = (wanted: readonly Workload[], counts: readonly number[]) =>
    // New visitors come last, because they add sessions to the stores.
    WORKLOADS.filter((workload) => workloads.includes(workload) && wanted.includes(workload)).flatMap((workload) =>
      (workload === 'bearer read' ? [most] : counts).map((connections) => ({ workload, connections })),
    )
  const further = rounds(['read', 'write'], [most])
  return [
    { bytes, sessions: first, rounds: rounds(WORKLOADS, connections) },
    ...furtherSizes.map((bytes) => ({ bytes, sessions: first, rounds: further })),
    ...furtherSessions.map((sessions) => ({ bytes, sessions, rounds: further })),
  ].filter(({ rounds }) => rounds.length > 0)
}

export function cellsOf(round: Round, chosen: readonly Contestant[]): Contestant[] {
  return chosen.filter(({ workloads }) => workloads.includes(round.workload))
}

export function titleOf({ bytes, sessions }: Population, { workload, connections }: Round): string {
  const number = (value: number) => value.toLocaleString('en')
  const counted = connections === 1 ? '1 connection' : `${connections} connections`
  return `${workload}: ${counted}, ${number(sessions)} sessions of ${number(bytes)} bytes`
}

/** Returns about how many minutes the warm-up and the slices take. The logins take further time. */
export function durationOf(plan: readonly Population[], chosen: readonly Contestant[], options: Options): number {
  const cells = plan.flatMap(({ rounds }) => rounds).flatMap((round) => cellsOf(round, chosen))
  const each = options.warmUpRequests / USUAL_RATE + options.slices * options.seconds + options.latencySeconds
  return Math.ceil((cells.length * each) / 60)
}
