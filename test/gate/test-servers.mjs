import { findPostgres, startPostgres } from '../support/servers/postgres-server.ts'
import { findRedis, startRedis } from '../support/servers/redis-server.ts'
import { exitCode, GateError, run } from './run-program.mjs'

const KINDS = {
  redis: {
    name: 'Redis',
    variable: 'TEST_REDIS_URL',
    debian: 'redis-server',
    homebrew: 'redis',
    find: findRedis,
    start: startRedis,
  },
  postgres: {
    name: 'PostgreSQL',
    variable: 'TEST_POSTGRES_URL',
    debian: 'postgresql',
    homebrew: 'postgresql@17',
    find: findPostgres,
    start: startPostgres,
  },
}

/** Starts the `needed` servers whose environment variable is unset. `leftOut` names the servers that are missing. */
export async function startTestServers(needed = { redis: true, postgres: true }) {
  const started = []
  const leftOut = []
  const stop = async () => {
    for (const server of started) await server.close()
  }
  try {
    for (const [kind, { name, variable, debian, homebrew, find, start }] of Object.entries(KINDS)) {
      if (!needed[kind]) continue
      if (process.env[variable]) {
        console.log(`${name}: ${variable} is set`)
        continue
      }
      if (!find() && (await mayInstall())) await install(debian)
      if (find()) {
        const server = await start()
        started.push(server)
        process.env[variable] = server.url
        console.log(`${name}: started for these tests`)
      } else {
        leftOut.push(`${name} (apt-get install ${debian}, or brew install ${homebrew}, or set ${variable})`)
      }
    }
    if (leftOut.length > 0 && process.env.CI) throw new GateError(`This machine lacks ${leftOut.join(' and ')}.`)
    for (const missing of leftOut) console.log(`left out: ${missing}`)
    return { leftOut, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function mayInstall() {
  return process.env.CI && process.getuid?.() === 0 && (await exitCode('sh', ['-c', 'command -v apt-get'])) === 0
}

/** RUNLEVEL=1 prevents Debian from starting the server after its installation. */
async function install(name) {
  const complaint = `${name} could not be installed with apt-get.`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('apt-get', ['update', '-qq'], complaint, env)
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], complaint, env)
}
