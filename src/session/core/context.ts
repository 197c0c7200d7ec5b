import type { EndedSession, SessionId, SessionRecord } from '../record.ts'
import type { BearerTokens } from './credentials/bearer.ts'
import type { SessionCookie } from './credentials/cookie.ts'
import type { EndNews } from './end-notifications.ts'
import { SessionError } from './errors.ts'
import type { Cause, Events, SessionEvent } from './events.ts'
import type { Locks } from './keyed-queue.ts'
import type { Policy } from './options.ts'
import type { StorageFormat } from './storage.ts'

/** What the sessions of one application share inside one process. */
export interface Engine {
  readonly policy: Policy
  readonly events: Events
  readonly ends: EndNews
  readonly locks: Locks
  readonly format: StorageFormat
  readonly cookie: SessionCookie
  readonly bearer: BearerTokens
}

/** Waits for a store; an exception of its becomes 503 and nothing else: nobody turns anonymous because a database is down. */
export async function answerOf<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (cause) {
    throw storeUnavailable(cause)
  }
}

export function isStoreUnavailable(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'STORE_UNAVAILABLE'
}

export function storeUnavailable(cause: unknown): SessionError {
  return new SessionError(
    'STORE_UNAVAILABLE',
    'The session store does not answer at the moment. Nothing is lost; try again in a few seconds.',
    { cause },
  )
}

export function eventOf(
  { id, kind, userName, userId }: Pick<SessionRecord, 'id' | 'kind' | 'userName' | 'userId'>,
  cause: Cause | undefined,
): Omit<SessionEvent, 'type'> {
  return { id, kind, userName, userId: userId ?? undefined, cause }
}

export function reportEnded(engine: Engine, ended: readonly EndedSession[], cause: Cause | undefined): void {
  for (const session of ended) {
    // Those that had to go for a limit were ended by the limit, not by the request that met it.
    const why = session.reason === 'limit' ? undefined : cause
    engine.events.emit('ended', { ...eventOf(session, why), reason: session.reason })
  }
}

export function reportConflict(engine: Engine, id: SessionId, gaveUp: boolean): void {
  engine.events.emit('conflict', { id, gaveUp })
}

export function reportChanged(engine: Engine, id: SessionId): void {
  engine.events.emit('changed', { id })
}
