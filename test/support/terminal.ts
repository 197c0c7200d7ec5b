import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Scope } from './process.ts'

const END = '\u0004'

/** A shell that keeps its variables between commands. */
export class Terminal {
  readonly #shell = spawn('bash', ['--noprofile', '--norc'], { stdio: ['pipe', 'pipe', 'pipe'] })
  readonly #ended = once(this.#shell, 'close')
  #printed = ''
  #complained = ''

  constructor(scope: Scope) {
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text
    })
    this.#shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complained += text
    })
    this.#ended.catch(() => {})
    scope.after(async () => {
      this.#shell.stdin.end()
      await this.#ended
    })
  }

  /** Runs a command. Returns its output without the last line break. */
  async type(command: string): Promise<string> {
    this.#shell.stdin.write(`${command}\nprintf '${END}'\n`)
    while (!this.#printed.includes(END)) {
      await Promise.race([once(this.#shell.stdout, 'data'), this.#ended])
      if (this.#shell.exitCode !== null) throw new Error(`The shell ended at: ${command}\n${this.#complained}`)
    }
    const [printed = '', rest = ''] = this.#printed.split(END)
    this.#printed = rest
    if (this.#complained !== '') throw new Error(`${command}\n${this.#complained}`)
    return printed.replace(/\n$/, '')
  }
}
