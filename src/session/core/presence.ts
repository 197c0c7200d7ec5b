import { PRESENCE_BEAT_MILLISECONDS } from '../record.ts'
import { startRepeating } from './clock.ts'
import type { Context } from './context.ts'
import { identifyProcess, isProcessRunning } from './process-identity.ts'

/**
 * Registers this process. The returned function removes the registration, and returns `true` if no other process is
 * registered.
 */
export function registerPresence({ store, clock, events }: Context): () => Promise<boolean> {
  const { presence } = store
  if (!presence) return async () => false
  const call = { processId: identifyProcess(), isRunning: isProcessRunning }
  let beating = Promise.resolve()
  const beat = () => {
    beating = presence.beat(call).catch((error) =>
      events.emit('warning', {
        code: 'PROCESS_NOT_REGISTERED',
        message: 'This process could not be registered with the store.',
        error,
      }),
    )
    return beating
  }
  beat()
  const stopBeats = startRepeating(clock, PRESENCE_BEAT_MILLISECONDS, beat)
  let left: Promise<boolean> | undefined
  return () => {
    stopBeats()
    left ??= beating
      .then(() => presence.leave(call))
      .catch((error) => {
        left = undefined // The next call tries again.
        throw error
      })
    return left
  }
}
