import { join, parse } from 'node:path'
import type { z } from 'zod'
import {
  appName,
  choice,
  type DatabaseSetting,
  database,
  file,
  host,
  LOG_LEVELS,
  mailFrom,
  origin,
  origins,
  type SessionStoreSetting,
  secret,
  sessionStore,
  smtpUrl,
  wholeNumber,
  yesOrNo,
} from './config-values.ts'
import { projectRoot } from './project-root.ts'

/** All settings. They are read once at the start and frozen. */
export interface Config {
  /** Determines the defaults. `demo` follows the 4D, West Wind and JADE documents. `production` is hardened. */
  profile: 'demo' | 'production'
  host: string
  port: number
  /** If false and `port` is in use, the server listens on a free port instead. */
  portIsExplicit: boolean
  /** The origin that users open, without a trailing slash. `undefined`: the address that the server listens on. */
  publicUrl: string | undefined
  /** The port of the demo’s own external platform. `undefined`: this server’s port plus one. */
  platformPort: number | undefined
  /** The platform accepts unauthenticated requests, so other machines must reach it only in a closed network. */
  platformHost: '127.0.0.1' | '0.0.0.0'
  /** The address of the external platform. `undefined`: the demo starts its own platform, and production has none. */
  platformUrl: string | undefined
  appName: string
  database: DatabaseSetting
  sessionStore: SessionStoreSetting
  /** `none` switches all sessions off. */
  sessions: 'scalable' | 'none'
  /** Whether a visitor gets a session at the first request or at the first write to the session. */
  guests: 'first-request' | 'first-write'
  /** Whether the message after a failed login says which input was wrong (`documented`) or not (`uniform`). */
  loginText: 'documented' | 'uniform'
  /** `direct`: opening a link in a mail redeems the link. `confirm`: a button on the opened page redeems the link. */
  linkMode: 'direct' | 'confirm'
  sessionIdleMinutes: number
  /** 0: no absolute timeout. */
  sessionAbsoluteHours: number
  /** The session timeout as JADE documents it. If set, it replaces the idle timeout. 0: sessions never expire. */
  sessionTimeoutMinutes: number | undefined
  /** Whether all sessions are closed when the last process stops. Sessions in Redis and PostgreSQL always stay open. */
  sessionCloseOnStop: boolean
  /** The minutes after which a browser must prove the key of its cookie again. 0: cookies are not bound to a key. */
  deviceBindingMinutes: number
  maxSessions: number | undefined
  maxGuests: number | undefined
  maxSessionsPerUser: number | undefined
  /** The number of days after which audit rows are removed. 0: never. */
  auditDays: number
  /** The number of trusted reverse proxies. 0: `X-Forwarded-*` headers are ignored. */
  trustProxyHops: number
  bcryptCost: number
  /** The mail server. `undefined`: mail is shown on the demo’s mailbox page. */
  smtpUrl: string | undefined
  mailFrom: string
  /** The origins of other sites whose pages may call the API. They still need a bearer token. */
  corsOrigins: readonly string[]
  /** For how long an idle connection stays open. A load balancer must close its idle connections earlier. */
  keepAliveSeconds: number
  /** The number of workers. 1: a single process without workers. */
  webConcurrency: number
  /** Whether strangers try this demo on a public address. See docs/public-demo.md. */
  demoPublic: boolean
  /**
   * The bearer token of `/metrics`. `undefined`: only programs on this machine can read the metrics, and only while the
   * server listens on a loopback address.
   */
  metricsToken: string | undefined
  logLevel: (typeof LOG_LEVELS)[number]
  tls: { certFile: string; keyFile: string } | undefined
}

type Environment = Record<string, string | undefined>

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** One sentence for each problem, beginning with the name of the variable. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The configuration cannot be used:', ...problems.map((problem) => `  ${problem}`)].join('\n'))
    this.problems = problems
  }
}

const DEFAULT_PORT = 8044
// Production does not use the file of the demo, because all accounts in that file have a public password.
const PRODUCTION_FILE = 'production-crm.sqlite'
const LONGEST_MINUTES = 525_600
// Programs that ignore cookies begin a guest session at each page. At this limit, visitors get pages without a session.
const DEMO_GUESTS = 10_000
const PRODUCTION_SESSIONS_PER_USER = 10
const PUBLIC_SESSIONS = 20_000
const PUBLIC_GUESTS = 5_000
// 4D documents this minimum of the idle timeout.
const SHORTEST_IDLE_MINUTES = 60
// A copied cookie stays usable for this time.
const BINDING_MINUTES = { least: 5, most: 60 }
// With a lower cost, attackers could guess the passwords of stolen hashes too quickly.
const LOWEST_PRODUCTION_COST = 10

/** Reads the settings. An empty variable counts as not set. Throws a `ConfigError` that lists all problems. */
export function readConfig(env: Environment): Config {
  const problems: string[] = []
  const read = <T>(name: string, schema: z.ZodType<T>, fallback: T): T => {
    const text = env[name]?.trim()
    if (!text) return fallback
    const result = schema.safeParse(text)
    if (result.success) return result.data
    problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`))
    return fallback
  }

  const profile = read('PROFILE', choice('demo', 'production'), env.NODE_ENV === 'production' ? 'production' : 'demo')
  const demo = profile === 'demo'
  const demoPublic = read('DEMO_PUBLIC', yesOrNo, false)
  const crmDatabase = read<DatabaseSetting>('DATABASE_URL', database, {
    kind: 'sqlite',
    file: join(projectRoot(), 'db', demo ? 'crm.sqlite' : PRODUCTION_FILE),
  })
  // The error message lists the problems in the order of the `read()` calls.
  const boundHost = read('HOST', host, '127.0.0.1')
  const port = read('PORT', wholeNumber(0, 65_535), DEFAULT_PORT)
  const publicUrl = read('PUBLIC_URL', origin, undefined)
  const certFile = read('TLS_CERT', file, undefined)
  const keyFile = read('TLS_KEY', file, undefined)

  const config: Config = {
    profile,
    host: boundHost,
    port,
    portIsExplicit: Boolean(env.PORT?.trim()),
    publicUrl,
    platformPort: read('PLATFORM_PORT', wholeNumber(0, 65_535), undefined),
    platformHost: read('PLATFORM_HOST', choice('127.0.0.1', '0.0.0.0'), '127.0.0.1'),
    platformUrl: read('PLATFORM_URL', origin, undefined),
    appName: read('APP_NAME', appName, 'Tessera'),
    database: crmDatabase,
    sessionStore: read('SESSION_STORE', sessionStore, storeBeside(crmDatabase)),
    sessions: read('SESSIONS', choice('scalable', 'none'), 'scalable'),
    guests: read(
      'GUESTS',
      choice('first-request', 'first-write'),
      demo && !demoPublic ? 'first-request' : 'first-write',
    ),
    loginText: read('LOGIN_TEXT', choice('documented', 'uniform'), demo ? 'documented' : 'uniform'),
    linkMode: read('LINK_MODE', choice('direct', 'confirm'), demo ? 'direct' : 'confirm'),
    sessionIdleMinutes: read('SESSION_IDLE_MINUTES', wholeNumber(SHORTEST_IDLE_MINUTES, LONGEST_MINUTES), 60),
    sessionAbsoluteHours: read('SESSION_ABSOLUTE_HOURS', wholeNumber(0, LONGEST_MINUTES / 60), 12),
    sessionTimeoutMinutes: read('SESSION_TIMEOUT_MINUTES', wholeNumber(0, LONGEST_MINUTES), undefined),
    sessionCloseOnStop: read('SESSION_CLOSE_ON_STOP', yesOrNo, demo),
    deviceBindingMinutes: read('DEVICE_BINDING_MINUTES', wholeNumber(0, BINDING_MINUTES.most), 0),
    maxSessions: read('MAX_SESSIONS', wholeNumber(1, 100_000_000), demoPublic ? PUBLIC_SESSIONS : undefined),
    maxGuests: read(
      'MAX_GUESTS',
      wholeNumber(0, 100_000_000),
      demo && !env.MAX_SESSIONS?.trim() ? (demoPublic ? PUBLIC_GUESTS : DEMO_GUESTS) : undefined,
    ),
    maxSessionsPerUser: read(
      'MAX_SESSIONS_PER_USER',
      wholeNumber(1, 1_000_000),
      demo ? undefined : PRODUCTION_SESSIONS_PER_USER,
    ),
    auditDays: read('AUDIT_DAYS', wholeNumber(0, 36_500), 90),
    trustProxyHops: read('TRUST_PROXY', wholeNumber(0, 10), 0),
    bcryptCost: read('BCRYPT_COST', wholeNumber(4, 16), 12),
    smtpUrl: read('SMTP_URL', smtpUrl, undefined),
    mailFrom: read('MAIL_FROM', mailFrom, senderAt(publicUrl)),
    corsOrigins: read('CORS_ORIGINS', origins, []),
    keepAliveSeconds: read('KEEP_ALIVE_SECONDS', wholeNumber(1, 3_600), 65),
    webConcurrency: read('WEB_CONCURRENCY', wholeNumber(1, 128), 1),
    demoPublic,
    metricsToken: read('METRICS_TOKEN', secret, undefined),
    logLevel: read('LOG_LEVEL', choice(...LOG_LEVELS), demo ? 'warn' : 'info'),
    tls: certFile && keyFile ? { certFile, keyFile } : undefined,
  }

  const unusable = new Set(problems.map((problem) => problem.slice(0, problem.indexOf(':'))))
  for (const [name, problem] of contradictions(config, env))
    if (!unusable.has(name)) problems.push(`${name}: ${problem}`)
  if (problems.length > 0) throw new ConfigError(problems)
  return freeze(config)
}

function* contradictions(config: Config, env: Environment): Generator<[name: string, problem: string]> {
  const { publicUrl, database, sessionStore, webConcurrency } = config
  if (Boolean(env.TLS_CERT?.trim()) !== Boolean(env.TLS_KEY?.trim()))
    yield [env.TLS_CERT?.trim() ? 'TLS_KEY' : 'TLS_CERT', 'is missing; https needs both TLS_CERT and TLS_KEY.']
  if (config.tls && publicUrl?.startsWith('http:'))
    yield ['PUBLIC_URL', 'begins with http:, but TLS_CERT makes this server speak https. Begin it with https:.']
  if (config.deviceBindingMinutes > 0 && config.deviceBindingMinutes < BINDING_MINUTES.least)
    yield ['DEVICE_BINDING_MINUTES', `is below ${BINDING_MINUTES.least}. Chromium would refuse so many proofs. Use 10.`]
  if (config.deviceBindingMinutes > 0 && !(publicUrl?.startsWith('https:') ?? config.tls !== undefined))
    yield [
      'DEVICE_BINDING_MINUTES',
      'needs https, because browsers bind only Secure cookies. Set TLS_CERT and TLS_KEY, or an https PUBLIC_URL.',
    ]
  if (isSameFile(sessionStore, database))
    yield ['SESSION_STORE', 'is the file of DATABASE_URL. Sessions need a file of their own.']
  if (config.maxSessions !== undefined && (config.maxGuests ?? 0) > config.maxSessions)
    yield ['MAX_GUESTS', `is above MAX_SESSIONS (${config.maxSessions}), which counts the guests too. Lower it.`]

  const notShared = `is memory, which ${webConcurrency} processes (WEB_CONCURRENCY) cannot share. Use a file or a server.`
  if (webConcurrency > 1 && config.sessions !== 'none' && isInMemory(sessionStore)) yield ['SESSION_STORE', notShared]
  if (webConcurrency > 1 && isInMemory(database)) yield ['DATABASE_URL', notShared]

  if (config.demoPublic) yield* contradictionsOfPublicDemo(config)
  if (config.profile !== 'production') return
  if (publicUrl === undefined)
    yield [
      'PUBLIC_URL',
      'is required in production: the address that people type, for example https://crm.example.com.',
    ]
  else if (publicUrl.startsWith('http:') && !isLoopback(new URL(publicUrl).hostname))
    yield ['PUBLIC_URL', 'must begin with https: in production; over plain http browsers drop the login cookie.']
  if (config.smtpUrl === undefined)
    yield [
      'SMTP_URL',
      'is required in production: the mail server, for example smtp://user:password@mail.example.com:587.',
    ]
  if (config.linkMode === 'direct')
    yield ['LINK_MODE', 'must be confirm in production: the password is chosen on the page that the link opens.']
  if (config.platformUrl?.startsWith('http:') && !isLoopback(new URL(config.platformUrl).hostname))
    yield ['PLATFORM_URL', 'must begin with https: in production; one-time tokens are sent there.']
  if (config.bcryptCost < LOWEST_PRODUCTION_COST && env.NODE_ENV !== 'test')
    yield ['BCRYPT_COST', `must be ${LOWEST_PRODUCTION_COST} or more in production.`]
}

function* contradictionsOfPublicDemo(config: Config): Generator<[name: string, problem: string]> {
  if (config.profile !== 'demo')
    yield [
      'DEMO_PUBLIC',
      'needs the demo profile, because it deletes all data every night. Set PROFILE=demo, or unset it.',
    ]
  if (config.sessions === 'none')
    yield ['SESSIONS', 'is none, but the public demo shows sessions. Unset it, or unset DEMO_PUBLIC.']
  if (config.smtpUrl !== undefined)
    yield [
      'SMTP_URL',
      'is set, so strangers could send mail to any address. Unset it: DEMO_PUBLIC keeps all mail here.',
    ]
  if (config.maxSessionsPerUser !== undefined)
    yield [
      'MAX_SESSIONS_PER_USER',
      'is set, but with DEMO_PUBLIC many visitors share one account and would sign each other out. Unset it.',
    ]
}

function isInMemory(setting: SessionStoreSetting): boolean {
  return setting.kind === 'memory' || (setting.kind === 'sqlite' && setting.file === ':memory:')
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** Returns the default sender. If the server has no domain, uses `crm.example`, which is reserved for examples. */
function senderAt(publicUrl: string | undefined): string {
  const host = publicUrl === undefined ? '' : new URL(publicUrl).hostname
  return `no-reply@${host.includes('.') && !isLoopback(host) && !/^[\d.]+$/.test(host) ? host : 'crm.example'}`
}

function storeBeside(database: DatabaseSetting): SessionStoreSetting {
  if (database.kind === 'postgres') return database
  if (database.file === ':memory:') return { kind: 'memory' }
  const { dir, base } = parse(database.file)
  return {
    kind: 'sqlite',
    file: join(dir, base === PRODUCTION_FILE ? 'production-sessions.sqlite' : 'sessions.sqlite'),
  }
}

function isSameFile(store: SessionStoreSetting, database: DatabaseSetting): boolean {
  return (
    store.kind === 'sqlite' && database.kind === 'sqlite' && store.file === database.file && store.file !== ':memory:'
  )
}

function freeze(config: Config): Config {
  Object.freeze(config.database)
  Object.freeze(config.sessionStore)
  Object.freeze(config.corsOrigins)
  if (config.tls) Object.freeze(config.tls)
  return Object.freeze(config)
}
