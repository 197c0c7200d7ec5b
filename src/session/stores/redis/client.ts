import { checkMethods } from '../../known-options.ts'
import { markNothingWritten } from '../../record.ts'
import type { WriteState } from '../../store.ts'
import { countDown, withinDeadline } from '../shared/deadline.ts'
import type { ReconnectableIoredis, ReconnectableNodeRedis, Reconnection } from './reconnection.ts'
import type { Script } from './script.ts'

/** A connection to Redis or Valkey: a `Redis` or `Cluster` of ioredis, or a client of node-redis. */
export type RedisClient = IoredisClient | NodeRedisClient

interface IoredisClient extends ReconnectableIoredis {
  call(command: string, ...parameters: string[]): Promise<unknown>
  readonly options?: object
}

interface NodeRedisClient extends ReconnectableNodeRedis {
  sendCommand(command: string[], options?: { timeout?: number }): Promise<unknown>
  readonly options?: object | undefined
}

/** Sends one command and returns its reply. Rejects when no reply arrives before the deadline. */
export type SendCommand = (command: string, ...parameters: string[]) => Promise<unknown>

/**
 * When a replica refuses a command, the sender opens the connection again and repeats the command once, because the
 * host name may now lead to the new primary.
 */
export function commandSender(
  client: RedisClient,
  deadlineMilliseconds: number,
  reconnection: Reconnection,
): SendCommand {
  // node-redis drops a command that is still queued after this time.
  const options = { timeout: deadlineMilliseconds }

  /** Sends nothing more once `progress.isOver` is true, because the caller has then received an error. */
  async function send(command: string, parameters: string[], progress: { isOver: boolean }): Promise<unknown> {
    for (let isRepeated = false; ; isRepeated = true) {
      if (reconnection.running) await reconnection.running
      if (progress.isOver) return undefined
      reconnection.inFlight++
      try {
        return await ('call' in client
          ? client.call(command, ...parameters)
          : client.sendCommand([command, ...parameters], options))
      } catch (error) {
        if (isRepeated || !isReadOnly(error) || !reconnection.begin()) throw error
      } finally {
        reconnection.inFlight--
      }
    }
  }

  return async (command, ...parameters) => {
    const progress = { isOver: false }
    try {
      return await withinDeadline(send(command, parameters, progress), deadlineMilliseconds, 'Redis')
    } catch (error) {
      progress.isOver = true
      throw wroteNothing(error) ? markNothingWritten(error) : error
    }
  }
}

// The error messages of ioredis and node-redis for a command that was not sent.
const NOT_SENT = new Set([
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Cluster isn't ready and enableOfflineQueue options is false",
  'The client is offline',
])

// These errors of Redis mean that the command or script has not written anything.
const REFUSED = /^(?:OOM|READONLY|LOADING|NOAUTH|MISCONF|NOREPLICAS|BUSY|ERR max number of clients reached)\b/

function wroteNothing(error: unknown): boolean {
  return error instanceof Error && (NOT_SENT.has(error.message) || REFUSED.test(error.message))
}

function isReadOnly(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('READONLY')
}

// These errors mean full memory, too few replicas or a failed snapshot. A new connection does not help against them.
const FULL = /^(?:OOM|NOREPLICAS|MISCONF)\b/

/** Returns the state if the server replies but refuses writes. Returns undefined for any other error. */
export function refusalOf(error: unknown): WriteState | undefined {
  if (isReadOnly(error)) return { state: 'read-only', error }
  return error instanceof Error && FULL.test(error.message) ? { state: 'refusing', error } : undefined
}

export type RunScript = (script: Script, app: string, ...parameters: (string | number)[]) => Promise<unknown>

/** `sender` returns a function that sends commands within this time. A script takes at most `milliseconds`. */
export function scriptRunner(
  sender: (milliseconds: number) => SendCommand,
  keyPrefix: (app: string) => string,
  milliseconds: number,
): RunScript {
  const send = sender(milliseconds)
  return async ({ text, sha }, app, ...parameters) => {
    const left = countDown(milliseconds)
    const rest = ['1', keyPrefix(app), ...parameters.map(String)]
    try {
      return await send('EVALSHA', sha, ...rest)
    } catch (error) {
      // Redis did not run the script, because its script cache does not contain it. Sending the text cannot run the
      // script twice.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await sender(left())('EVAL', text, ...rest)
    }
  }
}

/**
 * Refuses a client that resends or queues commands. If only the reply to a command is lost, a client that resends runs
 * the command twice. For instance, the second redemption of a one-time link fails, and the user is not signed in. A
 * queued command may run after its caller has received an error. The session layer itself retries a call where a retry
 * is safe.
 * @throws TypeError that names the settings to change. Accepts a client whose settings cannot be read.
 */
export function refuseResending(client: RedisClient): void {
  const sends = 'call' in Object(client) ? 'call' : 'sendCommand'
  checkMethods('redisStore()', 'a client of ioredis or node-redis', client, [sends])
  const problem = problemOf(client)
  if (problem) throw new TypeError(`redisStore() cannot use this connection: ${problem}`)
}

function problemOf(client: RedisClient): string | undefined {
  if ('nodeByAddress' in client) return 'for a Redis Cluster, use a Cluster of ioredis.'
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
    : 'it queues commands while it is offline. Create it with { disableOfflineQueue: true }.'
}

function ofIoredis(setting: Setting): string | undefined {
  if (setting('enableOfflineQueue') !== false)
    return 'it queues commands while it is offline. Create it with { enableOfflineQueue: false, maxRetriesPerRequest: 0 }.'
  if (!resendsNothing(setting))
    return 'it sends commands again after a reconnection. Create it with { enableOfflineQueue: false, maxRetriesPerRequest: 0 }.'
  return ofPrefix(setting)
}

function ofCluster(setting: Setting): string | undefined {
  const ofNode = (name: string) => Reflect.get((setting('redisOptions') as object | undefined) ?? {}, name) as unknown
  if (setting('enableOfflineQueue') !== false)
    return 'it queues commands while it is offline. Create the Cluster with { enableOfflineQueue: false, retryDelayOnFailover: 0 }.'
  if (setting('retryDelayOnFailover') !== 0)
    return 'it sends commands again when a node fails. Create the Cluster with { retryDelayOnFailover: 0 }.'
  if (typeof setting('clusterNodeRetryStrategy') === 'function' && !resendsNothing(ofNode))
    return 'its nodes send commands again. Create the Cluster with { redisOptions: { maxRetriesPerRequest: 0 } }.'
  if (setting('scaleReads') !== 'master')
    return "it reads from replicas, where a session that has ended may still be live. Create the Cluster with { scaleReads: 'master' }."
  return ofPrefix(setting)
}

// Either setting alone prevents resending.
function resendsNothing(setting: Setting): boolean {
  return setting('autoResendUnfulfilledCommands') === false || setting('maxRetriesPerRequest') === 0
}

function ofPrefix(setting: Setting): string | undefined {
  return setting('keyPrefix')
    ? 'its keyPrefix does not apply to all keys. Use the option prefix of redisStore().'
    : undefined
}
