import { setImmediate as othersFirst } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { AuditRow, Database } from '../../db/tables.ts'
import type { Clock } from '../session/index.ts'
import { canonicalAddress } from '../web/client-address.ts'
import { type AuditEntry, isRepeatable } from './audit-entry.ts'
import { auditRowOf } from './audit-row.ts'
import { RepeatFolder } from './fold-repeats.ts'

interface AuditTrailOptions {
  database: Kysely<Database>
  clock: Clock
  log: Pick<Logger, 'warn'>
}

const WRITE_MILLISECONDS = 50
const RETRY_MILLISECONDS = 2000
const ROWS_A_STATEMENT = 100
const MOST_WAITING = 50_000

/**
 * The append-only audit trail. It never delays or fails a request. While the database fails, up to 50,000 rows wait in
 * memory. Further rows are lost, and the log states the number of lost rows.
 */
export class AuditTrail {
  readonly #database: Kysely<Database>
  readonly #clock: Clock
  readonly #log: Pick<Logger, 'warn'>
  readonly #folder: RepeatFolder
  readonly #waiting: AuditRow[] = []
  #lost = 0
  #writing: Promise<void> | undefined
  #cancelWrite: (() => void) | undefined

  constructor({ database, clock, log }: AuditTrailOptions) {
    this.#database = database
    this.#clock = clock
    this.#log = log
    this.#folder = new RepeatFolder(clock, (entry, at, times) => this.#queue(auditRowOf(entry, at, times)))
  }

  /** Adds an entry without waiting for the database. Never throws. */
  note(given: AuditEntry): void {
    const entry = given.address ? { ...given, address: canonicalAddress(given.address) } : given
    if (isRepeatable(entry)) this.#folder.add(entry)
    else this.#queue(auditRowOf(entry, this.#clock.now()))
  }

  /** Writes the waiting rows now. Resolves when the write has succeeded or failed. Never rejects. */
  async written(): Promise<void> {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    await this.#writing
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  /** Writes all waiting rows and the counts of repeated entries. Call it after the last `note()`. */
  async stop(): Promise<void> {
    this.#folder.stop()
    await this.written()
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
  }

  #queue(row: AuditRow): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(row)
    else this.#lost++
    this.#writeLater(WRITE_MILLISECONDS)
  }

  #writeLater(milliseconds: number): void {
    this.#cancelWrite ??= this.#clock.after(milliseconds, () => {
      this.#cancelWrite = undefined
      void this.written()
    })
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const rows = this.#waiting.slice(0, ROWS_A_STATEMENT)
      try {
        // If the reply of the database was lost, the rows are already in the table. The retry skips them.
        const entries = this.#database.insertInto('audit_events').values(rows)
        await entries.onConflict((conflict) => conflict.column('id').doNothing()).execute()
      } catch (error) {
        const facts = { event: 'audit.failed', err: error, waiting: this.#waiting.length }
        this.#log.warn(facts, 'the audit trail could not be written; the next attempt follows')
        this.#writeLater(RETRY_MILLISECONDS)
        return
      }
      this.#waiting.splice(0, rows.length)
      if (this.#waiting.length > 0) await othersFirst()
    }
    if (this.#lost > 0)
      this.#log.warn({ event: 'audit.lost', lost: this.#lost }, 'the audit trail lost events: too many were waiting')
    this.#lost = 0
  }
}
