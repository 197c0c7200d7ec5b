import type { SessionRecord } from '../record.ts'
import { resolveLostReply } from './bound-store.ts'
import { eventOf, reportEnded } from './context.ts'
import { isSessionError, sessionLimit } from './errors.ts'
import { type NewSession, newCredential } from './new-record.ts'
import type { RequestSession } from './request-session.ts'

/** Stores the guest's session, so that it can be written to. */
export async function beginSession(request: RequestSession): Promise<void> {
  await request.inTurn(async () => {
    if (request.state.is !== 'guest') return
    request.require('mayBegin')
    await createSession(request, {}, 'visit')
  })
}

/** Stores a guest's session that nothing was stored for yet, if this request may begin one. */
export async function beginSessionIfAllowed(request: RequestSession): Promise<void> {
  const { state, exchange, context } = request
  if (state.is !== 'guest' || state.refusal !== undefined || exchange.headersSent()) return
  if (request.unread) return // a guest's cookie would take away what the message is waiting for
  try {
    await beginSession(request)
  } catch (error) {
    // Too many sessions, or no store: a visitor without a session has nothing to lose, and gets the page without one.
    if (isSessionError(error, 'STORE_UNAVAILABLE'))
      context.events.emit('warning', { message: 'A visitor’s session could not be stored.', error })
    else if (!isSessionError(error, 'SESSION_LIMIT')) throw error
  }
}

/** Stores the guest's session with these fields and gives its cookie to the browser. */
export async function createSession(
  request: RequestSession,
  fields: Partial<SessionRecord>,
  via: 'visit' | 'login',
): Promise<void> {
  request.require('cookie')
  const { context, exchange, cause } = request
  const { store, clock, events, policy } = context
  const now = clock.now()
  const record = { ...request.record, ...fields }
  const authenticatedAt = via === 'login' ? now : null
  const made = newCredential('cookie', record, { via, authenticatedAt, from: exchange }, now)
  const step = store.create({ session: record, credential: made.credential, limits: policy.limits, now })
  const admission = await resolveLostReply(store, step, made, { admitted: true, ended: [] })
  if (!admission.admitted) throw sessionLimit()
  const event = eventOf(record, cause)
  events.emit('created', { ...event, via })
  if (via === 'login') events.emit('secured', { ...event, replaced: undefined })
  reportEnded(context, admission.ended, cause)
  await presentSession(request, made)
}

/**
 * Makes a session that was just stored the request's, and gives its cookie to the browser. A session that is older than this request
 * is `shared`: other devices may have it.
 */
export async function presentSession(
  request: RequestSession,
  { record, credential, token }: NewSession,
  { shared = false } = {},
): Promise<void> {
  const { exchange, context } = request
  const { store, cookie } = context
  if (exchange.headersSent()) {
    // The answer began while the store worked: the browser would never get this session, or this cookie of a shared one.
    const { id } = record
    if (shared) await store.detach({ id, handle: credential.handle, reason: 'closed' })
    else await store.end({ id, reason: 'closed' })
    request.require('cookie')
  }
  request.state = { is: 'live', record, credential, unsent: !shared }
  exchange.setCookie(cookie.set(token))
}
