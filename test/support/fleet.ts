import { execFileSync } from 'node:child_process'
import { type Scope, type ServerProcess, settingsIn, startServerProcess, temporaryFolder } from './process.ts'
import { until } from './until.ts'
import { Visitor } from './visitor.ts'

/** The demo in several processes. */
export class Fleet {
  readonly url: string
  readonly program: ServerProcess['program']
  readonly #size: number

  constructor({ url, program }: ServerProcess, size: number) {
    this.url = url
    this.program = program
    this.#size = size
  }

  /** A new user; each of their connections may reach another process. */
  visitor(): Visitor {
    return new Visitor(this.url)
  }

  /** The processes that serve. */
  workers(): number[] {
    return childrenOf(this.program.pid)
  }

  /** Resolves when there are as many as there should be, without this one. */
  async wholeAgainWithout(pid: number): Promise<void> {
    await until('the worker is replaced', async () => {
      const workers = this.workers()
      return workers.length === this.#size && !workers.includes(pid)
    })
  }
}

/** Starts it with this many processes that serve; on SQLite files in a folder of its own, unless `env` says otherwise. */
export async function startFleetProcess(scope: Scope, size: number, env: Record<string, string> = {}): Promise<Fleet> {
  const settings = { ...settingsIn(temporaryFolder(scope)), WEB_CONCURRENCY: String(size), ...env }
  return new Fleet(await startServerProcess(scope, { env: settings }), size)
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
  } catch {
    return [] // it finds none
  }
}

/** Resolves when all of these processes have ended. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  await until('the processes are gone', async () => !pids.some(isThere))
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
