import { after } from 'node:test'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { findRedis, startRedis } from '../../../support/servers/redis-server.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { clusterAt, ioredisTo, lastingKeys, nodeRedisTo, ownPrefix } from '../../support/redis-connections.ts'

if (redisUrl !== undefined) {
  const url = redisUrl

  proveStore('Redis, through ioredis,', async () => {
    const client = await ioredisTo(url)
    const own = ownPrefix()
    const entries = async () => (await lastingKeys(client, own.prefix)).length
    return { store: redisStore(client, own), entries, close: async () => client.disconnect() }
  })

  proveStore('Redis, through node-redis,', async () => {
    const client = await nodeRedisTo(url)
    return { store: redisStore(client, ownPrefix()), close: () => client.close() }
  })

  proveStore('Redis, through a connection of each library,', async () => {
    const [one, two] = [await ioredisTo(url), await nodeRedisTo(url)]
    const [subscriber, other] = [await ioredisTo(url), await nodeRedisTo(url)]
    const own = ownPrefix()
    const close = async () => {
      for (const client of [one, subscriber]) client.disconnect()
      for (const client of [two, other]) await client.close()
    }
    const store = redisStore(one, { ...own, subscriber })
    return { store, second: redisStore(two, { ...own, subscriber: other }), close }
  })
}

if (redisUrl !== undefined && findRedis() !== undefined) {
  const server = await startRedis({ cluster: true })
  after(() => server.close())

  proveStore('Redis Cluster', async () => {
    const client = await clusterAt(server.url)
    return { store: redisStore(client, ownPrefix()), close: async () => client.disconnect() }
  })
}
