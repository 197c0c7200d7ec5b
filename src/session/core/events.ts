import type { Credential, EndReason, SessionId, SessionKind } from '../record.ts'

/** Who or what made something happen, as far as it is known: for an audit trail. */
export interface Cause {
  /** What the request is called in the application's log. */
  requestId?: string | undefined
  /** From where it came. */
  address?: string | null | undefined
  device?: string | null | undefined
  /** Who did it, when that is not the session's own user: an administrator. */
  byUserId?: string | undefined
  byUserName?: string | undefined
}

/** What the layer reports, by name. Handles only: no secret, hash or OTP is ever in an event. */
export interface SessionEvents {
  created: SessionEvent & { via: Credential['via'] }
  /** The session now belongs to a user, or gained a privilege; it took the place of `replaced`, if there was one. */
  secured: SessionEvent & { replaced: SessionId | undefined }
  /** Privileges were replaced or cleared; `privileges` are those that the session has now. */
  privilegesChanged: SessionEvent & { privileges: readonly string[] }
  /** This device has a fresh cookie; with `login` the user has proved their identity again; with `others: 'end'` all other devices of the session are signed out. */
  renewed: SessionEvent & { login: boolean; others: 'end' | 'keep' }
  ended: SessionEvent & { reason: EndReason }
  /** One device of a session was signed out; the session lives on. */
  detached: SessionEvent & { handle: string; reason: EndReason }
  /** A one-time link was made; `handle` is its public name. */
  linkCreated: SessionEvent & { handle: string }
  /** A one-time link brought a request to this session. */
  restored: SessionEvent & { handle: string; requestOnly: boolean }
  /** A one-time token was no good; the event names the session that the request had. */
  linkRefused: SessionEvent
  /** Storage, privileges or lifetime changed. */
  changed: { type: string; id: SessionId }
  /**
   * A write met a version of the session that had been written meanwhile, and runs again; `gaveUp`: it had done so for too
   * long, and its caller got SESSION_BUSY.
   */
  conflict: { type: string; id: SessionId; gaveUp: boolean }
  /** Something that needs a look, though the request went on. */
  warning: { type: string; message: string; error?: unknown }
}

export interface SessionEvent {
  type: string
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  /** undefined for what happens by itself: a sweep, a limit. */
  cause: Cause | undefined
}

export type SessionEventName = keyof SessionEvents

export interface Events {
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  emit<N extends SessionEventName>(name: N, event: Omit<SessionEvents[N], 'type'>): void
}

/** A listener that throws is reported as a warning and harms no other listener. */
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
          // A listener may be async without saying so in its type.
          Promise.resolve(listener({ type: name, ...event } as never)).catch(failed)
        } catch (error) {
          failed(error)
        }
      }
    },
  }
  return events
}
