import { type EndedSession, endedSession, type SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import { reportEnded } from './context.ts'
import type { CookieOf, RequestSession } from './request-session.ts'

export async function closeSession(request: RequestSession): Promise<void> {
  const { state, context, exchange, justEnded } = request
  const { store } = context
  if (state.is === 'live') request.require('cookie')
  const cookie = state.is === 'live' ? { id: state.record.id, hash: state.credential.hash } : justEnded
  if (!cookie) return
  const ended =
    (state.is === 'live' && (await endStored(store, state.record, cookie))) || (await endRotated(store, cookie))
  // If this call ended no session, a concurrent login may have set a new cookie. The cookie is therefore not cleared.
  if (!ended) return state.is === 'live' ? request.becomeGuest('just-ended') : undefined
  request.becomeGuest(exchange.mayBeginGuest ? undefined : 'request')
  reportEnded(context, [ended], request.cause)
  if (exchange.headersSent()) return
  exchange.setCookie(context.cookie.clear())
  if (context.boundCookie) exchange.setCookie(context.boundCookie.clear())
}

/** Returns undefined if the session had already ended. After an error, the tombstone shows how the session ended. */
async function endStored(
  store: BoundStore,
  record: SessionRecord,
  { id, hash }: CookieOf,
): Promise<EndedSession | undefined> {
  try {
    return await store.end({ id, reason: 'closed', by: hash })
  } catch (error) {
    const found = await store.find({ id, hash }).catch(() => undefined)
    if (found?.state !== 'ended') throw error
    return found.reason === 'closed' ? endedSession(record, 'closed') : undefined
  }
}

/** Ends the session if another request has rotated its cookie. Ends no session if a login has replaced the session. */
async function endRotated(store: BoundStore, { id, hash }: CookieOf): Promise<EndedSession | undefined> {
  const found = await store.find({ id, hash })
  return found?.state === 'ended' && found.reason === 'secured' ? store.end({ id, reason: 'closed' }) : undefined
}
