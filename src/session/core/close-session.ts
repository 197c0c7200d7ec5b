import { type Credential, type EndedSession, endedSession, type SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import { reportEnded } from './context.ts'
import type { RequestSession } from './request-session.ts'

/** Logs out: ends the session on all its devices and clears the cookie. */
export async function closeSession(request: RequestSession): Promise<void> {
  const { state, context, exchange } = request
  if (state.is !== 'live') return
  request.require('cookie')
  const ended = await endStored(context.store, state.record, state.credential)
  // The cookie is not cleared here, because a concurrent login may have set a new cookie.
  if (!ended) return request.becomeGuest('just-ended')
  request.becomeGuest(exchange.mayBeginGuest ? undefined : 'request')
  reportEnded(context, [ended], request.cause)
  if (!exchange.headersSent()) exchange.setCookie(context.cookie.clear())
}

/**
 * Ends the session in the store. After an error, reads the session again to check whether only the reply was lost.
 * @returns undefined when the session had already ended.
 */
async function endStored(
  store: BoundStore,
  record: SessionRecord,
  { hash }: Credential,
): Promise<EndedSession | undefined> {
  const { id } = record
  try {
    return await store.end({ id, reason: 'closed', by: hash })
  } catch (error) {
    const found = await store.find({ id, hash }).catch(() => undefined)
    if (found?.state !== 'ended') throw error
    return found.reason === 'closed' ? endedSession(record, 'closed') : undefined
  }
}
