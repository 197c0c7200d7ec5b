import type { Writes } from '../../src/session/stores/kit.ts'

interface Database {
  batch(operations: Operation[], options: { sync: true }): Promise<void>
  get(key: string): Promise<string | undefined>
}
type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string }

/** Reads and replaces the entries in memory. */
interface Entries<Entry> {
  read(key: string): Entry | undefined
  load(key: string, entry: Entry | undefined): void
}

/** Runs writes on entries in memory. The promise of a write resolves when the changes are on the disk as JSON. */
export class Journal<Entry> implements Writes {
  readonly #db: Database
  readonly #entries: Entries<Entry>
  readonly #changed = new Set<string>()
  #waiting: Waiting[] = []
  #isRunning = false

  constructor(db: Database, entries: Entries<Entry>) {
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
    const operations = [...this.#changed].map((key): Operation => {
      const entry = this.#entries.read(key)
      return entry === undefined ? { type: 'del', key } : { type: 'put', key, value: JSON.stringify(entry) }
    })
    await this.#db.batch(operations, { sync: true })
    this.#changed.clear()
  }

  /** Reads the changed entries from the disk again after a failed commit. */
  async #undo(): Promise<void> {
    for (const key of this.#changed) {
      const text = await this.#db.get(key)
      this.#entries.load(key, text === undefined ? undefined : JSON.parse(text))
      this.#changed.delete(key)
    }
  }
}

interface Waiting {
  run(): () => void
  reject(error: unknown): void
}

/** Runs the write at once. The returned function passes the result of the write to the caller of `add`. */
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
