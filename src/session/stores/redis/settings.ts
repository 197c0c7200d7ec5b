import type { RedisClient } from './client.ts'

// A command that is sent a second time after its answer was lost finds that it has happened: a one-time link is spent, and
// nobody is in. One that waits for a connection happens after its caller was told that it did not. This layer asks again by
// itself where that is safe, so the libraries must not.

/** @throws TypeError that tells what to set. What cannot be seen from outside is believed to be right. */
export function refuseResending(client: RedisClient): void {
  const complaint = complaintAbout(client)
  if (complaint) throw new TypeError(`redisStore() cannot use this connection: ${complaint}`)
}

function complaintAbout(client: RedisClient): string | undefined {
  if ('nodeByAddress' in client) return 'for a Redis Cluster hand in a Cluster of ioredis.'
  const { options } = client
  if (!options) return undefined
  const setting = (name: string) => Reflect.get(options, name) as unknown
  if (!('call' in client)) return ofNodeRedis(setting)
  return Reflect.get(client, 'isCluster') === true ? ofCluster(setting) : ofIoredis(setting)
}

type Setting = (name: string) => unknown

function ofNodeRedis(setting: Setting): string | undefined {
  return setting('disableOfflineQueue') === true
    ? undefined
    : 'it keeps commands for later. Create it with { disableOfflineQueue: true }.'
}

function ofIoredis(setting: Setting): string | undefined {
  if (setting('enableOfflineQueue') !== false)
    return 'it keeps commands for later. Create it with { enableOfflineQueue: false, maxRetriesPerRequest: 0 }.'
  if (!resendsNothing(setting))
    return 'it sends commands again after a reconnection. Create it with { enableOfflineQueue: false, maxRetriesPerRequest: 0 }.'
  return ofPrefix(setting)
}

function ofCluster(setting: Setting): string | undefined {
  const ofNode = (name: string) => Reflect.get((setting('redisOptions') as object | undefined) ?? {}, name) as unknown
  if (setting('enableOfflineQueue') !== false)
    return 'it keeps commands for later. Create the Cluster with { enableOfflineQueue: false, retryDelayOnFailover: 0 }.'
  if (setting('retryDelayOnFailover') !== 0)
    return 'it sends commands again when a node went away. Create the Cluster with { retryDelayOnFailover: 0 }.'
  if (typeof setting('clusterNodeRetryStrategy') === 'function' && !resendsNothing(ofNode))
    return 'its nodes send commands again. Create the Cluster with { redisOptions: { maxRetriesPerRequest: 0 } }.'
  if (setting('scaleReads') !== 'master')
    return "a replica may still know a session that has ended. Create the Cluster with { scaleReads: 'master' }."
  return ofPrefix(setting)
}

/** Either setting is enough: with 0 retries nothing is left that could be sent again when the connection is back. */
function resendsNothing(setting: Setting): boolean {
  return setting('autoResendUnfulfilledCommands') === false || setting('maxRetriesPerRequest') === 0
}

function ofPrefix(setting: Setting): string | undefined {
  return setting('keyPrefix')
    ? 'its keyPrefix would not reach all keys. Use the option prefix of redisStore().'
    : undefined
}
