import type { Writes } from '../../src/session/stores/kit.ts'

interface Database<Entry> {
  batch(operations: Operation<Entry>[], options: { sync: true }): Promise<void>
  get(key: string): Promise<Entry | undefined>
}
type Operation<Entry> = { type: 'put'; key: string; value: Entry } | { type: 'del'; key: string }

/** The entries in memory. */
interface Entries<Entry> {
  read(key: string): Entry | undefined
  load(key: string, entry: Entry | undefined): void
}

/** Runs writes on entries in memory, and resolves each when its changes are on the disk. */
export class Journal<Entry> implements Writes {
  readonly #db: Database<Entry>
  readonly #entries: Entries<Entry>
  readonly #changed = new Set<string>()
  #waiting: Waiting[] = []
  #isRunning = false

  constructor(db: Database<Entry>, entries: Entries<Entry>) {
    this.#db = db
    this.#entries = entries
  }

  /** Must be called within the write that changes the entry. */
  changed(key: string): void {
    this.#changed.add(key)
  }

  add<T>(write: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: () => answerOf(write, resolve, reject), reject })
      if (!this.#isRunning) void this.#runAll()
    })
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#undo()
        const answers = group.map(({ run }) => run())
        await this.#commit()
        for (const answer of answers) answer()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#isRunning = false
  }

  async #commit(): Promise<void> {
    if (this.#changed.size === 0) return
    const operations = [...this.#changed].map((key): Operation<Entry> => {
      const value = this.#entries.read(key)
      return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
    })
    await this.#db.batch(operations, { sync: true })
    this.#changed.clear()
  }

  /** After a failed commit, the changed entries are read from the disk again. */
  async #undo(): Promise<void> {
    for (const key of this.#changed) {
      this.#entries.load(key, await this.#db.get(key))
      this.#changed.delete(key)
    }
  }
}

interface Waiting {
  run(): () => void
  reject(error: unknown): void
}

/** Runs the write now. The returned function gives the answer to the caller. */
function answerOf<T>(
  write: () => T | Promise<T>,
  resolve: (value: T | Promise<T>) => void,
  reject: (error: unknown) => void,
): () => void {
  try {
    const value = write()
    return () => resolve(value)
  } catch (error) {
    return () => reject(error)
  }
}
