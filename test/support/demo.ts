import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPasswords, type Passwords } from '../../src/accounts/index.ts'
import { createApp } from '../../src/app/app.ts'
import type { Config } from '../../src/config/config.ts'
import type { PartsOverrides } from '../../src/parts/base-parts.ts'
import { createLog } from '../../src/parts/log.ts'
import { createParts, type Parts } from '../../src/parts/parts.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import type { Scope } from './process.ts'
import { ownCrmDatabase } from './servers/crm-databases.ts'
import { Visitor } from './visitor.ts'

/** The demo in the test's process, with its own databases and a manual clock. */
export interface Demo {
  url: string
  port: number
  parts: Parts
  clock: ManualClock
  /** The lines of the log. Each line is a JSON object. */
  log: string[]
  /** Returns a user with an empty cookie jar. */
  visitor(): Visitor
}

/** Returns a copy of the manager in which a test has replaced calls. */
type ReplacedSessions = (real: NonNullable<Parts['sessions']>) => NonNullable<Parts['sessions']>

export function demoConfig(settings: Partial<Config> = {}): Config {
  return {
    profile: 'demo',
    host: '127.0.0.1',
    port: 0,
    portIsExplicit: true,
    publicUrl: undefined,
    platformPort: undefined,
    platformHost: '127.0.0.1',
    platformUrl: undefined,
    appName: 'Tessera',
    database: { kind: 'sqlite', file: ':memory:' },
    sessionStore: { kind: 'memory' },
    sessions: 'scalable',
    guests: 'first-request',
    loginText: 'documented',
    linkMode: settings.profile === 'production' ? 'confirm' : 'direct',
    smtpUrl: undefined,
    mailFrom: 'no-reply@crm.example',
    sessionIdleMinutes: 60,
    sessionAbsoluteHours: 12,
    sessionTimeoutMinutes: undefined,
    sessionCloseOnStop: true,
    deviceBindingMinutes: 0,
    maxSessions: undefined,
    maxGuests: undefined,
    maxSessionsPerUser: undefined,
    auditDays: 90,
    trustProxyHops: 0,
    bcryptCost: 4,
    corsOrigins: [],
    keepAliveSeconds: 65,
    webConcurrency: 1,
    demoPublic: false,
    metricsToken: undefined,
    logLevel: 'info',
    tls: undefined,
    ...settings,
  }
}

/** Starts the demo on a free port. The database is in memory, or in PostgreSQL if the tests run on PostgreSQL. */
export async function startDemo(
  scope: Scope,
  settings: Partial<Config> = {},
  { store, sessions: replaced }: Pick<PartsOverrides, 'store'> & { sessions?: ReplacedSessions } = {},
): Promise<Demo> {
  const own = settings.database === undefined ? await ownCrmDatabase(beginning(settings)) : undefined
  const config = demoConfig({ ...settings, ...(own && { database: own.setting }) })
  const clock = manualClock()
  const log: string[] = []
  const all = await createParts(config, {
    clock,
    log: createLog(config, { write: (line) => void log.push(line) }),
    // A test may replace methods of this object.
    passwords: Object.create(sharedPasswords(config.bcryptCost)),
    ...(store && { store }),
  })
  const parts = all.sessions && replaced ? { ...all, sessions: replaced(all.sessions) } : all
  // A slow test may pause longer than the default time after which a server closes an idle connection.
  const server = createServer({ keepAliveTimeout: 0 }, createApp(parts).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  parts.origins.bound(port)
  scope.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await parts.close({ endSessions: true })
    await own?.drop()
  })
  const url = `http://127.0.0.1:${port}`
  return { url, port, parts, clock, log, visitor: () => new Visitor(url) }
}

const passwordsByCost = new Map<number, Passwords>()

/** Starting password threads takes longer than most tests, so all demos of a process share them. */
function sharedPasswords(cost: number): Passwords {
  const known = passwordsByCost.get(cost)
  if (known) return known
  const passwords = createPasswords({ cost })
  passwordsByCost.set(cost, passwords)
  return passwords
}

/** The accounts in the filled template have the cheapest password hashes. */
function beginning({ profile, bcryptCost }: Partial<Config>): 'filled' | 'empty' {
  return profile === 'production' || bcryptCost !== undefined ? 'empty' : 'filled'
}

/** Starts a demo in which Noah, a salesperson, and Helen, the manager, are logged in. */
export async function startWithNoahAndHelen(scope: Scope) {
  const demo = await startDemo(scope)
  const [noah, helen] = [demo.visitor(), demo.visitor()]
  await noah.logInWell(4)
  await helen.logInWell(5)
  return { demo, noah, helen }
}
