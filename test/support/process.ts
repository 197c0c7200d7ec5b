import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { dropAtTheEnd, ownCrmDatabase } from './servers/crm-databases.ts'

export interface ProgramOptions {
  /** The file to run, relative to the project's root. Default: the server. */
  entry?: string
  /** The executable of Node. Default: the Node of the tests. */
  node?: string
  /** Options before the file. */
  nodeArgs?: readonly string[]
  args?: readonly string[]
  /** Settings that are added to the environment, which has none of the developer's own settings. */
  env?: Record<string, string>
  cwd?: string
  /** The operating-system user that runs the program. Default: the user of the tests. */
  uid?: number
  gid?: number
}

export interface Ended {
  /** The exit code. `null`: a signal ended the program. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The part of the test context that helpers use. */
export interface Scope {
  after(run: () => void | Promise<void>): void
}

const SERVER = 'src/main.ts'
const PATIENCE_MILLISECONDS = 60_000
// A program that does not end is killed, so that its test fails instead of hanging.
const LONGEST_LIFE_MILLISECONDS = 120_000

/** A new folder, removed after the test. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'crm-test-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function settingsIn(folder: string): Record<string, string> {
  return { DATABASE_URL: `sqlite:${join(folder, 'crm.sqlite')}`, PORT: '0', BCRYPT_COST: '4' }
}

/** What runs `npm start` in a copy of the project. */
export function startIn(copy: string): ProgramOptions {
  return { entry: join(copy, 'scripts', 'run.mjs'), args: ['src/main.ts'], cwd: copy }
}

/** Like `settingsIn`, but with a PostgreSQL database if the tests run on PostgreSQL. */
export async function ownSettings(scope: Scope, folder = temporaryFolder(scope)): Promise<Record<string, string>> {
  const { setting, drop } = await ownCrmDatabase('filled')
  dropAtTheEnd(drop)
  if (setting.kind === 'sqlite') return settingsIn(folder)
  const sessions = `sqlite:${join(folder, 'sessions.sqlite')}`
  return { ...settingsIn(folder), DATABASE_URL: setting.url, SESSION_STORE: sessions }
}

/** A program in its own process. The test kills the program if it still runs after the test. */
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
    // A program may end before it reads its input.
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

  /** Waits until stdout matches the pattern. Rejects when the program ends first. */
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

  output(): Pick<Ended, 'stdout' | 'stderr'> {
    return { stdout: this.#stdout, stderr: this.#stderr }
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends SIGTERM, and checks for exit code 0 and an empty stderr. */
  async stop(): Promise<Ended> {
    this.kill('SIGTERM')
    const end = await this.ended
    assert.deepEqual({ code: end.code, stderr: end.stderr }, { code: 0, stderr: '' })
    return end
  }

  /** Closes stdin after `input` and waits until the program ends. */
  run(input = ''): Promise<Ended> {
    this.#child.stdin.end(input)
    return this.ended
  }
}

export interface ServerProcess {
  program: Program
  /** The URL of the server, with a numeric host and without a trailing slash. */
  url: string
  port: number
}

/** Waits until the server prints its address. */
export async function startServerProcess(scope: Scope, options: ProgramOptions = {}): Promise<ServerProcess> {
  const program = new Program(scope, options)
  const [, scheme, digits] = await program.printed(/(https?):\/\/(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/)
  const port = Number(digits)
  return { program, port, url: `${scheme}://127.0.0.1:${port}` }
}

/** Whether a process runs. A negative number is the id of a process group. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
