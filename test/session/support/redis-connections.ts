import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { ownName } from '../../support/servers/test-servers.ts'

export function ownPrefix(): { prefix: string } {
  return { prefix: ownName() }
}

export async function ioredisTo(url: string): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  await client.connect()
  return client
}

export async function nodeRedisTo(url: string) {
  const client = createClient({ url, disableOfflineQueue: true })
  client.on('error', () => {})
  return client.connect()
}

export async function clusterAt(url: string): Promise<Cluster> {
  const { hostname, port } = new URL(url)
  const client = new Cluster([{ host: hostname, port: Number(port) }], {
    lazyConnect: true,
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

export async function keysOf(client: Redis, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const keys of client.scanStream({ match: `{${prefix}*`, count: 1000 })) found.push(...(keys as string[]))
  return found
}

/** The keys that have no time to live. */
export async function lastingKeys(client: Redis, prefix: string): Promise<string[]> {
  const keys = await keysOf(client, prefix)
  const lives = await Promise.all(keys.map((key) => client.pttl(key)))
  return keys.filter((_, n) => lives[n] === -1)
}

export async function contentsOf(client: Redis, prefix: string): Promise<string> {
  const contents: unknown[] = []
  for (const key of await keysOf(client, prefix)) {
    const type = await client.type(key)
    if (type === 'hash') contents.push(key, await client.hgetall(key))
    else if (type === 'zset') contents.push(key, await client.zrange(key, '0', '-1'))
    else contents.push(key, await client.get(key))
  }
  return JSON.stringify(contents)
}
