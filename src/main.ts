import { writeSync } from 'node:fs'
import { demoAccounts } from './accounts/index.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { readEnvFile } from './config/env-file.ts'
import { StartError } from './config/start-error.ts'
import { linkToPrimary, type PrimaryLink } from './parts/primary-link.ts'
import { announcement, warnings } from './process/announcement.ts'
import { startFleet } from './process/fleet/index.ts'
import { type RunningServer, startServer } from './process/server.ts'
import { stopSignals } from './process/stop-signals.ts'

// After an unexpected error, the shutdown may hang. The process then ends after this time.
const LAST_STOP_MILLISECONDS = 5_000
// Containers are killed ten seconds after the signal.
const STOP_MILLISECONDS = 7_000

let server: RunningServer | undefined
let stopping = false
const meaningOfSignal = stopSignals()
const primary = linkToPrimary()

if (primary) stopWithPrimary(primary)
else for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stopOrForce)
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// Ignores write errors, because the program that reads the output may end first, as in `npm start | head`.
process.stdout.on('error', () => {})

try {
  const started = await start()
  const announce = await announcer(started)
  // `stopping` is true if a signal arrived during the start.
  server = started
  if (stopping) await stopNow(started)
  else announce()
} catch (error) {
  explain(error)
  process.exit(1)
}

function start(): Promise<RunningServer> {
  if (primary) return startServer({ primary })
  readEnvFile()
  const config = readConfig(process.env)
  return config.webConcurrency > 1 ? startFleet(config) : startServer()
}

/** A terminal signals all processes on Ctrl-C and when it closes. A worker ignores this, as the primary stops it. */
function stopWithPrimary(primary: PrimaryLink): void {
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  process.once('SIGTERM', () => primary.leave())
  primary.onStop(stop)
}

async function announcer({ url, boundUrl, busyPorts, platformUrl, parts }: RunningServer): Promise<() => void> {
  const { config, log, database } = parts
  if (primary) return () => {}
  if (config.profile === 'demo') {
    const accounts = await demoAccounts(database)
    return () => void process.stdout.write(announcement(config, url, { accounts, busyPorts, platformUrl }))
  }
  return () => {
    for (const warning of warnings(config)) log.warn(warning)
    log.info({ listening: boundUrl, publicUrl: config.publicUrl, busyPorts }, 'listening')
  }
}

function stopOrForce(): void {
  const meaning = meaningOfSignal(performance.now())
  if (meaning === 'force') process.exit(1)
  if (meaning === 'stop') stop()
}

function stop(): void {
  stopping = true
  setTimeout(giveUp, STOP_MILLISECONDS).unref()
  if (server) stopNow(server).catch(fail)
}

async function stopNow(running: RunningServer): Promise<void> {
  await running.stop()
  process.exit(0)
}

function giveUp(): void {
  server?.parts.log.error({ event: 'stop.incomplete' }, 'the shutdown took too long')
  process.exit(1)
}

function fail(error: unknown): void {
  if (server) server.parts.log.fatal({ err: error }, 'unexpected error, stopping')
  else explain(error)
  setTimeout(() => process.exit(1), LAST_STOP_MILLISECONDS).unref()
  Promise.resolve(server?.stop()).finally(() => process.exit(1))
}

function explain(error: unknown): void {
  const known = error instanceof ConfigError || error instanceof StartError
  writeSync(2, `${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
}
