import assert from 'node:assert/strict'
import type { Announcements, SessionStore } from '../../../src/session/store.ts'

/** Listens to a store and records its notifications. */
export class Ears {
  readonly heard: (string | undefined)[] = []
  readonly stop: () => void
  #wake = () => {}

  constructor(store: SessionStore, app: string) {
    const announcements: Announcements | undefined = store.announcements
    assert.ok(announcements, 'this store announces nothing')
    this.stop = announcements.listen({
      app,
      listener: (id) => {
        this.heard.push(id)
        this.#wake()
      },
    })
  }

  /** Resolves once a matching notification follows the first `past` ones; returns the number of notifications up to it. */
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
