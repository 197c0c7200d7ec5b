import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../src/app.js'
import type { Config } from '../../src/config.js'
import { createLog, createParts, type Parts } from '../../src/parts.js'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.js'
import type { Scope } from './process.js'
import { Visitor } from './visitor.js'

/** The demo in this process, on databases in memory and a clock that moves when told to. */
export interface Demo {
  url: string
  port: number
  parts: Parts
  clock: ManualClock
  /** The lines of the log so far, one JSON object each. */
  log: string[]
  /** Somebody new, with an empty cookie jar. */
  visitor(): Visitor
}

/** The settings of a demo for tests. */
export function demoConfig(settings: Partial<Config> = {}): Config {
  return {
    profile: 'demo',
    host: '127.0.0.1',
    port: 0,
    portIsExplicit: true,
    publicUrl: undefined,
    platformPort: undefined,
    platformUrl: undefined,
    appName: 'CRM',
    databaseFile: ':memory:',
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
    maxSessions: undefined,
    maxGuests: undefined,
    maxSessionsPerUser: undefined,
    guestsGiveWay: false,
    auditDays: 90,
    trustProxyHops: 0,
    bcryptCost: 4,
    logLevel: 'info',
    tls: undefined,
    ...settings,
  }
}

/** Starts the demo on a free port; everything is let go when the test is over. */
export async function startDemo(scope: Scope, settings: Partial<Config> = {}): Promise<Demo> {
  const config = demoConfig(settings)
  const clock = manualClock()
  const log: string[] = []
  const parts = await createParts(config, { clock, log: createLog(config, { write: (line) => void log.push(line) }) })
  const server = createServer(createApp(parts).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  parts.origins.bound(port)
  scope.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await parts.close({ endSessions: true })
  })
  const url = `http://127.0.0.1:${port}`
  return { url, port, parts, clock, log, visitor: () => new Visitor(url) }
}
