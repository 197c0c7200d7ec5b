import { after } from 'node:test'
import { redisStore } from '../../../src/session/index.js'
import { proveStore } from '../../../src/session/testing/store-contract.js'
import { findRedis, startRedis } from '../../support/servers/redis-server.js'
import { redisUrl } from '../../support/servers/test-servers.js'
import { dealtTo } from '../support/dealt-calls.js'
import { clusterAt, ioredisTo, nodeRedisTo, ownPrefix } from '../support/redis-connections.js'

if (redisUrl !== undefined) {
  const url = redisUrl

  proveStore('Redis, through ioredis,', async () => {
    const client = await ioredisTo(url)
    return { store: redisStore(client, ownPrefix()), close: async () => client.disconnect() }
  })

  proveStore('Redis, through node-redis,', async () => {
    const client = await nodeRedisTo(url)
    return { store: redisStore(client, ownPrefix()), close: () => client.close() }
  })

  proveStore('Redis, through a connection of each library,', async () => {
    const [one, two] = [await ioredisTo(url), await nodeRedisTo(url)]
    const own = ownPrefix()
    const close = async () => {
      one.disconnect()
      await two.close()
    }
    return { store: dealtTo(redisStore(one, own), redisStore(two, own)), close }
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
