import { type Credential, type EndedSession, endedSession, type SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import { reportEnded } from './context.ts'
import type { RequestSession } from './request-session.ts'

/** Ends the session on all its devices. */
export async function closeSession(request: RequestSession): Promise<void> {
  const { state, context, exchange } = request
  if (state.is !== 'live') return
  request.require('cookie')
  const ended = await endStored(context.store, state.record, state.credential)
  if (!ended) return request.becomeGuest('just-ended') // what took its place may have set a cookie already
  request.becomeGuest(exchange.mayBeginGuest ? undefined : 'request')
  reportEnded(context, [ended], request.cause)
  if (!exchange.headersSent()) exchange.setCookie(context.cookie.clear())
}

/**
 * Ends a session on the word of this credential's holder. When the store's reply is lost, it looks whether the session has ended:
 * a user is told about a log out only if it was stored.
 * @returns undefined when something else had ended it before.
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
