import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Announcements } from '../../store.ts'
import { APP, type StorePromise } from './fixtures.ts'

// The interface requires a notification within a second. A busy machine may need longer.
const SOON_MILLISECONDS = 5000

/** The rules of `announcements`. */
export const notifying: StorePromise[] = [
  {
    claim: 'a listener is notified of every end of a session or a device, until the listener is removed',
    async check({ stores, store, newSession, stored }) {
      for (const { announcements } of stores) {
        if (!announcements) continue
        const listener = listen(announcements)
        const removed = listen(announcements)
        removed.stop()
        const ends = [
          (id: string) => store.end({ id, reason: 'closed' }),
          (id: string, handle: string) => store.detach({ id, handle, reason: 'revoked' }),
          (id: string) => store.replace({ id, expected: {}, ...newSession() }),
          () => store.endMany({ filter: {}, reason: 'revoked' }),
          async () => {
            await Promise.all(Array.from({ length: 120 }, () => stored()))
            await store.endMany({ filter: {}, reason: 'revoked' })
          },
        ]
        try {
          for (const end of ends) {
            const { record, cookie } = await stored()
            listener.heard.length = 0
            await end(record.id, cookie.handle)
            await listener.hears(record.id)
          }
          assert.deepEqual(removed.heard, [])
        } finally {
          listener.stop()
        }
      }
    },
  },
]

function listen(announcements: Announcements) {
  const heard: (string | undefined)[] = []
  return {
    heard,
    stop: announcements.listen({ app: APP, listener: (id) => void heard.push(id) }),
    async hears(id: string): Promise<void> {
      const deadline = performance.now() + SOON_MILLISECONDS
      while (!heard.some((told) => told === undefined || told === id)) {
        assert.ok(performance.now() < deadline, 'the listener was not notified in time')
        await pause(5)
      }
    },
  }
}
