import { createHash } from 'node:crypto'
import { markNothingWritten } from '../../record.ts'
import { withinDeadline } from '../shared/deadline.ts'

/** A connection to Redis or Valkey: an ioredis `Redis` or `Cluster` fits as it is, and so does a client of node-redis. */
export type RedisClient = IoredisClient | NodeRedisClient

/** The one call that this store makes of ioredis. */
interface IoredisClient {
  call(command: string, ...parameters: string[]): Promise<unknown>
  readonly options?: object
}

/** The one call that this store makes of node-redis. */
interface NodeRedisClient {
  sendCommand(command: string[], options?: { timeout?: number }): Promise<unknown>
  readonly options?: object | undefined
}

/** Sends one command and answers what Redis does. Rejects when there was no answer in time. */
export type SendCommand = (command: string, ...parameters: string[]) => Promise<unknown>

export function commandSender(client: RedisClient, deadlineMilliseconds: number): SendCommand {
  const send = sendingBy(client, deadlineMilliseconds)
  return async (command, ...parameters) => {
    try {
      return await withinDeadline(send(command, ...parameters), deadlineMilliseconds, 'Redis')
    } catch (error) {
      throw wroteNothing(error) ? markNothingWritten(error) : error
    }
  }
}

function sendingBy(client: RedisClient, milliseconds: number): SendCommand {
  // What waits too long for its turn is not sent any more.
  const options = { timeout: milliseconds }
  return 'call' in client
    ? (command, ...parameters) => client.call(command, ...parameters)
    : (command, ...parameters) => client.sendCommand([command, ...parameters], options)
}

// The libraries' words for a command that they did not send.
const NOT_SENT = new Set([
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Cluster isn't ready and enableOfflineQueue options is false",
  'The client is offline',
])

// How Redis refuses a command, or the first write of a script: a script that has written something is not stopped any more.
const REFUSED = /^(?:OOM|READONLY|LOADING|NOAUTH|MISCONF|NOREPLICAS|BUSY|ERR max number of clients reached)\b/

/** Whether it is certain that nothing was written; in doubt it is not. */
function wroteNothing(error: unknown): boolean {
  return error instanceof Error && (NOT_SENT.has(error.message) || REFUSED.test(error.message))
}

/** A step in Lua that Redis makes as a whole. */
interface Script {
  readonly text: string
  /** What Redis calls it by. */
  readonly sha: string
}

/** A step and, above it, the parts of the language that it is written in. */
export function script(parts: readonly string[], step: string): Script {
  const text = [...parts, step].join('\n')
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Makes a step on the keys of one application. */
export type RunScript = (script: Script, app: string, ...parameters: (string | number)[]) => Promise<unknown>

/** @param base The name that all keys of an application begin with. */
export function scriptRunner(send: SendCommand, base: (app: string) => string): RunScript {
  return async ({ text, sha }, app, ...parameters) => {
    const rest = ['1', base(app), ...parameters.map(String)]
    try {
      return await send('EVALSHA', sha, ...rest)
    } catch (error) {
      // Redis was restarted, or forgot its scripts: nothing ran, so the whole text may be sent.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await send('EVAL', text, ...rest)
    }
  }
}

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
