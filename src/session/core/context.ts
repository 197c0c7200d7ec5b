import type { EndedSession, SessionId } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import type { Clock } from './clock.ts'
import type { BearerTokens } from './credentials/bearer.ts'
import type { SessionCookie } from './credentials/cookie.ts'
import type { EndNotifications } from './end-notifications.ts'
import type { Cause, Events, SessionEvent } from './events.ts'
import type { Policy } from './options.ts'
import type { RecordStorage } from './record-storage.ts'
import type { StorageFormat } from './storage.ts'
import type { KeyedQueue } from './task-queue.ts'
import { publishConflict, type TraceSource } from './tracing.ts'

/** The objects that all sessions of one application share in a process. */
export interface Context {
  readonly policy: Policy
  readonly store: BoundStore
  readonly source: TraceSource
  readonly clock: Clock
  readonly events: Events
  readonly ends: EndNotifications
  /** Runs the updates of each session one at a time. */
  readonly queue: KeyedQueue
  /** Encodes the values in the options of links and tokens. */
  readonly format: StorageFormat
  readonly storage: RecordStorage
  readonly cookie: SessionCookie
  /** The cookie that proves the key of a bound browser; undefined without the option `deviceBinding`. */
  readonly boundCookie: SessionCookie | undefined
  readonly bearer: BearerTokens
  /** The undeclared privileges for which `hasPrivilege` has already emitted a warning. */
  readonly reportedPrivileges: Set<string>
}

export function eventOf(
  { id, kind, userName, userId }: Omit<EndedSession, 'reason'>,
  cause: Cause | undefined,
): Omit<SessionEvent, 'type'> {
  return { id, kind, userName, userId: userId ?? undefined, cause }
}

export function reportEnded({ events }: Context, ended: readonly EndedSession[], cause: Cause | undefined): void {
  for (const session of ended) {
    // If a limit ended the session, the user of the current request is not the cause.
    const endCause = session.reason === 'limit' ? undefined : cause
    events.emit('ended', { ...eventOf(session, endCause), reason: session.reason })
  }
}

export function reportConflict({ events, source }: Context, id: SessionId, gaveUp: boolean): void {
  publishConflict(source, id, gaveUp)
  events.emit('conflict', { id, gaveUp })
}
