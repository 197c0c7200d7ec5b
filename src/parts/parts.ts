import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { composeMail, mailAboutCopies } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import {
  type ComposeMail,
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
import { hasSignedUp } from '../public-demo/visitor-sessions.ts'
import type { Clock } from '../session/index.ts'
import { type BaseParts, openBaseParts, type PartsOverrides } from './base-parts.ts'
import { startResets } from './demo-reset.ts'
import { createLog } from './log.ts'
import type { PrimaryLink } from './primary-link.ts'
import { startSweeping } from './sweeps.ts'

export interface Parts extends BaseParts {
  mail: MailSender
  /** The metrics that `/metrics` shows. With workers, they include the metrics of the primary and all workers. */
  shownMetrics: Pick<Metrics, 'contentType' | 'text'>
}

/** The parts of a process that runs migrations, sweeps and mail. Rejects with a `StartError`. */
export async function createParts(config: Config, overrides: PartsOverrides = {}): Promise<Parts> {
  const base = await openBaseParts(config, { log: createLog(config), ...overrides, isWorker: false })
  const { database, clock, log, sessions, origins, metrics } = base
  const stopResets = await resetsOf(base)
  const mail = new MailWorker({
    database,
    clock,
    log,
    transport: await openMailTransport(config, database, clock),
    // Without sessions, no user can complete a sign-up. All mail then stays in the outbox until sessions are enabled.
    compose: sessions && onlyOwnResets(config, database, composeMail({ config, database, clock, sessions, origins })),
  })
  if (sessions) mailAboutCopies(sessions, { ...base, mail })
  const stopSweeping = startSweeping(base)
  metrics.measure({ ...base, mailCount: () => countWaitingMail(database) })
  return {
    ...base,
    mail,
    shownMetrics: metrics,
    close: once(async (options) => {
      await mail.stop()
      await stopResets()
      await stopSweeping()
      await base.close(options)
    }),
  }
}

/** Starts the nightly resets of a public demo. */
async function resetsOf(base: BaseParts): Promise<() => Promise<void>> {
  const { config, sessions } = base
  if (!config.demoPublic || sessions === null) return async () => {}
  try {
    return await startResets({ ...base, sessions })
  } catch (error) {
    await base.close({ endSessions: false })
    throw error
  }
}

/**
 * On a public demo, a visitor who asks for the reset of another visitor's password gets no mail, because the visitor
 * would read the link in the mailbox.
 */
function onlyOwnResets({ demoPublic }: Config, database: Kysely<Database>, compose: ComposeMail): ComposeMail {
  if (!demoPublic) return compose
  return async (row) => {
    const isForeign = row.kind === 'password-reset' && !(await hasSignedUp(database, row.visitor, row.email))
    return isForeign ? undefined : compose(row)
  }
}

/** The parts of a worker. The primary sends its mail and collects its metrics. */
export async function createWorkerParts(
  config: Config,
  primary: Omit<PrimaryLink, 'onStop'>,
  overrides: PartsOverrides = {},
): Promise<Parts> {
  const log = (overrides.log ?? createLog(config)).child({ worker: primary.workerId })
  const base = await openBaseParts(config, { ...overrides, log, isWorker: true })
  const { metrics, sessions } = base
  const mail = mailElsewhere(() => primary.wakeMail())
  if (sessions) mailAboutCopies(sessions, { ...base, mail })
  metrics.measure({ ...base, mailCount: undefined })
  primary.onMetricsWanted(() => metrics.report())
  return {
    ...base,
    mail,
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

async function openMailTransport(config: Config, database: Kysely<Database>, clock: Clock): Promise<MailTransport> {
  if (config.smtpUrl === undefined) return mailboxTransport(database, () => clock.now())
  const { createTransport } = await import('nodemailer')
  const url = new URL(config.smtpUrl)
  const client = createTransport({
    ...SMTP_TIMEOUTS,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    // Mail templates can neither attach files nor fetch URLs.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username && { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
  })
  return smtpTransport(client, config.mailFrom)
}
