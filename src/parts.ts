import SqliteDatabase from 'better-sqlite3'
import { Kysely } from 'kysely'
import { createTransport } from 'nodemailer'
import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { migrateToLatest } from '../db/migrate.js'
import { isEmpty, seedDemo } from '../db/seed.js'
import { SharedSqliteDialect } from '../db/sqlite-dialect.js'
import {
  composeMail,
  createPasswords,
  LoginLimit,
  type Passwords,
  SignUpLimit,
  startSweepingSignUps,
} from './accounts/index.js'
import { AuditTrail, followSessions, startSweepingAudit } from './audit/index.js'
import type { Config } from './config.js'
import type { CrmStorage } from './crm-storage.js'
import type { Database } from './database.js'
import { explainSqliteError, openDatabaseFile } from './database-file.js'
import { type MailTransport, MailWorker, mailboxTransport, SMTP_TIMEOUTS, smtpTransport } from './mail/index.js'
import { PlatformAddress } from './operations/index.js'
import { type Privilege, privileges, roles } from './privileges.js'
import { type Clock, createSessions, memoryStore, type Sessions, sqliteStore, systemClock } from './session/index.js'
import { StartError } from './start-error.js'
import { EventStreams } from './web/event-streams.js'
import { OwnOrigins } from './web/own-origins.js'

// How long a process waits for another one that is writing.
const BUSY_TIMEOUT_MS = 5000

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
  mail: MailWorker
  /** What happened around sign-ins and sessions. */
  audit: AuditTrail
  /** The open event streams, which a stopping server ends first. */
  streams: EventStreams
  /** Where the external platform is. */
  platform: PlatformAddress
  /** Lets everything go. `endSessions: false` keeps them whatever the configuration says. Calling it twice is fine. */
  close(options: { endSessions: boolean }): Promise<void>
}

/** What tests and embedding programs may hand in. */
export interface PartsOverrides {
  clock?: Clock
  log?: Logger
}

/**
 * Opens everything the application needs, brings the schema up to date, and fills an empty database in the demo profile.
 * A database that cannot be used is a `StartError` with one line that says what to do.
 */
export async function createParts(config: Config, overrides: PartsOverrides = {}): Promise<Parts> {
  const log = overrides.log ?? createLog(config)
  const clock = overrides.clock ?? systemClock
  const passwords = createPasswords({ cost: config.bcryptCost })
  const opened: SqliteDatabase.Database[] = []
  try {
    const database = await openDatabase(config, passwords, opened)
    const sessions = config.sessions === 'none' ? null : openSessions(config, clock, opened)
    if (sessions !== null) logEvents(sessions, log)
    const audit = new AuditTrail({ database, clock, log })
    if (sessions !== null) followSessions(sessions, audit)
    const origins = new OwnOrigins({ publicUrl: config.publicUrl, host: config.host, https: config.tls !== undefined })
    const streams = new EventStreams(clock)
    const mail = new MailWorker({
      database,
      clock,
      log,
      transport: openMailTransport(config, database, clock),
      // Without sessions nobody can sign up; what waits from before stays until they are on again.
      compose: sessions && composeMail({ config, database, clock, sessions, origins }),
    })
    const stopSweeping = startSweepingSignUps({ database, log, clock })
    const stopSweepingAudit = startSweepingAudit({ database, log, clock, days: config.auditDays })
    let closed: Promise<void> | undefined
    const close = async (endSessions: boolean) => {
      streams.stop()
      await mail.stop()
      await stopSweeping()
      await sessions?.close({ endSessions: endSessions && config.sessionCloseOnStop })
      await stopSweepingAudit()
      await audit.stop()
      await passwords.close()
      await database.destroy()
      for (const file of opened) file.close()
    }
    return {
      config,
      log,
      clock,
      database,
      sessions,
      passwords,
      loginLimit: new LoginLimit(),
      signUpLimit: new SignUpLimit(),
      origins,
      mail,
      audit,
      streams,
      platform: new PlatformAddress(config.platformUrl),
      close: ({ endSessions }) => {
        closed ??= close(endSessions)
        return closed
      },
    }
  } catch (error) {
    await passwords.close()
    for (const file of opened) file.close()
    throw error
  }
}

async function openDatabase(
  config: Config,
  passwords: Passwords,
  opened: SqliteDatabase.Database[],
): Promise<Kysely<Database>> {
  const file = config.databaseFile
  const sqlite = openSqlite(file, { variable: 'DATABASE_URL' })
  opened.push(sqlite)
  const database = new Kysely<Database>({ dialect: new SharedSqliteDialect({ database: sqlite }) })
  try {
    await migrateToLatest(database, file)
    if (config.profile === 'demo' && (await isEmpty(database)))
      await seedDemo(database, (password) => passwords.hash(password))
    return database
  } catch (error) {
    throw explainSqliteError(error, file, 'DATABASE_URL')
  }
}

function openSessions(
  config: Config,
  clock: Clock,
  opened: SqliteDatabase.Database[],
): Sessions<CrmStorage, Privilege> {
  return createSessions<CrmStorage, Privilege>({
    appName: config.appName,
    store: openStore(config, opened),
    roles,
    privileges,
    clock,
    guests: config.guests,
    secureCookie: isReachedByHttps(config),
    tokenPrefix: 'crm_',
    idleTimeoutMinutes: config.sessionIdleMinutes,
    absoluteHours: { web: config.sessionAbsoluteHours },
    closeOnStop: config.sessionCloseOnStop,
    guestsGiveWay: config.guestsGiveWay,
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

function openStore({ sessionStore }: Config, opened: SqliteDatabase.Database[]) {
  if (sessionStore.kind === 'memory') return memoryStore()
  const sqlite = openSqlite(sessionStore.file, { variable: 'SESSION_STORE' })
  opened.push(sqlite)
  try {
    return sqliteStore(sqlite)
  } catch (error) {
    const explained = explainSqliteError(error, sessionStore.file, 'SESSION_STORE')
    if (explained !== error || !(error instanceof Error)) throw explained
    throw new StartError(`${sessionStore.file} (SESSION_STORE) cannot be used. ${error.message}`, { cause: error })
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

/** Opens a SQLite file, or throws a `StartError` of one line that names the setting which the file came from. */
export function openSqlite(file: string, { variable }: { variable: string }): SqliteDatabase.Database {
  return openDatabaseFile(file, variable, (path) => new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS }))
}
