import { parseArgs } from 'node:util'
import { WORKLOADS, type Workload } from './contestants.ts'

export interface Options {
  /** Only bare Koa, and the contestants whose name contains one of these texts. */
  only: string[]
  workloads: Workload[]
  connections: number[]
  /** The sizes of a session's content, in bytes. */
  sizes: number[]
  /** The numbers of sessions. */
  sessions: number[]
  /** The requests before the first slice of each cell. They are not measured. */
  warmUpRequests: number
  slices: number
  /** The length of a slice. */
  seconds: number
  /** The length of the measurement at a fixed rate; 0 for none. */
  latencySeconds: number
  /** Whether the server and the load generator have cores of their own. */
  pinned: boolean
  /** Whether ratios compare the server's processor time, and not the requests per second. */
  byProcessorTime: boolean
  markdown: boolean
}

const FULL = {
  only: '',
  workloads: WORKLOADS.join(','),
  connections: '1,8,50',
  sizes: '200,4096,32768',
  sessions: '1000,50000',
  'warm-up': '20000',
  slices: '15',
  seconds: '0.4',
  'latency-seconds': '2',
}
const QUICK = { connections: '50', sizes: '200', sessions: '1000', slices: '5', seconds: '0.3', 'latency-seconds': '1' }

export const USAGE = `npm run bench -- [options]
  --quick                    a short run: ${Object.entries(QUICK)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ')}
  --only sqlite,memory       only bare Koa, and the servers whose name contains one of these texts
  --workloads read,write     default: ${FULL.workloads}
  --connections 1,8,50       default: ${FULL.connections}
  --sizes 200,4096           bytes of a session; default: ${FULL.sizes}
  --sessions 1000            default: ${FULL.sessions}
  --warm-up 20000            requests before the first slice of each cell, for at most 10 s
  --slices 15                slices of each cell; default: ${FULL.slices}
  --seconds 0.4              length of a slice; default: ${FULL.seconds}
  --latency-seconds 2        length of the measurement at a fixed rate, 0 for none; default: ${FULL['latency-seconds']}
  --by-processor-time        compare the server's processor time, for a machine that other programs use
  --unpinned                 let every process run on every core
  --markdown                 print the tables as Markdown`

/** @throws Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      unpinned: flag,
      markdown: flag,
      'by-processor-time': flag,
      only: text,
      workloads: text,
      connections: text,
      sizes: text,
      sessions: text,
      'warm-up': text,
      slices: text,
      seconds: text,
      'latency-seconds': text,
    },
  })
  const chosen = { ...FULL, ...(values.quick && QUICK), ...values }
  const options = {
    only: listOf(chosen.only).map((part) => part.toLowerCase()),
    workloads: listOf(chosen.workloads).map(workloadOf),
    connections: listOf(chosen.connections).map((part) => wholeNumber('connections', part)),
    sizes: listOf(chosen.sizes).map((part) => wholeNumber('sizes', part)),
    sessions: listOf(chosen.sessions).map((part) => wholeNumber('sessions', part)),
    warmUpRequests: wholeNumber('warm-up', chosen['warm-up']),
    slices: wholeNumber('slices', chosen.slices),
    seconds: numberFrom('seconds', chosen.seconds, 0.01),
    latencySeconds: numberFrom('latency-seconds', chosen['latency-seconds'], 0),
    pinned: !values.unpinned,
    byProcessorTime: values['by-processor-time'],
    markdown: values.markdown,
  }
  const most = Math.max(...options.connections)
  if (Math.min(...options.sessions) < most)
    throw new Error(`--sessions: each of the ${most} connections needs a session of its own.`)
  return options
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}

function workloadOf(text: string): Workload {
  const workload = WORKLOADS.find((known) => known === text)
  if (!workload) throw new Error(`--workloads: "${text}" is none of ${WORKLOADS.join(', ')}.`)
  return workload
}

function wholeNumber(name: string, text: string): number {
  const number = numberFrom(name, text, 1)
  if (!Number.isInteger(number)) throw new Error(`--${name}: "${text}" is not a whole number.`)
  return number
}

function numberFrom(name: string, text: string, least: number): number {
  const number = Number(text)
  if (!(number >= least)) throw new Error(`--${name}: "${text}" is not a number of at least ${least}.`)
  return number
}
