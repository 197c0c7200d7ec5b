import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'

/** Thrown when the input ends before all questions are answered. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** Asks questions in a terminal. If the input is a pipe, each line is an answer. */
export class Questions {
  readonly #output: Writable
  readonly #lines: AsyncIterator<string>
  readonly close: () => void
  #hidden = false

  /** If `terminal` is true, everything that the user types is echoed, except secrets. */
  constructor(input: Readable, output: Writable, { terminal }: { terminal: boolean }) {
    this.#output = output
    const echo = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#hidden) output.write(chunk)
        done()
      },
    })
    const lines = createInterface({ input, output: echo, terminal, historySize: 0 })
    lines.once('SIGINT', () => lines.close())
    this.#lines = lines[Symbol.asyncIterator]()
    this.close = () => lines.close()
  }

  /** Asks a question. Returns the answer without surrounding blanks. */
  async ask(question: string): Promise<string> {
    this.#output.write(question)
    return (await this.#nextLine()).trim()
  }

  /** Asks a question without echoing the answer. Returns the answer unchanged. */
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

  async #nextLine(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new NoAnswer('Not all questions were answered; nothing was changed.')
    return value
  }
}
