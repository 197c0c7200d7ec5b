import { setTimeout as pause } from 'node:timers/promises'
import type { Announcements } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import type { SendCommand } from './client.ts'

/** A connection that listens and does nothing else: `client.duplicate()`, of either library. One of node-redis must be connected. */
export type RedisSubscriber = IoredisSubscriber | NodeRedisSubscriber

interface IoredisSubscriber extends Emitting {
  call(command: string, ...parameters: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
}

interface NodeRedisSubscriber extends Emitting {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

interface Emitting {
  on(event: string, listener: (...details: string[]) => void): unknown
  off(event: string, listener: (...details: string[]) => void): unknown
}

// A connection may die without a word, and what is announced meanwhile is lost. So announcements are numbered: whoever asks this often
// for the last number, and gives what is on its way so long to arrive, misses nothing for longer than a second.
const ASK_MILLISECONDS = 500
const ARRIVAL_MILLISECONDS = 100

/** @param base The name that all keys of an application begin with. */
export function redisAnnouncements(
  send: SendCommand,
  subscriber: RedisSubscriber,
  base: (app: string) => string,
  deadlineMilliseconds: number,
): Announcements {
  return {
    listen({ app, listener }) {
      let heard: number | undefined
      let isSubscribed = false
      let stopped = false
      let wake = () => {}

      const hear = (message: string) => {
        const [number, id] = message.split(' ')
        const missedSome = heard !== undefined && Number(number) > heard + 1
        heard = Math.max(Number(number), heard ?? 0)
        if (!stopped) listener(missedSome || !id ? undefined : id)
      }
      const subscription = subscriptionTo(`${base(app)}:ends`, subscriber, hear)

      async function look(): Promise<void> {
        if (!isSubscribed) await withinDeadline(subscription.begin(), deadlineMilliseconds, 'Redis')
        isSubscribed = true
        const before = heard
        const announced = Number((await send('GET', `${base(app)}:announced`)) ?? 0)
        if (before !== undefined && announced > (heard ?? 0))
          await pause(ARRIVAL_MILLISECONDS, undefined, { ref: false })
        const missedSome = announced > (heard ?? 0)
        if (stopped || (before !== undefined && announced >= before && !missedSome)) return
        if (missedSome) isSubscribed = false
        heard = announced
        listener(undefined)
      }

      async function follow(): Promise<void> {
        while (!stopped) {
          await look().catch(() => {}) // the next look tries again
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, ASK_MILLISECONDS).unref()
            wake = () => {
              clearTimeout(timer)
              resolve()
            }
          })
        }
      }
      const beginAnew = () => {
        isSubscribed = false
        heard = undefined
        wake()
      }
      subscriber.on('ready', beginAnew)
      void follow()

      return () => {
        stopped = true
        wake()
        subscriber.off('ready', beginAnew)
        subscription.end()
      }
    },
  }
}

interface Subscription {
  /** May be called again, when it may have been lost. */
  begin(): Promise<unknown>
  end(): void
}

function subscriptionTo(channel: string, subscriber: RedisSubscriber, hear: (message: string) => void): Subscription {
  if (!('call' in subscriber)) {
    return {
      begin: async () => subscriber.subscribe(channel, hear),
      end: () => void subscriber.unsubscribe(channel, hear).catch(() => {}),
    }
  }
  const onMessage = (to: string, message: string) => {
    if (to === channel) hear(message)
  }
  subscriber.on('message', onMessage)
  return {
    begin: async () => subscriber.subscribe(channel),
    end() {
      subscriber.off('message', onMessage)
      subscriber.unsubscribe(channel).catch(() => {})
    },
  }
}
