import { nearestName } from '../known-options.ts'
import type { Credential, EndReason, SessionId, SessionKind } from '../record.ts'

/** The request and the user that caused an event, for an audit trail. */
export interface Cause {
  requestId?: string | undefined
  address?: string | null | undefined
  device?: string | null | undefined
  /** The administrator who changed another user's session. */
  byUserId?: string | undefined
  byUserName?: string | undefined
}

/** The events of the session layer, by name. No event contains a secret, a hash or an OTP. */
export interface SessionEvents {
  created: SessionEvent & { via: Credential['via'] }
  /**
   * A login, a new privilege or `secureSession` secured the session against session fixation. `replaced` is the ID of
   * the replaced session; undefined if no session was replaced.
   */
  secured: SessionEvent & { replaced: SessionId | undefined }
  /** `privileges` are all privileges of the session after the change. */
  privilegesChanged: SessionEvent & { privileges: readonly string[] }
  renewed: SessionEvent & { login: boolean; others: 'end' | 'keep' }
  ended: SessionEvent & { reason: EndReason }
  detached: SessionEvent & { handle: string; reason: EndReason }
  linkCreated: SessionEvent & { handle: string }
  /** A request opened a one-time link of this session. */
  restored: SessionEvent & { handle: string; requestOnly: boolean }
  /** A request had an invalid one-time token. `id` is the ID of the request's own session. */
  linkRefused: SessionEvent
  /**
   * A request had a session cookie or a bearer token that opens no session. `malformed`: the value has another format.
   * `unknown`: the value was never issued, or its session ended more than 90 seconds ago. At most one event per request.
   */
  credentialRefused: { type: string; kind: 'cookie' | 'bearer'; reason: 'malformed' | 'unknown'; cause: Cause }
  /** A browser registered a key for its cookie (option `deviceBinding`). */
  bound: SessionEvent & { handle: string }
  /**
   * A request had a bound cookie without a proof of the key, so it counted as a guest's request. `id` and the user are
   * those of the cookie. `failures`: how many such events the cookie has had within the hour. `ended`: whether the
   * cookie ended. `skipped`: the reason that the browser gave for sending no proof. At most one event in ten seconds.
   */
  bindingFailed: SessionEvent & { handle: string; failures: number; ended: boolean; skipped: string | undefined }
  /** The storage, the privileges or the lifetime of a session changed. */
  changed: { type: string; id: SessionId }
  /** A write conflicted with another write. If `gaveUp` is true, the write failed with SESSION_BUSY. */
  conflict: { type: string; id: SessionId; gaveUp: boolean }
  /** A problem that makes no request fail. Without a listener, `process.emitWarning` reports each `code` once. */
  warning: { type: string; code: string; message: string; error?: unknown }
}

export interface SessionEvent {
  type: string
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  /** undefined when no request caused the event, for instance when a sweep or a limit ended the session. */
  cause: Cause | undefined
}

export type SessionEventName = keyof SessionEvents

export interface Events {
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  emit<N extends SessionEventName>(name: N, event: Omit<SessionEvents[N], 'type'>): void
}

const NAMES: Readonly<Record<SessionEventName, true>> = {
  created: true,
  secured: true,
  privilegesChanged: true,
  renewed: true,
  ended: true,
  detached: true,
  linkCreated: true,
  restored: true,
  linkRefused: true,
  credentialRefused: true,
  bound: true,
  bindingFailed: true,
  changed: true,
  conflict: true,
  warning: true,
}

type Warning = Omit<SessionEvents['warning'], 'type'>

export function createEvents(): Events {
  const listeners = new Map<SessionEventName, Set<(event: never) => void>>()
  const reported = new Set<string>()
  const report = (warning: Warning) => {
    if (reported.has(warning.code)) return
    reported.add(warning.code)
    reportToProcess(warning)
  }
  const events: Events = {
    on(name, listener) {
      if (!Object.hasOwn(NAMES, name)) throw new TypeError(unknownEvent(name))
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener)
      return () => void set.delete(listener)
    },
    emit(name, event) {
      if (name === 'warning' && !listeners.get(name)?.size) report(event as unknown as Warning)
      for (const listener of listeners.get(name) ?? []) {
        const failed = (error: unknown) => {
          const warning = { code: 'LISTENER_FAILED', message: `A listener for "${name}" failed.`, error }
          if (name === 'warning') report(warning)
          else events.emit('warning', warning)
        }
        try {
          // A listener may be an async function, so a rejected promise must be handled.
          Promise.resolve(listener({ type: name, ...event } as never)).catch(failed)
        } catch (error) {
          failed(error)
        }
      }
    },
  }
  return events
}

function unknownEvent(name: unknown): string {
  const names = Object.keys(NAMES)
  const nearest = nearestName(String(name), names)
  const advice = nearest === undefined ? `The events: ${names.join(', ')}.` : `Did you mean ${nearest}?`
  return `on(): ${String(name)} is not an event of the session layer. ${advice}`
}

/** Reports only messages, because other properties of a driver's error may contain the arguments of the store call. */
function reportToProcess({ code, message, error }: Warning): void {
  const messages = error instanceof Error ? [error.message, (error.cause as Error | undefined)?.message] : []
  const detail = messages.filter(Boolean).join(' ')
  process.emitWarning(message, { type: 'SessionWarning', code, ...(detail !== '' && { detail }) })
}
