import { setTimeout as pause } from 'node:timers/promises'
import type { Announcements } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import type { SendCommand } from './client.ts'
import type { ReconnectableIoredis, ReconnectableNodeRedis } from './reconnection.ts'

/** A connection used only to subscribe, such as `client.duplicate()`. A node-redis client must already be connected. */
export type RedisSubscriber = IoredisSubscriber | NodeRedisSubscriber

interface IoredisSubscriber extends Emitting, ReconnectableIoredis {
  call(command: string, ...parameters: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
}

interface NodeRedisSubscriber extends Emitting, ReconnectableNodeRedis {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

interface Emitting {
  on(event: string, listener: (...details: string[]) => void): unknown
  off(event: string, listener: (...details: string[]) => void): unknown
}

// A connection can break without an error. A check at this interval therefore compares the number of the last received
// notification with the number of the last published notification.
const CHECK_MILLISECONDS = 500
// A published notification counts as missed if it has not arrived after this time.
const ARRIVAL_MILLISECONDS = 100

export function redisAnnouncements(
  send: SendCommand,
  subscriber: RedisSubscriber,
  keyPrefix: (app: string) => string,
  deadlineMilliseconds: number,
): Announcements {
  return {
    listen({ app, listener }) {
      let lastNumber: number | undefined
      let isSubscribed = false
      let stopped = false
      let sleep = new AbortController()

      const onMessage = (message: string) => {
        const [number, id] = message.split(' ')
        const missedSome = lastNumber !== undefined && Number(number) > lastNumber + 1
        lastNumber = Math.max(Number(number), lastNumber ?? 0)
        if (!stopped) listener(missedSome || !id ? undefined : id)
      }
      const subscription = subscriptionTo(`${keyPrefix(app)}:ends`, subscriber, onMessage)

      async function check(): Promise<void> {
        if (!isSubscribed) await withinDeadline(subscription.begin(), deadlineMilliseconds, 'Redis')
        isSubscribed = true
        const before = lastNumber
        const published = Number((await send('GET', `${keyPrefix(app)}:announced`)) ?? 0)
        if (before !== undefined && published > (lastNumber ?? 0))
          await pause(ARRIVAL_MILLISECONDS, undefined, { ref: false })
        const missedSome = published > (lastNumber ?? 0)
        if (stopped || (before !== undefined && published >= before && !missedSome)) return
        if (missedSome) isSubscribed = false
        lastNumber = published
        listener(undefined)
      }

      async function keepChecking(): Promise<void> {
        while (!stopped) {
          await check().catch(() => {}) // the next check retries
          sleep = new AbortController()
          await pause(CHECK_MILLISECONDS, undefined, { ref: false, signal: sleep.signal }).catch(() => {})
        }
      }
      const resubscribe = () => {
        isSubscribed = false
        lastNumber = undefined
        sleep.abort()
      }
      subscriber.on('ready', resubscribe)
      void keepChecking()

      return () => {
        stopped = true
        sleep.abort()
        subscriber.off('ready', resubscribe)
        subscription.end()
      }
    },
  }
}

interface Subscription {
  /** A repeated call renews a subscription that may have been lost. */
  begin(): Promise<unknown>
  end(): void
}

function subscriptionTo(
  channel: string,
  subscriber: RedisSubscriber,
  listener: (message: string) => void,
): Subscription {
  if (!('call' in subscriber)) {
    let begun: Promise<unknown> = Promise.resolve()
    return {
      begin: () => (begun = subscriber.subscribe(channel, listener)),
      // Waits until `begin` has resolved, because node-redis would otherwise unsubscribe all listeners of the channel.
      end: () => void begun.then(() => subscriber.unsubscribe(channel, listener)).catch(() => {}),
    }
  }
  const onMessage = (to: string, message: string) => {
    if (to === channel) listener(message)
  }
  subscriber.on('message', onMessage)
  const listeners = listenersOf(subscriber)
  listeners.set(channel, (listeners.get(channel) ?? 0) + 1)
  return {
    begin: async () => subscriber.subscribe(channel),
    end() {
      subscriber.off('message', onMessage)
      const left = (listeners.get(channel) ?? 1) - 1
      listeners.set(channel, left)
      if (left === 0) subscriber.unsubscribe(channel).catch(() => {})
    },
  }
}

// All listeners of a channel share the subscription of an ioredis client. The last listener that stops ends the
// subscription.
const listenersOfClients = new WeakMap<IoredisSubscriber, Map<string, number>>()

/** Returns the number of listeners of each channel. */
function listenersOf(subscriber: IoredisSubscriber): Map<string, number> {
  const listeners = listenersOfClients.get(subscriber) ?? new Map<string, number>()
  listenersOfClients.set(subscriber, listeners)
  return listeners
}
