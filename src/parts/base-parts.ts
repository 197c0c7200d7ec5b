import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import {
  createPasswords,
  DEMO_PASSWORD,
  type DeviceCookie,
  deviceCookie,
  highestStoredCost,
  LinkLimit,
  LoginLimit,
  type MakeLimiter,
  type Passwords,
  ResetLimit,
  SignUpLimit,
  UsageLimit,
} from '../accounts/index.ts'
import { AuditTrail, followSessions } from '../audit/index.ts'
import type { Config } from '../config/config.ts'
import type { CrmSessions } from '../crm-session/crm-session.ts'
import type { CrmStorage } from '../crm-session/crm-storage.ts'
import { ENDED_FOR_COPIES } from '../crm-session/end-messages.ts'
import { privileges, roles } from '../crm-session/privileges.ts'
import type { Inspector } from '../inspector/index.ts'
import { Metrics, probeStore, type StoreWrites, timedStore } from '../metrics/index.ts'
import { PlatformAddress } from '../operations/index.ts'
import { followVisitors } from '../public-demo/visitor-sessions.ts'
import { type Clock, createSessions, type SessionStore, storageOf, systemClock } from '../session/index.ts'
import type { Tour } from '../tour/index.ts'
import { EventStreams } from '../web/event-streams.ts'
import { OwnOrigins } from '../web/own-origins.ts'
import { Readiness } from '../web/readiness.ts'
import { Connections } from './connections.ts'
import { openDatabase } from './open-database.ts'
import { openSessionStore } from './open-session-store.ts'
import { readinessChecks } from './readiness-checks.ts'
import { openLimiters } from './shared-limiters.ts'

/** The parts that a primary, a worker and a single process have in common. */
export interface BaseParts {
  config: Config
  log: Logger
  clock: Clock
  database: Kysely<Database>
  /** Null when the server runs without sessions. */
  sessions: CrmSessions | null
  /** Whether the session store accepts writes. */
  storeWrites: () => Promise<StoreWrites>
  passwords: Passwords
  loginLimit: LoginLimit
  deviceCookie: DeviceCookie
  signUpLimit: SignUpLimit
  linkLimit: LinkLimit
  resetLimit: ResetLimit
  usageLimit: UsageLimit
  makeLimiter: MakeLimiter
  origins: OwnOrigins
  audit: AuditTrail
  streams: EventStreams
  platform: PlatformAddress
  readiness: Readiness
  metrics: Metrics
  /** Only in the profile `demo`. Production does not load its code. */
  inspector: Inspector | undefined
  /** Only in the profile `demo`. Production does not load its code. */
  tour: Tour | undefined
  /** Idempotent. With `endSessions: false`, the sessions continue even when `SESSION_CLOSE_ON_STOP` is set. */
  close(options: { endSessions: boolean }): Promise<void>
}

/** The parts that tests and embedding programs may replace. */
export interface PartsOverrides {
  clock?: Clock
  log?: Logger
  /** The threads that hash passwords. The caller closes the threads. */
  passwords?: Passwords
  store?: SessionStore
}

interface BaseOptions extends PartsOverrides {
  log: Logger
  /** Whether this process is a worker. The primary runs migrations and sweeps for its workers. */
  isWorker: boolean
}

export async function openBaseParts(config: Config, options: BaseOptions): Promise<BaseParts> {
  const { log, isWorker } = options
  const clock = options.clock ?? systemClock
  const passwords =
    options.passwords ??
    createPasswords({
      cost: config.bcryptCost,
      refused: config.profile === 'production' ? DEMO_PASSWORD : undefined,
    })
  const metrics = new Metrics()
  const inspector =
    config.profile === 'demo' ? (await import('../inspector/index.ts')).createInspector(() => clock.now()) : undefined
  const tour = config.profile === 'demo' ? (await import('../tour/index.ts')).tour : undefined
  const connections = new Connections(({ server, error }) =>
    log.warn({ event: 'connection.trouble', server, err: error }, `${server} cannot be reached`),
  )
  const closeShared = async () => {
    if (options.passwords === undefined) await passwords.close()
    await connections.close()
  }
  try {
    const database = await openDatabase(config, passwords, connections, {
      isPrepared: isWorker,
      now: clock.now(),
    })
    passwords.expectCost(await highestStoredCost(database))
    const store =
      config.sessions === 'none'
        ? null
        : (options.store ??
          (await openSessionStore(config.sessionStore, connections, config.appName, { isPrepared: isWorker })))
    const origins = new OwnOrigins({ publicUrl: config.publicUrl, host: config.host, https: config.tls !== undefined })
    const sessions =
      store &&
      openSessions(config, {
        store: timedStore(store, (...call) => {
          metrics.observeStoreCall(...call)
          inspector?.observeStoreCall(...call)
        }),
        clock,
        secureCookie: origins.secure,
        ...(isWorker && { sweepSeconds: 0 }),
      })
    const limiters = await openLimiters(config, connections)
    const audit = new AuditTrail({ database, clock, log })
    if (sessions !== null) {
      logEvents(sessions, log)
      followSessions(sessions, audit)
      if (config.demoPublic) followVisitors(sessions, { database, log })
    }
    const streams = new EventStreams(clock)
    const storeWrites: BaseParts['storeWrites'] = sessions
      ? probeStore(sessions, clock)
      : async () => ({ state: 'unknown' })
    const files = {
      sessions: connections.fileCheck(config.sessionStore),
      database: connections.fileCheck(config.database),
    }
    const readiness = new Readiness(readinessChecks(sessions, storeWrites, database, files), { clock, log })
    return {
      config,
      log,
      clock,
      database,
      sessions,
      storeWrites,
      passwords,
      loginLimit: new LoginLimit(limiters),
      deviceCookie: deviceCookie(config.appName, origins.secure),
      signUpLimit: new SignUpLimit(limiters),
      linkLimit: new LinkLimit(limiters),
      resetLimit: new ResetLimit(limiters),
      usageLimit: new UsageLimit(limiters),
      makeLimiter: limiters,
      origins,
      audit,
      streams,
      platform: new PlatformAddress(config.platformUrl),
      readiness,
      metrics,
      inspector,
      tour,
      async close({ endSessions }) {
        readiness.stop()
        streams.stop()
        // The other parts are closed even when the session store is unavailable.
        await sessions
          ?.close({ endSessions: endSessions && config.sessionCloseOnStop })
          .catch((err) => log.warn({ event: 'sessions.open', err }, 'the sessions could not be closed'))
        await audit.stop()
        await database.destroy()
        await closeShared()
      },
    }
  } catch (error) {
    await closeShared()
    throw error
  }
}

function openSessions(
  config: Config,
  options: { store: SessionStore; clock: Clock; secureCookie: boolean; sweepSeconds?: number },
): CrmSessions {
  return createSessions({
    appName: config.appName,
    storage: storageOf<CrmStorage>(),
    ...options,
    roles,
    privileges,
    guests: config.guests,
    tokenPrefix: 'crm_',
    idleTimeoutMinutes: config.sessionIdleMinutes,
    absoluteHours: { web: config.sessionAbsoluteHours },
    closeOnStop: config.sessionCloseOnStop,
    ...(config.deviceBindingMinutes > 0 && {
      deviceBinding: {
        minutes: config.deviceBindingMinutes,
        exclude: ['/assets/'],
        message: ENDED_FOR_COPIES,
      },
    }),
    ...onlyWhenSet({
      sessionTimeoutMinutes: config.sessionTimeoutMinutes,
      maxSessions: config.maxSessions,
      maxGuests: config.maxGuests,
      maxSessionsPerUser: config.maxSessionsPerUser,
    }),
  })
}

function logEvents(sessions: CrmSessions, log: Logger): void {
  sessions.on('warning', ({ code, message, error }) =>
    log.warn({ event: 'session.warning', code, err: error }, message),
  )
  sessions.on('ended', ({ id, userId, reason }) =>
    log.info({ event: 'session.ended', session: id, userId, reason }, 'session ended'),
  )
  sessions.on('bindingFailed', ({ id, userId, failures, ended, skipped }) =>
    log.warn(
      { event: 'binding.failed', session: id, userId, failures, ended, skipped },
      'a request had a bound cookie without a proof of its key',
    ),
  )
}

function onlyWhenSet<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
