import {
  isRunning,
  type Scope,
  type ServerProcess,
  settingsIn,
  startServerProcess,
  temporaryFolder,
} from './process.ts'
import { childrenOf } from './servers/server-process.ts'
import { until } from './until.ts'
import { Visitor } from './visitor.ts'

export class Fleet {
  readonly url: string
  readonly program: ServerProcess['program']
  readonly #size: number

  constructor({ url, program }: ServerProcess, size: number) {
    this.url = url
    this.program = program
    this.#size = size
  }

  /** Returns a visitor. Each connection of the visitor may reach another worker. */
  visitor(): Visitor {
    return new Visitor(this.url)
  }

  /** The process ids of the workers. */
  workers(): number[] {
    return childrenOf(this.program.pid)
  }

  /** Waits until all workers run again and the given worker is not one of them. */
  async wholeAgainWithout(pid: number): Promise<void> {
    await until('the worker is replaced', async () => {
      const workers = this.workers()
      return workers.length === this.#size && !workers.includes(pid)
    })
  }
}

export async function startFleetProcess(scope: Scope, size: number, env: Record<string, string> = {}): Promise<Fleet> {
  const settings = { ...settingsIn(temporaryFolder(scope)), WEB_CONCURRENCY: String(size), ...env }
  return new Fleet(await startServerProcess(scope, { env: settings }), size)
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await until('the processes are gone', async () => !pids.some(isRunning))
}
