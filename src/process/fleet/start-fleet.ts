import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { refuseDemoPasswords } from '../../accounts/index.ts'
import type { Config } from '../../config/config.ts'
import { createParts } from '../../parts/parts.ts'
import { listen, nameForPort } from '../listen.ts'
import { type RunningServer, runningServer } from '../server.ts'
import { type RunningPlatform, startPlatform } from '../start-platform.ts'
import { metricsCollector } from './collect-metrics.ts'
import { Workers, type WorkersOptions } from './workers.ts'

const PROGRAM = fileURLToPath(new URL('../../main.ts', import.meta.url))
// The primary then kills the workers that are still running. A worker closes all connections after five seconds.
const STOP_MILLISECONDS = 6_000

/** Makes this process the primary. The primary runs migrations, sweeps, mail and the demo's external platform. */
export async function startFleet(configured: Config): Promise<RunningServer> {
  const config = await nameForPort(configured)
  const parts = await createParts(config)
  let workers: Workers | undefined
  let platform: RunningPlatform | undefined
  try {
    if (config.profile === 'production') await refuseDemoPasswords(parts.database)
    const { port, busyPorts } = await freePort(config)
    parts.origins.bound(port)
    platform = await startPlatform(parts, port)
    workers = new Workers({
      program: PROGRAM,
      count: config.webConcurrency,
      env: { PORT: String(port), APP_NAME: config.appName, ...(platform && { PLATFORM_PORT: String(platform.port) }) },
      log: parts.log,
      onMessage: (message, answer) => receive(message, answer),
      stopWithinMilliseconds: STOP_MILLISECONDS,
    })
    const collector = metricsCollector(
      (id) => workers?.broadcast({ to: 'worker', is: 'metrics wanted', id }) ?? 0,
      () => parts.metrics.report(),
    )
    const receive: WorkersOptions['onMessage'] = async (message, answer) => {
      if (message.is === 'mail waits') parts.mail.wake()
      else if (message.is === 'metrics of one') collector.receive(message.id, message.report)
      else answer({ to: 'worker', is: 'metrics of all', id: message.id, text: await collector.collect() })
    }
    await workers.start()
    parts.mail.wake()
    const started = workers
    return runningServer({ parts, port, busyPorts, platform }, async () => {
      await started.stop()
      await platform?.stop()
      await parts.close({ endSessions: true })
    })
  } catch (error) {
    await workers?.stop()
    await platform?.stop()
    await parts.close({ endSessions: false })
    throw error
  }
}

async function freePort(config: Config) {
  const server = createServer()
  const found = await listen(server, config)
  await new Promise((resolve) => server.close(resolve))
  return found
}
