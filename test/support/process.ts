import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { dropAtTheEnd, ownCrmDatabase } from './servers/crm-databases.ts'

export interface ProgramOptions {
  /** The file to run. Default: the server. A relative path counts from the project's root. */
  entry?: string
  /** The Node that runs it. Default: the one that runs the tests. */
  node?: string
  /** Options of Node's own, before the file. */
  nodeArgs?: readonly string[]
  args?: readonly string[]
  /** Added to an environment that holds none of the developer's own settings. */
  env?: Record<string, string>
  cwd?: string
  /** The user of the system who runs it. Default: the user of the tests. */
  uid?: number
  gid?: number
}

export interface Ended {
  /** null when a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The part of a test's context that is used here: cleaning up when the test ends. */
export interface Scope {
  after(run: () => void | Promise<void>): void
}

const SERVER = 'src/main.ts'
// Long, because a busy machine is slow.
const PATIENCE_MILLISECONDS = 60_000
// A program that does not end is killed, so that the test fails instead of hanging.
const LONGEST_LIFE_MILLISECONDS = 120_000

/** A folder of a test's own, removed afterwards. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'crm-test-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The settings of a server on databases in this folder, on any free port, with cheap passwords. */
export function settingsIn(folder: string): Record<string, string> {
  return { DATABASE_URL: `sqlite:${join(folder, 'crm.sqlite')}`, PORT: '0', BCRYPT_COST: '4' }
}

/** The same, on SQLite or PostgreSQL as this run of the tests demands. */
export async function ownSettings(scope: Scope, folder = temporaryFolder(scope)): Promise<Record<string, string>> {
  const { setting, drop } = await ownCrmDatabase('filled')
  dropAtTheEnd(drop)
  if (setting.kind === 'sqlite') return settingsIn(folder)
  const sessions = `sqlite:${join(folder, 'sessions.sqlite')}`
  return { ...settingsIn(folder), DATABASE_URL: setting.url, SESSION_STORE: sessions }
}

/** A program in a process of its own, killed after the test if it still runs. */
export class Program {
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  readonly #child: ChildProcessWithoutNullStreams

  constructor(
    scope: Scope,
    {
      node = process.execPath,
      entry = SERVER,
      nodeArgs = [],
      args = [],
      env = {},
      cwd = projectRoot(),
      ...user
    }: ProgramOptions = {},
  ) {
    const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env
    this.#child = spawn(node, [...nodeArgs, resolve(projectRoot(), entry), ...args], {
      cwd,
      ...user,
      env: { PATH, HOME, NODE_COMPILE_CACHE, TMPDIR: tmpdir(), NODE_ENV: 'test', ...env },
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    // A program may end without reading its input.
    this.#child.stdin.on('error', () => {})
    const limit = setTimeout(() => this.kill('SIGKILL'), LONGEST_LIFE_MILLISECONDS)
    this.ended = new Promise<Ended>((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }))
    }).finally(() => clearTimeout(limit))
    scope.after(async () => {
      this.kill('SIGKILL')
      await this.ended
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves once stdout matches, at once if it does already; rejects when the program ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const missing = (what: string) => `${what} without printing ${pattern}:\n${this.#stdout}${this.#stderr}`
      const timer = setTimeout(() => reject(new Error(missing('a minute passed'))), PATIENCE_MILLISECONDS)
      const look = () => {
        const match = pattern.exec(this.#stdout)
        if (match === null) return
        clearTimeout(timer)
        this.#child.stdout.off('data', look)
        resolve(match)
      }
      this.#child.stdout.on('data', look)
      this.ended.then(({ code }) => {
        clearTimeout(timer)
        reject(new Error(missing(`it ended with code ${code}`)))
      }, reject)
      look()
    })
  }

  /** Its output so far. */
  output(): Pick<Ended, 'stdout' | 'stderr'> {
    return { stdout: this.#stdout, stderr: this.#stderr }
  }

  /** Types into its stdin. */
  write(text: string): void {
    this.#child.stdin.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it by SIGTERM, and expects exit code 0 and silence on stderr. */
  async stop(): Promise<Ended> {
    this.kill('SIGTERM')
    const end = await this.ended
    assert.deepEqual({ code: end.code, stderr: end.stderr }, { code: 0, stderr: '' })
    return end
  }

  /** Waits for its end. `input` is everything that it can read from stdin. */
  run(input = ''): Promise<Ended> {
    this.#child.stdin.end(input)
    return this.ended
  }
}

/** A server that listens. */
export interface ServerProcess {
  program: Program
  /** Its address with a numeric host, without a trailing slash. */
  url: string
  port: number
}

/** Starts the server (or `entry`) and resolves once it has printed the address it listens on. */
export async function startServerProcess(scope: Scope, options: ProgramOptions = {}): Promise<ServerProcess> {
  const program = new Program(scope, options)
  const [, scheme, digits] = await program.printed(/(https?):\/\/(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/)
  const port = Number(digits)
  return { program, port, url: `${scheme}://127.0.0.1:${port}` }
}
