import type { EndedSession, SessionId, SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import type { Clock } from './clock.ts'
import type { BearerTokens } from './credentials/bearer.ts'
import type { SessionCookie } from './credentials/cookie.ts'
import type { EndNotifications } from './end-notifications.ts'
import type { Cause, Events, SessionEvent } from './events.ts'
import type { KeyedQueue } from './keyed-queue.ts'
import type { Policy } from './options.ts'
import type { StorageFormat } from './storage.ts'

/** What the sessions of one application share inside one process. */
export interface Context {
  readonly policy: Policy
  readonly store: BoundStore
  readonly clock: Clock
  readonly events: Events
  readonly ends: EndNotifications
  /** One update of a session at a time. */
  readonly queue: KeyedQueue
  readonly format: StorageFormat
  readonly cookie: SessionCookie
  readonly bearer: BearerTokens
}

export function eventOf(
  { id, kind, userName, userId }: Pick<SessionRecord, 'id' | 'kind' | 'userName' | 'userId'>,
  cause: Cause | undefined,
): Omit<SessionEvent, 'type'> {
  return { id, kind, userName, userId: userId ?? undefined, cause }
}

export function reportEnded({ events }: Context, ended: readonly EndedSession[], cause: Cause | undefined): void {
  for (const session of ended) {
    // Those that had to go for a limit were ended by the limit, not by the request that met it.
    const why = session.reason === 'limit' ? undefined : cause
    events.emit('ended', { ...eventOf(session, why), reason: session.reason })
  }
}

export function reportConflict({ events }: Context, id: SessionId, gaveUp: boolean): void {
  events.emit('conflict', { id, gaveUp })
}
