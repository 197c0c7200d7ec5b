import { type Credential, type EndedSession, endedSession, type SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import { reportEnded } from './context.ts'
import type { RequestSession } from './request-session.ts'

export async function closeSession(request: RequestSession): Promise<void> {
  const { state, context, exchange } = request
  if (state.is !== 'live') return
  request.require('cookie')
  const ended = await endStored(context.store, state.record, state.credential)
  // A concurrent login may have set a new cookie, so it is not cleared.
  if (!ended) return request.becomeGuest('just-ended')
  request.becomeGuest(exchange.mayBeginGuest ? undefined : 'request')
  reportEnded(context, [ended], request.cause)
  if (!exchange.headersSent()) exchange.setCookie(context.cookie.clear())
}

/** After an error, the tombstone shows whether only the reply was lost. Returns undefined for an earlier end. */
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
