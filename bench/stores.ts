import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../test/support/servers/postgres-server.ts'
import { startRedis } from '../test/support/servers/redis-server.ts'
import { type Cores, pin } from './cores.ts'
import { processorTime, withChildren } from './processor-time.ts'

/** Where one server keeps its sessions. */
export interface Place {
  address: string
  prefix: string
}

/** Starts the database servers that these kinds of stores need, with the default settings of the databases. */
export async function openStores(kinds: readonly string[], cores: Cores = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const servers = {
    redis: kinds.includes('redis') ? await startRedis() : undefined,
    // Each commit is durable, as in production.
    postgres: kinds.includes('postgres') ? await startPostgres({ durable: true }) : undefined,
  }
  for (const server of Object.values(servers))
    if (server?.pid && cores.databases) pin(withChildren(server.pid), cores.databases)
  let made = 0

  async function emptyStore(kind: string): Promise<Place> {
    const name = `bench${++made}`
    if (kind.startsWith('sqlite')) return { address: join(folder, `${name}.sqlite`), prefix: '' }
    if (kind === 'redis') return { address: servers.redis?.url ?? '', prefix: name }
    if (kind === 'postgres') return { address: await createDatabase(servers.postgres?.url ?? '', name), prefix: '' }
    return { address: '', prefix: '' }
  }

  return {
    /** Returns a place that no other server uses. Nothing is ever deleted from the shared Redis. */
    emptyStore,
    /** Returns the processor time of a database server in microseconds; `undefined` for embedded stores. */
    processorTime(kind: string): number | undefined {
      const pid = kind === 'redis' || kind === 'postgres' ? servers[kind]?.pid : undefined
      return pid === undefined ? undefined : processorTime(pid)
    },
    async close() {
      for (const server of Object.values(servers)) await server?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Stores = Awaited<ReturnType<typeof openStores>>

async function createDatabase(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}
