import type { Kysely } from 'kysely'
import { createTransport } from 'nodemailer'
import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import type { Database } from '../../db/tables.ts'
import {
  composeMail,
  createPasswords,
  LoginLimit,
  type Passwords,
  SignUpLimit,
  startSweepingSignUps,
} from '../accounts/index.ts'
import { AuditTrail, followSessions, startSweepingAudit } from '../audit/index.ts'
import type { Config } from '../config/config.ts'
import type { CrmStorage } from '../crm-session/crm-storage.ts'
import { type Privilege, privileges, roles } from '../crm-session/privileges.ts'
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
import { Metrics, timedStore } from '../metrics/index.ts'
import { PlatformAddress } from '../operations/index.ts'
import { type Clock, createSessions, type SessionStore, type Sessions, systemClock } from '../session/index.ts'
import { EventStreams } from '../web/event-streams.ts'
import { OwnOrigins } from '../web/own-origins.ts'
import { Readiness } from '../web/readiness.ts'
import { Connections } from './connections.ts'
import { openDatabase } from './open-database.ts'
import { openSessionStore } from './open-session-store.ts'
import type { PrimaryLink } from './primary-link.ts'
import { readinessChecks } from './readiness-checks.ts'
import { openLimiters } from './shared-limiters.ts'

/** Everything the application is made of. */
export interface Parts {
  config: Config
  log: Logger
  clock: Clock
  database: Kysely<Database>
  /** Null when the server runs without sessions. */
  sessions: Sessions<CrmStorage, Privilege> | null
  passwords: Passwords
  loginLimit: LoginLimit
  signUpLimit: SignUpLimit
  origins: OwnOrigins
  /** Sends what waits in the outbox. */
  mail: MailSender
  /** What happened around sign-ins and sessions. */
  audit: AuditTrail
  /** The open event streams, which a stopping server ends first. */
  streams: EventStreams
  /** Where the external platform is. */
  platform: PlatformAddress
  /** Whether this server should be given requests. */
  readiness: Readiness
  /** What this server counts and measures. */
  metrics: Metrics
  /** What `/metrics` shows: of this process, or of all that serve together. */
  shownMetrics: Pick<Metrics, 'contentType' | 'text'>
  /** Lets everything go. `endSessions: false` keeps them whatever the configuration says. Calling it twice is fine. */
  close(options: { endSessions: boolean }): Promise<void>
}

/** What tests and embedding programs may hand in. */
export interface PartsOverrides {
  clock?: Clock
  log?: Logger
  /** This process serves, and another one keeps house: brings the schema up to date, sweeps, and sends mail. */
  primary?: Omit<PrimaryLink, 'onStop'>
  /** Threads that others use too; whoever hands them in closes them. */
  passwords?: Passwords
  /** Where sessions are kept, in place of what the configuration says. */
  store?: SessionStore
}

/**
 * Opens everything the application needs, brings the schema up to date, and fills an empty database in the demo profile.
 * A database that cannot be used is a `StartError` with one line that says what to do.
 */
export async function createParts(config: Config, overrides: PartsOverrides = {}): Promise<Parts> {
  const { primary } = overrides
  const isWorker = primary !== undefined
  const logOfAll = overrides.log ?? createLog(config)
  const log = primary ? logOfAll.child({ worker: primary.workerId }) : logOfAll
  const clock = overrides.clock ?? systemClock
  const passwords = overrides.passwords ?? createPasswords({ cost: config.bcryptCost })
  const metrics = new Metrics()
  const connections = new Connections(({ server, error }) =>
    log.warn({ event: 'connection.trouble', server, err: error }, `${server} cannot be reached`),
  )
  try {
    const database = await openDatabase(config, passwords, connections, isWorker)
    const store =
      config.sessions === 'none'
        ? null
        : (overrides.store ?? (await openSessionStore(config.sessionStore, connections, { isPrepared: isWorker })))
    const sessions = store && openSessions(config, clock, timedStore(store, metrics.observeStoreCall), isWorker)
    if (sessions !== null) logEvents(sessions, log)
    const limiters = await openLimiters(config, connections)
    const audit = new AuditTrail({ database, clock, log })
    if (sessions !== null) followSessions(sessions, audit)
    const origins = new OwnOrigins({ publicUrl: config.publicUrl, host: config.host, https: config.tls !== undefined })
    const streams = new EventStreams(clock)
    const mail = primary
      ? mailElsewhere(() => primary.wakeMail())
      : new MailWorker({
          database,
          clock,
          log,
          transport: openMailTransport(config, database, clock),
          // Without sessions nobody can sign up; what waits from before stays until they are on again.
          compose: sessions && composeMail({ config, database, clock, sessions, origins }),
        })
    const sweepers = isWorker
      ? []
      : [
          startSweepingSignUps({ database, log, clock }),
          startSweepingAudit({ database, log, clock, days: config.auditDays }),
        ]
    const readiness = new Readiness(readinessChecks({ sessions, database }), { clock, log })
    const mailCount = isWorker ? undefined : () => countWaitingMail(database)
    metrics.measure({ clock, sessions, passwords, streams, mailCount })
    primary?.onMetricsWanted(() => metrics.report())
    let closed: Promise<void> | undefined
    const close = async (endSessions: boolean) => {
      readiness.stop()
      streams.stop()
      await mail.stop()
      for (const stopSweeping of sweepers) await stopSweeping()
      // A store that is down must not keep everything else open.
      await sessions
        ?.close({ endSessions: endSessions && config.sessionCloseOnStop && !isWorker })
        .catch((err) => log.warn({ event: 'sessions.open', err }, 'the sessions could not be closed'))
      await audit.stop()
      if (overrides.passwords === undefined) await passwords.close()
      await database.destroy()
      await connections.close()
    }
    return {
      config,
      log,
      clock,
      database,
      sessions,
      passwords,
      loginLimit: new LoginLimit(limiters),
      signUpLimit: new SignUpLimit(limiters),
      origins,
      mail,
      audit,
      streams,
      platform: new PlatformAddress(config.platformUrl),
      readiness,
      metrics,
      shownMetrics: primary ? { contentType: metrics.contentType, text: () => primary.metricsOfAll() } : metrics,
      close: ({ endSessions }) => {
        closed ??= close(endSessions)
        return closed
      },
    }
  } catch (error) {
    if (overrides.passwords === undefined) await passwords.close()
    await connections.close()
    throw error
  }
}

function openSessions(
  config: Config,
  clock: Clock,
  store: SessionStore,
  isWorker: boolean,
): Sessions<CrmStorage, Privilege> {
  return createSessions<CrmStorage, Privilege>({
    appName: config.appName,
    store,
    roles,
    privileges,
    clock,
    guests: config.guests,
    secureCookie: isReachedByHttps(config),
    tokenPrefix: 'crm_',
    idleTimeoutMinutes: config.sessionIdleMinutes,
    absoluteHours: { web: config.sessionAbsoluteHours },
    closeOnStop: config.sessionCloseOnStop,
    ...(isWorker && { sweepSeconds: 0 }),
    ...onlyWhenSet({
      sessionTimeoutMinutes: config.sessionTimeoutMinutes,
      maxSessions: config.maxSessions,
      maxGuests: config.maxGuests,
      maxSessionsPerUser: config.maxSessionsPerUser,
    }),
  })
}

function logEvents(sessions: Sessions<CrmStorage, Privilege>, log: Logger): void {
  sessions.on('warning', ({ message, error }) => log.warn({ event: 'session.warning', err: error }, message))
  sessions.on('ended', ({ id, userId, reason }) =>
    log.info({ event: 'session.ended', session: id, userId, reason }, 'session ended'),
  )
}

function openMailTransport(config: Config, database: Kysely<Database>, clock: Clock): MailTransport {
  if (config.smtpUrl === undefined) return mailboxTransport(database, () => clock.now())
  const url = new URL(config.smtpUrl)
  const client = createTransport({
    ...SMTP_TIMEOUTS,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    // Whatever a template held, it never makes the server read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username && { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
  })
  return smtpTransport(client, config.mailFrom)
}

function isReachedByHttps({ publicUrl, tls }: Config): boolean {
  return publicUrl === undefined ? tls !== undefined : publicUrl.startsWith('https:')
}

function onlyWhenSet<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

/** One JSON object a line, times in UTC. Whatever is logged, these never are. */
export function createLog({ logLevel }: Pick<Config, 'logLevel'>, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'password',
        '*.password',
        '*.headers.cookie',
        '*.headers.authorization',
        '*.headers["set-cookie"]',
        '*.headers["Set-Cookie"]',
        'err.body',
      ],
      censor: '***',
    },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
