import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { refuseDemoPasswords } from '../../accounts/index.ts'
import type { Config } from '../../config/config.ts'
import { createParts } from '../../parts/parts.ts'
import { closeListener } from '../drain.ts'
import { listen, nameForPort } from '../listen.ts'
import { type RunningServer, runningServer } from '../server.ts'
import { type RunningPlatform, startPlatform } from '../start-platform.ts'
import { metricsCollector } from './collect-metrics.ts'
import { Workers, type WorkersOptions } from './workers.ts'

const PROGRAM = fileURLToPath(new URL('../../main.ts', import.meta.url))
// The primary then kills the workers that are still running. A worker closes all connections after five seconds.
const STOP_MILLISECONDS = 5_500

/**
 * Makes this process the primary. The primary accepts the connections and hands them to the workers. It runs
 * migrations, sweeps, mail and the demo's external platform.
 */
export async function startFleet(configured: Config): Promise<RunningServer> {
  const config = await nameForPort(configured)
  const parts = await createParts(config)
  const listener = createServer({ pauseOnConnect: true, noDelay: true })
  const workers = new Workers({
    program: PROGRAM,
    count: config.webConcurrency,
    log: parts.log,
    onMessage: (message, answer) => receive(message, answer),
    stopWithinMilliseconds: STOP_MILLISECONDS,
  })
  listener.on('connection', (socket) => workers.serve(socket))
  const collector = metricsCollector(
    (id) => workers.broadcast({ to: 'worker', is: 'metrics wanted', id }),
    () => parts.metrics.report(),
  )
  const receive: WorkersOptions['onMessage'] = async (message, answer) => {
    if (message.is === 'mail waits') parts.mail.wake()
    else if (message.is === 'metrics of one') collector.receive(message.id, message.report)
    else answer({ to: 'worker', is: 'metrics of all', id: message.id, text: await collector.collect() })
  }
  let platform: RunningPlatform | undefined
  const stop = async (endSessions: boolean) => {
    await closeListener(listener)
    await workers.stop()
    await platform?.stop()
    await parts.close({ endSessions })
  }
  try {
    if (config.profile === 'production') await refuseDemoPasswords(parts.database)
    const { port, busyPorts } = await listen(listener, config)
    parts.origins.bound(port)
    platform = await startPlatform(parts, port)
    await workers.start({
      PORT: String(port),
      APP_NAME: config.appName,
      ...(platform && { PLATFORM_PORT: String(platform.port) }),
    })
    parts.mail.wake()
    return runningServer({ parts, port, busyPorts, platform }, () => stop(true))
  } catch (error) {
    await stop(false)
    throw error
  }
}
