import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './contestants.ts'
import type { Cores } from './cores.ts'
import type { Place } from './stores.ts'

const SERVERS = new URL('servers/', import.meta.url)

export interface RunningServer {
  port: number
  /** Returns the processor time that the server has used, in microseconds. */
  processorTime(): Promise<number>
  stop(): Promise<void>
}

/** Starts a contestant in a process of its own. `peers` is a file in the folder of the libraries of the comparison. */
export async function startServer(
  { kind, program, name, isBound = false }: Contestant,
  place: Place,
  { cores, peers = '' }: { cores: Cores; peers?: string | undefined },
): Promise<RunningServer> {
  const file = fileURLToPath(new URL(program, SERVERS))
  const pinned =
    cores.server === undefined
      ? {}
      : { execPath: 'taskset', execArgv: ['--cpu-list', cores.server, process.execPath, ...process.execArgv] }
  const child = fork(file, [JSON.stringify({ kind, ...place, isBound, peers })], pinned)
  const ended = once(child, 'exit')
  const started = await Promise.race([once(child, 'message'), ended.then(() => undefined)])
  if (!started) throw new Error(`The server of ${name} did not start.`)
  return meteredServer(child, started[0].port)
}

/** A process that sends its processor time whenever it gets a message. */
export function meteredServer(child: ChildProcess, port: number): RunningServer {
  return {
    port,
    async processorTime() {
      child.send('processor time?')
      const [{ user, system }] = await once(child, 'message')
      return user + system
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
