import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'

export interface DatabaseServer {
  readonly url: string
  readonly pid: number | undefined
  /** Sends SIGKILL to all processes of the server. */
  kill(): Promise<void>
  /** Starts the server again on the same port and with the same data. */
  start(): Promise<void>
  /** Stops the server and removes its data. */
  close(): Promise<void>
}

export interface ServerCommand {
  program: string
  args: readonly string[]
  /** The user that runs the server, because some servers refuse to run as root. */
  user?: { uid: number; gid: number } | undefined
  /** The file for the server's output. A pipe that no program reads would block the server. */
  log: string
  /** Asks the server. Rejects as long as the server does not answer. */
  ask(): Promise<void>
}

const PATIENCE_MILLISECONDS = 30_000
const PAUSE_MILLISECONDS = 30
const LOG_CHARACTERS = 4000

/** Ctrl-C does not reach a server in its own process group, so this process must end the server. */
function endWithThisProcess(end: () => void): void {
  process.once('exit', end)
  if (process.listenerCount('SIGTERM', exitOnSignal) > 0) return
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, exitOnSignal)
}

function exitOnSignal(): void {
  process.exit(1)
}

/** A server in its own process group, so that a signal reaches its children too. */
export class ServerGroup {
  readonly #command: ServerCommand
  #child: ChildProcess | undefined

  constructor(command: ServerCommand) {
    this.#command = command
    endWithThisProcess(() => this.#signal('SIGKILL'))
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MILLISECONDS
    this.#spawn()
    for (;;) {
      try {
        await this.#command.ask()
        return
      } catch (error) {
        if (performance.now() > deadline)
          throw new Error(`${this.#command.program} does not answer:\n${this.#printed()}`, { cause: error })
        // After a kill, the port or the files may still be in use.
        if (this.#child?.exitCode !== null) this.#spawn()
        await pause(PAUSE_MILLISECONDS)
      }
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const gone = once(child, 'exit')
    // The processes of PostgreSQL have process groups of their own, and may answer after the server has been killed.
    const others = signal === 'SIGKILL' ? childrenOf(child.pid) : []
    this.#signal(signal)
    for (const pid of others) isSignalled(pid, signal)
    await gone
    await until('all processes of the server have ended', async () => !others.some((pid) => isSignalled(pid, 0)))
  }

  #spawn(): void {
    const { program, args, user, log } = this.#command
    const output = openSync(log, 'a')
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], ...user })
    closeSync(output)
    this.#child = child
    child.on('error', () => {}) // After an error, `ask` fails and the log contains the reason.
    child.unref()
  }

  #printed(): string {
    return readFileSync(this.#command.log, 'utf8').slice(-LOG_CHARACTERS)
  }

  #signal(signal: NodeJS.Signals): void {
    const child = this.#child
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal)
    } catch {
      // The process has just ended.
    }
  }
}

export function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return stdout?.split('\n').filter(Boolean).map(Number) ?? []
}

/** Returns false if the process has ended. */
function isSignalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

export function runningServer(url: string, group: ServerGroup, folder: string): DatabaseServer {
  return {
    url,
    get pid() {
      return group.pid
    },
    kill: () => group.end('SIGKILL'),
    start: () => group.start(),
    async close() {
      await group.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
