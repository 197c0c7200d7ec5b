import { writeSync } from 'node:fs'
import { demoAccounts } from './accounts/index.js'
import { announcement, cautions } from './announcement.js'
import { ConfigError } from './config.js'
import { type RunningServer, startServer } from './server.js'
import { StartError } from './start-error.js'
import { stopSignals } from './stop-signals.js'

// After an error that nobody expected, stopping in good order may itself hang.
const LAST_STOP_MILLISECONDS = 5_000

let server: RunningServer | undefined
let stopping = false
const meaningOfSignal = stopSignals()

process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// The reader of our output may go away (`npm start | head`); that is no reason to stop.
process.stdout.on('error', () => {})

try {
  const started = await startServer()
  const announce = await announcer(started)
  // From here on a signal stops the server itself; one that came earlier is answered now.
  server = started
  if (stopping) await stopNow(started)
  else announce()
} catch (error) {
  explain(error)
  process.exit(1)
}

async function announcer({ url, busyPorts, platformUrl, parts }: RunningServer): Promise<() => void> {
  const { config, log, database } = parts
  if (config.profile === 'demo') {
    const accounts = await demoAccounts(database)
    return () => void process.stdout.write(announcement(config, url, { accounts, busyPorts, platformUrl }))
  }
  return () => {
    for (const caution of cautions(config)) log.warn(caution)
    log.info({ listening: url, publicUrl: config.publicUrl, busyPorts }, 'listening')
  }
}

function stop(): void {
  const meaning = meaningOfSignal(performance.now())
  if (meaning === 'force') process.exit(1)
  if (meaning === 'same') return
  stopping = true
  if (server) stopNow(server).catch(fail)
}

async function stopNow(running: RunningServer): Promise<void> {
  await running.stop()
  process.exit(0)
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
