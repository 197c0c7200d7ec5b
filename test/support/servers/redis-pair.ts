import { Redis } from 'ioredis'
import type { Scope } from '../process.ts'
import { until } from '../until.ts'
import { startRedis } from './redis-server.ts'

/** Two Redis servers. The second is a replica of the first. */
export interface RedisPair {
  readonly urls: readonly [string, string]
  /** Connections to both servers. */
  readonly admins: readonly [Redis, Redis]
  /** Makes the second server the primary, with the first as its replica, like a failover. Closes no connection. */
  failOver(): Promise<void>
  /** Makes the first server the primary again, with the second as its replica. */
  restore(): Promise<void>
}

export async function startRedisPair(scope: Scope): Promise<RedisPair> {
  const one = await startRedis()
  const two = await startRedis()
  const admins = [new Redis(one.url), new Redis(two.url)] as const
  scope.after(async () => {
    for (const admin of admins) admin.disconnect()
    await Promise.all([one.close(), two.close()])
  })
  // By default, a primary waits five seconds for further replicas before it sends its data.
  for (const admin of admins) await admin.config('SET', 'repl-diskless-sync-delay', 0)

  async function lead(primary: Redis, url: string, replica: Redis): Promise<void> {
    await primary.replicaof('NO', 'ONE')
    await replica.replicaof('127.0.0.1', Number(new URL(url).port))
  }
  const restore = async () => {
    await lead(admins[0], one.url, admins[1])
    await until('the replica follows', async () =>
      (await admins[1].info('replication')).includes('master_link_status:up'),
    )
  }
  await restore()
  const failOver = async () => {
    await until('the replica has every write', async () => {
      const [first, second] = await Promise.all(admins.map(replicationOffset))
      return first === second
    })
    await lead(admins[1], two.url, admins[0])
  }
  return { urls: [one.url, two.url], admins, restore, failOver }
}

async function replicationOffset(redis: Redis): Promise<string | undefined> {
  return /master_repl_offset:(\d+)/.exec(await redis.info('replication'))?.[1]
}
