import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { memoryStore } from '../../../../src/session/stores/memory/index.ts'
import { type RedisClient, redisStore } from '../../../../src/session/stores/redis/index.ts'

const RIGHT = { enableOfflineQueue: false, maxRetriesPerRequest: 0 } as const
const RIGHT_CLUSTER = { enableOfflineQueue: false, retryDelayOnFailover: 0 } as const

test('an ioredis connection that may send a command twice or late is refused with an error that says what to do', () => {
  const opened = (options: object) => redisStore(new Redis({ lazyConnect: true, ...options }))
  assert.ok(opened(RIGHT))
  assert.ok(opened({ enableOfflineQueue: false, autoResendUnfulfilledCommands: false }))
  for (const options of [
    {},
    { maxRetriesPerRequest: 0 },
    { enableOfflineQueue: false },
    { enableOfflineQueue: false, maxRetriesPerRequest: null },
  ])
    assert.throws(() => opened(options), refusal(/enableOfflineQueue: false, maxRetriesPerRequest: 0/))
  assert.throws(() => opened({ ...RIGHT, keyPrefix: 'mine:' }), refusal(/option prefix/))
})

test('an ioredis Cluster that may send a command twice or late, or reads from replicas, is refused with an error that says what to do', () => {
  const opened = (options: object) =>
    redisStore(new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, ...options }))
  assert.ok(opened(RIGHT_CLUSTER))
  assert.throws(() => opened({}), refusal(/enableOfflineQueue: false/))
  assert.throws(() => opened({ enableOfflineQueue: false }), refusal(/retryDelayOnFailover: 0/))
  assert.throws(() => opened({ ...RIGHT_CLUSTER, scaleReads: 'slave' }), refusal(/scaleReads: 'master'/))
  const reconnecting = { ...RIGHT_CLUSTER, clusterNodeRetryStrategy: () => 10 }
  assert.throws(() => opened(reconnecting), refusal(/maxRetriesPerRequest: 0/))
  assert.ok(opened({ ...reconnecting, redisOptions: { maxRetriesPerRequest: 0 } }))
})

test('a node-redis connection or Cluster that queues commands is refused with an error that says what to do', () => {
  assert.ok(redisStore(createClient({ disableOfflineQueue: true })))
  assert.throws(() => redisStore(createClient()), refusal(/disableOfflineQueue: true/))
  const cluster = createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }) as unknown as RedisClient
  assert.throws(() => redisStore(cluster), refusal(/Cluster of ioredis/))
})

test('a prefix with braces is refused, because it would spread the keys of one application over the slots of a Redis Cluster', () => {
  const client = new Redis({ lazyConnect: true, ...RIGHT })
  for (const prefix of ['{mine}', 'a{', 'a}']) assert.throws(() => redisStore(client, { prefix }), /braces/)
  assert.ok(redisStore(client, { prefix: 'shop:sessions' }))
})

test('without a subscriber the store sends no notifications, like the memory store', () => {
  const client = new Redis({ lazyConnect: true, ...RIGHT })
  assert.equal(redisStore(client).announcements, undefined)
  assert.equal(memoryStore().announcements, undefined)
  assert.ok(redisStore(client, { subscriber: client.duplicate() }).announcements)
})

function refusal(advice: RegExp) {
  return (error: unknown) =>
    error instanceof TypeError && /^redisStore\(\)/.test(error.message) && advice.test(error.message)
}
