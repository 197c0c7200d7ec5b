import type { Kysely } from 'kysely'
import { createTransport } from 'nodemailer'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import { composeMail, type Passwords } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import {
  countWaitingMail,
  type MailSender,
  type MailTransport,
  MailWorker,
  mailboxTransport,
  mailElsewhere,
  SMTP_TIMEOUTS,
  smtpTransport,
} from '../mail/index.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Clock, SessionStore } from '../session/index.ts'
import { type BaseParts, openBaseParts } from './base-parts.ts'
import { createLog } from './log.ts'
import type { PrimaryLink } from './primary-link.ts'
import { startSweeping } from './sweeps.ts'

/** Everything the application is made of. */
export interface Parts extends BaseParts {
  /** Sends what waits in the outbox. */
  mail: MailSender
  /** What `/metrics` shows: of this process, or of all that serve together. */
  shownMetrics: Pick<Metrics, 'contentType' | 'text'>
}

/** What tests and embedding programs may pass in. */
export interface PartsOverrides {
  clock?: Clock
  log?: Logger
  /** Threads that others use too; the caller closes them. */
  passwords?: Passwords
  /** Used in place of the store that the configuration names. */
  store?: SessionStore
}

/**
 * Opens the parts of a process that runs migrations, sweeps and mail; in the demo profile it fills an empty database.
 * @throws a `StartError` of one line that says what to do, when a database cannot be used.
 */
export async function createParts(config: Config, overrides: PartsOverrides = {}): Promise<Parts> {
  const base = await openBaseParts(config, { log: createLog(config), ...overrides, isWorker: false })
  const { database, clock, log, sessions, origins, metrics } = base
  const mail = new MailWorker({
    database,
    clock,
    log,
    transport: openMailTransport(config, database, clock),
    // Without sessions no sign-up can be completed; waiting mail stays until they are on again.
    compose: sessions && composeMail({ config, database, clock, sessions, origins }),
  })
  const stopSweeping = startSweeping({ database, clock, log, auditDays: config.auditDays })
  metrics.measure({ ...base, mailCount: () => countWaitingMail(database) })
  return {
    ...base,
    mail,
    shownMetrics: metrics,
    close: once(async (options) => {
      await mail.stop()
      await stopSweeping()
      await base.close(options)
    }),
  }
}

/** Opens the parts of a worker: it only serves, and hands mail and metrics to the primary. */
export async function createWorkerParts(
  config: Config,
  primary: Omit<PrimaryLink, 'onStop'>,
  overrides: PartsOverrides = {},
): Promise<Parts> {
  const log = (overrides.log ?? createLog(config)).child({ worker: primary.workerId })
  const base = await openBaseParts(config, { ...overrides, log, isWorker: true })
  const { metrics } = base
  metrics.measure({ ...base, mailCount: undefined })
  primary.onMetricsWanted(() => metrics.report())
  return {
    ...base,
    mail: mailElsewhere(() => primary.wakeMail()),
    shownMetrics: { contentType: metrics.contentType, text: () => primary.metricsOfAll() },
    close: once(() => base.close({ endSessions: false })),
  }
}

function once(close: Parts['close']): Parts['close'] {
  let closed: Promise<void> | undefined
  return (options) => {
    closed ??= close(options)
    return closed
  }
}

function openMailTransport(config: Config, database: Kysely<Database>, clock: Clock): MailTransport {
  if (config.smtpUrl === undefined) return mailboxTransport(database, () => clock.now())
  const url = new URL(config.smtpUrl)
  const client = createTransport({
    ...SMTP_TIMEOUTS,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    // No template makes the server read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username && { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
  })
  return smtpTransport(client, config.mailFrom)
}
