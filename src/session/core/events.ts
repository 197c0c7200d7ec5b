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
  /** A login or an additional privilege secured the session. `replaced` is the ID of the replaced session. */
  secured: SessionEvent & { replaced: SessionId | undefined }
  /** `privileges` are the new ones. */
  privilegesChanged: SessionEvent & { privileges: readonly string[] }
  renewed: SessionEvent & { login: boolean; others: 'end' | 'keep' }
  ended: SessionEvent & { reason: EndReason }
  detached: SessionEvent & { handle: string; reason: EndReason }
  linkCreated: SessionEvent & { handle: string }
  /** A request opened a one-time link of this session. */
  restored: SessionEvent & { handle: string; requestOnly: boolean }
  /** A one-time token was not valid. `id` is the session of the request. */
  linkRefused: SessionEvent
  /** Storage, privileges or lifetime changed. */
  changed: { type: string; id: SessionId }
  /** A concurrent write was found. `gaveUp`: the update failed with SESSION_BUSY. */
  conflict: { type: string; id: SessionId; gaveUp: boolean }
  /** A problem that did not fail the request. Without a listener, it goes to `process.emitWarning` once per `code`. */
  warning: { type: string; code: string; message: string; error?: unknown }
}

export interface SessionEvent {
  type: string
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  /** undefined when no request caused the event, for instance after a sweep or at a limit. */
  cause: Cause | undefined
}

export type SessionEventName = keyof SessionEvents

export interface Events {
  on<N extends SessionEventName>(name: N, listener: (event: SessionEvents[N]) => void): () => void
  emit<N extends SessionEventName>(name: N, event: Omit<SessionEvents[N], 'type'>): void
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

/** Only messages, because a driver's error may contain the arguments of the store call. */
function reportToProcess({ code, message, error }: Warning): void {
  const messages = error instanceof Error ? [error.message, (error.cause as Error | undefined)?.message] : []
  const detail = messages.filter(Boolean).join(' ')
  process.emitWarning(message, { type: 'SessionWarning', code, ...(detail !== '' && { detail }) })
}
