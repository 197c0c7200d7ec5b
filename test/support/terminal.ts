import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Scope } from './process.ts'

const END = '\u0004'

/** An interactive shell: variables stay set for the next command. */
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
    // A failed start is printed.
    this.#ended.catch(() => {})
    scope.after(async () => {
      this.#shell.stdin.end()
      await this.#ended
    })
  }

  /** Types a command and returns its output, without the line break at the end. */
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
