import type { Clock, SessionEventName, Sessions } from '../session/index.ts'

export interface SessionChangesOptions {
  sessions: Pick<Sessions, 'on' | 'list' | 'count'>
  clock: Clock
  /** Whether other processes may change the same sessions. */
  isShared: boolean
}

const EVENTS: readonly SessionEventName[] = [
  'created',
  'secured',
  'privilegesChanged',
  'renewed',
  'ended',
  'detached',
  'linkCreated',
  'restored',
  'changed',
]
const PAUSE_MILLISECONDS = 1000
const LOOK_MILLISECONDS = 3000

/**
 * Tells whoever watches that some session has changed: at most once a second, and at once for a change in this process. What other
 * processes did is noticed within seconds. Costs nothing while nobody watches.
 */
export class SessionChanges {
  readonly #options: SessionChangesOptions
  readonly #watchers = new Set<() => void>()
  #stopListening: (() => void)[] = []
  #cancelLook = () => {}
  #pausing = false
  #pending = false

  constructor(options: SessionChangesOptions) {
    this.#options = options
  }

  /** Calls `tell` on changes until the answered function is called. */
  watch(tell: () => void): () => void {
    this.#watchers.add(tell)
    if (this.#watchers.size === 1) this.#start()
    return () => {
      if (this.#watchers.delete(tell) && this.#watchers.size === 0) this.#stop()
    }
  }

  /** Something changed that the layer does not report. */
  note(): void {
    if (this.#watchers.size === 0) return
    if (this.#pausing) {
      this.#pending = true
      return
    }
    for (const tell of this.#watchers) tell()
    this.#pausing = true
    this.#options.clock.after(PAUSE_MILLISECONDS, () => {
      this.#pausing = false
      if (!this.#pending) return
      this.#pending = false
      this.note()
    })
  }

  #start(): void {
    const { sessions, isShared } = this.#options
    this.#stopListening = EVENTS.map((name) => sessions.on(name, () => this.note()))
    if (isShared) this.#look(undefined)
  }

  #stop(): void {
    for (const stop of this.#stopListening) stop()
    this.#cancelLook()
    this.#cancelLook = () => {}
  }

  #look(before: string | undefined): void {
    let cancelled = false
    this.#cancelLook = () => {
      cancelled = true
    }
    void this.#summary().then((now) => {
      if (cancelled) return
      if (before !== undefined && now !== undefined && now !== before) this.note()
      this.#cancelLook = this.#options.clock.after(LOOK_MILLISECONDS, () => this.#look(now ?? before))
    })
  }

  /** What differs whenever a session came, ended, was replaced or was used; undefined when the store does not answer. */
  async #summary(): Promise<string | undefined> {
    const { sessions } = this.#options
    try {
      const newest = await sessions.list({}, { sort: 'created', size: 1 })
      const seen = await sessions.list({}, { sort: 'seen', size: 1 })
      const facts = [...newest.sessions, ...seen.sessions].map(({ id, lastAccessTime, privileges, devices }) => [
        id,
        lastAccessTime,
        privileges.length,
        devices.length,
      ])
      return JSON.stringify([await sessions.count(), facts])
    } catch {
      return undefined
    }
  }
}
