import assert from 'node:assert/strict'
import type { Announcements, SessionStore } from '../../../src/session/store.ts'

/** Records the notifications of a store. */
export class Ears {
  readonly heard: (string | undefined)[] = []
  readonly stop: () => void
  #wake = () => {}

  constructor(store: SessionStore, app: string) {
    const announcements: Announcements | undefined = store.announcements
    assert.ok(announcements, 'this store sends no notifications')
    this.stop = announcements.listen({
      app,
      listener: (id) => {
        this.heard.push(id)
        this.#wake()
      },
    })
  }

  /** Waits for a matching notification after the first `past` ones. Returns its position, counted from 1. */
  async hears(isMeant: (id: string | undefined) => boolean, past = 0): Promise<number> {
    for (;;) {
      const found = this.heard.findIndex((id, nth) => nth >= past && isMeant(id))
      if (found >= 0) return found + 1
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
