import { randomUUID } from 'node:crypto'
import type { Clock, SessionEventName, Sessions } from '../session/index.ts'

interface SessionChangesOptions {
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
const POLL_MILLISECONDS = 3000
// A page opens its event stream within this time.
const OPENING_MILLISECONDS = 10_000

/** Notifies watchers of changed sessions, at most once a second. Polls the store for changes by other processes. */
export class SessionChanges {
  readonly #options: SessionChangesOptions
  readonly #watchers = new Set<() => void>()
  #stopListening: (() => void)[] = []
  #cancelPoll = () => {}
  #pausing = false
  #pending = false
  #version: string = randomUUID()

  constructor(options: SessionChangesOptions) {
    this.#options = options
  }

  /** Calls `notify` after changes. Returns a function that stops these calls. */
  watch(notify: () => void): () => void {
    this.#watchers.add(notify)
    if (this.#watchers.size === 1) this.#start()
    return () => {
      if (this.#watchers.delete(notify) && this.#watchers.size === 0) this.#stop()
    }
  }

  /** Each change of a session replaces the version. */
  get version(): string {
    return this.#version
  }

  /** Returns the version for a new page. Watches for some seconds, until the page has opened its event stream. */
  versionOfPage(): string {
    this.#options.clock.after(
      OPENING_MILLISECONDS,
      this.watch(() => {}),
    )
    return this.#version
  }

  /** Notifies the watchers. Call it after a change for which the session layer has no event. */
  note(): void {
    if (this.#watchers.size === 0) return
    this.#version = randomUUID()
    this.#notify()
  }

  #notify(): void {
    if (this.#pausing) {
      this.#pending = true
      return
    }
    for (const notify of this.#watchers) notify()
    this.#pausing = true
    this.#options.clock.after(PAUSE_MILLISECONDS, () => {
      this.#pausing = false
      if (!this.#pending) return
      this.#pending = false
      this.#notify()
    })
  }

  #start(): void {
    const { sessions, isShared } = this.#options
    this.#stopListening = EVENTS.map((name) => sessions.on(name, () => this.note()))
    if (isShared) this.#poll(undefined)
  }

  #stop(): void {
    for (const stop of this.#stopListening) stop()
    this.#cancelPoll()
    this.#cancelPoll = () => {}
    this.#version = randomUUID()
  }

  #poll(before: string | undefined): void {
    let cancelled = false
    this.#cancelPoll = () => {
      cancelled = true
    }
    void this.#summary().then((now) => {
      if (cancelled) return
      if (before !== undefined && now !== undefined && now !== before) this.note()
      this.#cancelPoll = this.#options.clock.after(POLL_MILLISECONDS, () => this.#poll(now ?? before))
    })
  }

  /** Returns a text that differs after sessions have changed, or `undefined` when the store fails. */
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
