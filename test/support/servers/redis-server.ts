import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { type DatabaseServer, runningServer, ServerGroup } from './server-process.ts'

export interface RedisServerOptions {
  /** 'always': Redis writes to the disk before it answers. 'no' (default): Redis does not, which is faster. */
  appendfsync?: 'always' | 'no'
  /** Runs as a Redis Cluster of one node, which refuses commands on keys of different slots. */
  cluster?: boolean
}

/** The path of a Redis or Valkey server. */
export function findRedis(): string | undefined {
  return findProgram('redis-server') ?? findProgram('valkey-server')
}

export async function startRedis({
  appendfsync = 'no',
  cluster = false,
}: RedisServerOptions = {}): Promise<DatabaseServer> {
  const program = findRedis()
  if (program === undefined) throw new Error('There is no redis-server on this machine.')
  const folder = mkdtempSync(join(tmpdir(), 'crm-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '']
  if (appendfsync === 'always') args.push('--appendonly', 'yes', '--appendfsync', 'always')
  if (cluster) args.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
  const group = new ServerGroup({ program, args, log: join(folder, 'server.log'), ask: () => ask(url, cluster) })
  await group.start()
  return runningServer(url, group, folder)
}

/** Waits until the server has loaded its data. Gives all slots to a cluster. */
async function ask(url: string, cluster: boolean): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
    if (!cluster) return
    if (!((await client.call('CLUSTER', 'SHARDS')) as unknown[][]).some((shard) => (shard[1] as unknown[]).length > 0))
      await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    if (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) throw new Error('not yet')
  } finally {
    client.disconnect()
  }
}
