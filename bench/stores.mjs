import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../test/support/servers/postgres-server.ts'
import { startRedis } from '../test/support/servers/redis-server.ts'

/** Starts the database servers with their default settings. */
export async function openStores(contestants) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const isWanted = (kind) => contestants.some(({ store }) => store === kind)
  const servers = {
    redis: isWanted('redis') && (await startRedis()),
    // Each commit is durable, as in production.
    postgres: isWanted('postgres') && (await startPostgres({ durable: true })),
  }
  let made = 0
  const empty = {
    none: async () => '',
    sqlite: async () => `sqlite:${join(folder, `${++made}.sqlite`)}`,
    // All contestants can share one Redis, because each contestant uses its own keys.
    redis: async () => servers.redis.url,
    postgres: () => emptyDatabase(servers.postgres.url, `bench${++made}`),
  }
  return {
    emptyStore: (kind) => empty[kind](),
    async close() {
      for (const server of Object.values(servers)) if (server) await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function emptyDatabase(url, name) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}
