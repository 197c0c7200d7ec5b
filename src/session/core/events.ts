import type { Credential, EndReason, SessionId, SessionKind } from '../record.ts'

/** The request and the person behind an event, as far as known. For an audit trail. */
export interface Cause {
  /** The request's id in the application's log. */
  requestId?: string | undefined
  /** The client's IP address. */
  address?: string | null | undefined
  /** The User-Agent header. */
  device?: string | null | undefined
  /** The administrator who acted on another user's session. */
  byUserId?: string | undefined
  byUserName?: string | undefined
}

/** The events of the layer, by name. No event contains a secret, a hash or an OTP; handles are public. */
export interface SessionEvents {
  created: SessionEvent & { via: Credential['via'] }
  /** A session belongs to a user or gained a privilege. `replaced` is the session that it replaced, if any. */
  secured: SessionEvent & { replaced: SessionId | undefined }
  /** Privileges were replaced or cleared. `privileges` are the current ones. */
  privilegesChanged: SessionEvent & { privileges: readonly string[] }
  /** The cookie of a device was rotated. `login`: after re-authentication. `others: 'end'`: all other devices were signed out. */
  renewed: SessionEvent & { login: boolean; others: 'end' | 'keep' }
  ended: SessionEvent & { reason: EndReason }
  /** One device of a session was signed out. */
  detached: SessionEvent & { handle: string; reason: EndReason }
  /** A one-time link was created. `handle` is its public handle. */
  linkCreated: SessionEvent & { handle: string }
  /** A one-time link brought a request to this session. */
  restored: SessionEvent & { handle: string; requestOnly: boolean }
  /** A one-time token was not valid. The event names the request's own session. */
  linkRefused: SessionEvent
  /** Storage, privileges or lifetime changed. */
  changed: { type: string; id: SessionId }
  /**
   * A compare-and-set met a newer version of the session. It is retried, or with `gaveUp` its caller got SESSION_BUSY.
   */
  conflict: { type: string; id: SessionId; gaveUp: boolean }
  /** A problem that did not fail the request. */
  warning: { type: string; message: string; error?: unknown }
}

export interface SessionEvent {
  type: string
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  /** undefined for events without a request, such as a sweep or a limit. */
  cause: Cause | undefined
}

export type SessionEventName = keyof SessionEvents

export interface Events {
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  emit<N extends SessionEventName>(name: N, event: Omit<SessionEvents[N], 'type'>): void
}

/** Creates an emitter. An error in a listener becomes a warning and does not affect other listeners. */
export function createEvents(): Events {
  const listeners = new Map<SessionEventName, Set<(event: never) => void>>()
  const events: Events = {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener)
      return () => void set.delete(listener)
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        const failed = (error: unknown) => {
          if (name !== 'warning') events.emit('warning', { message: `A listener for "${name}" failed.`, error })
        }
        try {
          // A listener may be async although its type returns void.
          Promise.resolve(listener({ type: name, ...event } as never)).catch(failed)
        } catch (error) {
          failed(error)
        }
      }
    },
  }
  return events
}
