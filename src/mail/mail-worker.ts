import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database, OutboxRow } from '../../db/tables.ts'
import type { Clock } from '../session/index.ts'
import { DeliveryProblem, type Mail, type MailTransport } from './mail.ts'
import { isoTime, leaseMail, nextDue, settleMail } from './outbox.ts'

/** Composes a mail just before it is sent. Returns `undefined` when the mail is obsolete. */
export type ComposeMail = (row: OutboxRow) => Promise<{ mail: Mail; linkUntil: number } | undefined>

interface MailWorkerOptions {
  database: Kysely<Database>
  clock: Clock
  log: Logger
  transport: MailTransport
  /** Null keeps all mail in the outbox. */
  compose: ComposeMail | null
}

// The worker reads the outbox at least this often, because another process may add mail or crash while sending.
const LONGEST_REST_MILLISECONDS = 30_000
const SHORTEST_REST_MILLISECONDS = 1000
const FIRST_RETRY_MILLISECONDS = 5000
const LONGEST_RETRY_MILLISECONDS = 5 * 60_000
const CAREFUL_RETRY_MILLISECONDS = 2 * 60_000
// After this many failed attempts, which take about three hours, a mail is dropped.
const MOST_ATTEMPTS = 40

// A mail server that does not respond would delay the stop of the process by up to 15 seconds.
const STOP_MILLISECONDS = 1000

export interface MailSender {
  /** Starts sending and returns at once. Call it after `enqueueMail`. Never throws. */
  wake(): void
  /** Sends all mail that is due. */
  tick(): Promise<void>
  /** Stops sending. Waits at most a second for the current mail, which is then sent again after the next start. */
  stop(): Promise<void>
}

/** Sends the mails of the outbox one by one, and retries failed mails. */
export class MailWorker implements MailSender {
  readonly #options: MailWorkerOptions
  #round: Promise<void> | undefined
  #wokenMeanwhile = false
  #cancelTimer = () => {}
  #stopped = false

  constructor(options: MailWorkerOptions) {
    this.#options = options
  }

  wake(): void {
    void this.tick()
  }

  async tick(): Promise<void> {
    if (this.#stopped || this.#options.compose === null) return
    this.#wokenMeanwhile = true
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
    await this.#round
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer()
    const limit = new Promise<void>((resolve) => this.#options.clock.after(STOP_MILLISECONDS, resolve))
    await Promise.race([this.#round, limit])
    this.#options.transport.close()
  }

  async #run(): Promise<void> {
    const { database, clock, log } = this.#options
    this.#cancelTimer()
    let rest = LONGEST_REST_MILLISECONDS
    try {
      while (this.#wokenMeanwhile && !this.#stopped) {
        this.#wokenMeanwhile = false
        await this.#sendAllDue()
        const due = (await nextDue(database)) ?? Number.POSITIVE_INFINITY
        rest = Math.min(LONGEST_REST_MILLISECONDS, Math.max(SHORTEST_REST_MILLISECONDS, due - clock.now()))
      }
    } catch (error) {
      log.error({ event: 'mail.stuck', err: error }, 'the outbox cannot be read and will be read again')
    }
    if (!this.#stopped) this.#cancelTimer = clock.after(rest, () => this.wake())
  }

  async #sendAllDue(): Promise<void> {
    const { database, clock } = this.#options
    while (!this.#stopped) {
      const row = await leaseMail(database, clock.now())
      if (row === undefined) return
      const serverIsDown = await this.#send(row)
      if (serverIsDown) return
    }
  }

  /** Sends one mail. Returns `true` if the mail server is down, because all other mails must then wait. */
  async #send(row: OutboxRow): Promise<boolean> {
    const { database, clock, log, transport, compose } = this.#options
    const about = { mail: row.id, kind: row.kind, attempts: row.attempts }
    try {
      const composed = await compose?.(row)
      if (composed === undefined) {
        await settleMail(database, row, { state: 'dropped', problem: 'OVER' })
        return false
      }
      await transport.send({ ...composed.mail, visitor: row.visitor })
      const [sent_at, link_until] = [isoTime(clock.now()), isoTime(composed.linkUntil)]
      await settleMail(database, row, { state: 'sent', problem: null, sent_at, due_at: sent_at, link_until })
      log.info({ event: 'mail.sent', ...about }, 'mail sent')
      return false
    } catch (error) {
      const problem = error instanceof DeliveryProblem ? error : new DeliveryProblem('FAILED', 'soon', true, error)
      const isLast = problem.again === 'never' || row.attempts >= MOST_ATTEMPTS
      const code = problem.message.slice(0, 80)
      log.warn({ event: 'mail.failed', ...about, problem: code, givenUp: isLast }, 'mail could not be sent')
      const due_at = isoTime(clock.now() + waitBeforeRetry(row.attempts, problem))
      await settleMail(database, row, isLast ? { state: 'dropped', problem: code } : { problem: code, due_at })
      return problem.serverIsDown
    }
  }
}

function waitBeforeRetry(attempts: number, { again }: DeliveryProblem): number {
  const grown = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (attempts - 1), LONGEST_RETRY_MILLISECONDS)
  return again === 'carefully' ? Math.max(grown, CAREFUL_RETRY_MILLISECONDS) : grown
}
