import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Logger } from 'pino'
import { refuseDemoPasswords } from '../accounts/index.ts'
import { createApp } from '../app/app.ts'
import { type Config, readConfig } from '../config/config.ts'
import { StartError } from '../config/start-error.ts'
import { createParts, createWorkerParts, type Parts } from '../parts/parts.ts'
import type { PrimaryLink } from '../parts/primary-link.ts'
import type { Clock } from '../session/index.ts'
import { OwnOrigins } from '../web/own-origins.ts'
import { securityHeaders } from '../web/security-headers.ts'
import { type DrainLimits, drain } from './drain.ts'
import { createHttpServer } from './http-server.ts'
import { listen, nameForPort } from './listen.ts'
import { startPlatform } from './start-platform.ts'

export interface StartOptions {
  /** Overrides `SESSIONS` for this run: `true` is `scalable`, `false` is `none`. Default: the configured setting. */
  scalableSession?: boolean
  /** Default: the environment of the process. */
  env?: Record<string, string | undefined>
  clock?: Clock
  log?: Logger
  /** Only a worker has a link to a primary. */
  primary?: PrimaryLink
}

export interface RunningServer {
  /** The address on this machine, without a trailing slash. */
  url: string
  /** The address that the server listens on. In a container, this is often `http://0.0.0.0:8044`. */
  boundUrl: string
  port: number
  /** The busy ports that were skipped. */
  busyPorts: readonly number[]
  /** `undefined` when this server did not start the external platform. */
  platformUrl: string | undefined
  parts: Parts
  /** Finishes the requests in flight, ends sessions according to `SESSION_CLOSE_ON_STOP`, and closes the databases. */
  stop(): Promise<void>
}

type Started = Pick<RunningServer, 'parts' | 'port' | 'busyPorts'> & { platform: { port: number } | undefined }

// The time limits for receiving the headers of a request, and for receiving the whole request.
const HEADERS_MILLISECONDS = 15_000
const REQUEST_MILLISECONDS = 30_000
// The process ends within eight seconds of a signal, because containers are killed after ten.
const STOP: DrainLimits = { idleMilliseconds: 2_000, limitMilliseconds: 5_000 }

/** Resolves when the server listens. @throws a `ConfigError` or a `StartError` that the operator can fix. */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const config = await nameForPort(configFor(options))
  const server = serverFor(config)
  const { clock, log, primary } = options
  const stopServing = drain(server, STOP)
  const overrides = { ...(clock && { clock }), ...(log && { log }) }
  const parts = await (primary ? createWorkerParts(config, primary, overrides) : createParts(config, overrides))

  try {
    if (!primary && config.profile === 'production') await refuseDemoPasswords(parts.database)
    server.on('request', createApp(parts).callback())
    const { port, busyPorts } = primary ? { port: config.port, busyPorts: [] } : await listen(server, config)
    parts.origins.bound(port)
    if (primary) serveConnectionsOf(primary, server)
    parts.mail.wake()
    // In a worker, PLATFORM_PORT is the port of the platform that the primary has started.
    if (primary && config.platformPort !== undefined) parts.platform.bound(config.platformPort)
    const platform = primary ? undefined : await startPlatform(parts, port)

    return runningServer({ parts, port, busyPorts, platform }, async () => {
      parts.readiness.stop()
      const served = stopServing()
      parts.streams.stop()
      await served
      await platform?.stop()
      await parts.close({ endSessions: true })
    })
  } catch (error) {
    server.close()
    await parts.close({ endSessions: false })
    throw error
  }
}

/** Serves the connections that the primary accepts, as if `server` had accepted them itself. */
function serveConnectionsOf(primary: PrimaryLink, server: Server): void {
  // With this event, Node starts to apply its time limits.
  server.emit('listening')
  primary.onConnection((socket) => server.emit('connection', socket))
}

/** Repeated calls of `stop` share one shutdown. */
export function runningServer({ parts, port, busyPorts, platform }: Started, stop: () => Promise<void>): RunningServer {
  const { tls, host } = parts.config
  const scheme = tls ? 'https' : 'http'
  let stopped: Promise<void> | undefined
  return {
    url: `${scheme}://${reachableHost(host)}:${port}`,
    boundUrl: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    busyPorts,
    platformUrl: platform && `http://127.0.0.1:${platform.port}`,
    parts,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

function configFor({ env = process.env, scalableSession }: StartOptions): Config {
  const config = readConfig(env)
  if (scalableSession === undefined) return config
  return Object.freeze({ ...config, sessions: scalableSession ? ('scalable' as const) : ('none' as const) })
}

function serverFor({ tls, keepAliveSeconds, publicUrl, host }: Config): Server {
  const headers = securityHeaders({ https: new OwnOrigins({ publicUrl, host, https: tls !== undefined }).secure })
  const timeouts = {
    headersTimeout: HEADERS_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    keepAliveTimeout: keepAliveSeconds * 1000,
  }
  if (!tls) return createHttpServer(headers, timeouts)
  const certificate = { cert: readFor('TLS_CERT', tls.certFile), key: readFor('TLS_KEY', tls.keyFile) }
  try {
    return createHttpServer(headers, { ...timeouts, ...certificate })
  } catch (error) {
    throw new StartError('TLS_CERT and TLS_KEY: these files are not a certificate and its private key in PEM form.', {
      cause: error,
    })
  }
}

function readFor(variable: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read'
    throw new StartError(`${variable}: ${reason}: ${file}`, { cause: error })
  }
}

// Replaces the wildcard addresses, which browsers cannot open.
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
