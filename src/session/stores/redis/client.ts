import { markNothingWritten } from '../../record.ts'
import { withinDeadline } from '../shared/deadline.ts'

/** A connection to Redis or Valkey: an ioredis `Redis` or `Cluster` fits as it is, and so does a client of node-redis. */
export type RedisClient = IoredisClient | NodeRedisClient

/** The one call that this store makes of ioredis. */
export interface IoredisClient {
  call(command: string, ...parameters: string[]): Promise<unknown>
  readonly options?: object
}

/** The one call that this store makes of node-redis. */
export interface NodeRedisClient {
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
