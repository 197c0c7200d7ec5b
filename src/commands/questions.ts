import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'

/** The person (or the pipe) went away before all questions were answered. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** Asks questions in a terminal, or reads the answers from a pipe, one a line. */
export class Questions {
  readonly #output: Writable
  readonly #lines: AsyncIterator<string>
  readonly #close: () => void
  #hidden = false

  /** `terminal`: somebody types at `input`, so what he types is echoed, secrets excepted. */
  constructor(input: Readable, output: Writable, { terminal }: { terminal: boolean }) {
    this.#output = output
    // All echo goes through here.
    const echo = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#hidden) output.write(chunk)
        done()
      },
    })
    const lines = createInterface({ input, output: echo, terminal, historySize: 0 })
    lines.once('SIGINT', () => lines.close())
    this.#lines = lines[Symbol.asyncIterator]()
    this.#close = () => lines.close()
  }

  /** Answers what was typed, without the blanks around it. */
  async ask(question: string): Promise<string> {
    this.#output.write(question)
    return (await this.#nextLine()).trim()
  }

  /** Answers exactly what was typed, and shows nothing of it. */
  async askSecretly(question: string): Promise<string> {
    this.#output.write(question)
    this.#hidden = true
    try {
      return await this.#nextLine()
    } finally {
      this.#hidden = false
      this.#output.write('\n')
    }
  }

  close(): void {
    this.#close()
  }

  async #nextLine(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new NoAnswer('Not all questions were answered; nothing was changed.')
    return value
  }
}
