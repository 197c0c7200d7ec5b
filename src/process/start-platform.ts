import type { Config } from '../config/config.ts'
import type { Parts } from '../parts/parts.ts'
import { createPlatform } from '../platform/index.ts'
import { OwnOrigins } from '../web/own-origins.ts'
import { securityHeaders } from '../web/security-headers.ts'
import { type DrainLimits, drain } from './drain.ts'
import { createHttpServer } from './http-server.ts'
import { listen } from './listen.ts'

// The platform stops after the CRM, which may still call it.
const STOP: DrainLimits = { idleMilliseconds: 0, limitMilliseconds: 1_000 }

export interface RunningPlatform {
  port: number
  stop(): Promise<void>
}

/** In the demo, starts the platform unless `PLATFORM_URL` is set. The default port is the CRM's port plus one. */
export async function startPlatform(
  { config, log, clock, origins, platform }: Parts,
  crmPort: number,
): Promise<RunningPlatform | undefined> {
  if (config.profile !== 'demo' || config.platformUrl !== undefined) return undefined
  const own = new OwnOrigins({ publicUrl: undefined, host: '127.0.0.1', https: false })
  const server = createHttpServer(securityHeaders({ https: false }))
  const stop = drain(server, STOP)
  const app = createPlatform({
    log,
    clock,
    origins: own,
    hosts: config,
    isRegistered: (origin) => origins.includes(origin),
  })
  server.on('request', app.callback())
  const { port } = await listen(server, {
    host: config.platformHost,
    ...wantedPort(config, crmPort),
    variable: 'PLATFORM_PORT',
  })
  own.bound(port)
  platform.bound(port)
  return { port, stop }
}

function wantedPort({ platformPort, port }: Config, crmPort: number): { port: number; portIsExplicit: boolean } {
  if (platformPort !== undefined) return { port: platformPort, portIsExplicit: true }
  const isAnyPort = port === 0
  return { port: isAnyPort ? 0 : crmPort === 65_535 ? crmPort - 1 : crmPort + 1, portIsExplicit: false }
}
