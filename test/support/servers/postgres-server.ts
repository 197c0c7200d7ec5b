import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { findProgram, versionsIn } from './find-program.ts'
import { freePort } from './free-port.ts'
import { type DatabaseServer, runningServer, ServerGroup } from './server-process.ts'

export interface PostgresServerOptions {
  /** Whether PostgreSQL writes every commit to the disk before it answers. Default: false, which is faster. */
  durable?: boolean
}

/** The folders of PostgreSQL's programs. Debian and Homebrew have one folder for each version. */
const FOLDERS = [
  ...versionsIn('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`),
  ...versionsIn('/opt/homebrew/opt').map((name) => `/opt/homebrew/opt/${name}/bin`),
]

export function findPostgres(): { initdb: string; postgres: string } | undefined {
  const initdb = findProgram('initdb', FOLDERS)
  const postgres = findProgram('postgres', FOLDERS)
  return initdb !== undefined && postgres !== undefined ? { initdb, postgres } : undefined
}

/** Starts PostgreSQL on a free port of loopback, without passwords. */
export function startPostgres({ durable = false }: PostgresServerOptions = {}): Promise<DatabaseServer> {
  const options = ['-U', 'crm', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  return startOn('initdb', options, durable ? {} : FAST)
}

/** Starts a standby of this server. */
export function startStandby(primary: DatabaseServer): Promise<DatabaseServer> {
  return startOn('pg_basebackup', ['-d', primary.url, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'], FAST)
}

/** Creates the data folder with this program of PostgreSQL, and starts a server on the folder. */
async function startOn(program: string, options: string[], special: Record<string, string>): Promise<DatabaseServer> {
  const programs = findPostgres()
  const creator = findProgram(program, FOLDERS)
  if (!programs || !creator) throw new Error('There is no PostgreSQL on this machine.')
  const folder = mkdtempSync(join(tmpdir(), 'crm-postgres-'))
  const data = join(folder, 'data')
  const user = unprivileged()
  if (user) chownSync(folder, user.uid, user.gid)
  execFileSync(creator, ['-D', data, ...options], { stdio: 'pipe', cwd: folder, ...user })

  const port = await freePort()
  const url = `postgres://crm@127.0.0.1:${port}/postgres`
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    ...special,
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const group = new ServerGroup({
    program: programs.postgres,
    args,
    log: join(folder, 'server.log'),
    user,
    ask: () => ask(url),
  })
  await group.start()
  return runningServer(url, group, folder)
}

const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

async function ask(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

/** The user `postgres`, which the package of PostgreSQL creates. PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
