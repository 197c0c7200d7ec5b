import type { SessionRecord } from '../record.ts'
import { resolveLostReply } from './bound-store.ts'
import { eventOf, reportEnded } from './context.ts'
import { isSessionError, sessionLimit } from './errors.ts'
import { type NewSession, newCredential } from './new-record.ts'
import type { RequestSession } from './request-session.ts'

/** Stores a guest's session that is not stored yet. */
export async function beginSession(request: RequestSession): Promise<void> {
  await request.inTurn(async () => {
    if (request.state.is !== 'guest') return
    request.require('mayBegin')
    await createSession(request, {}, 'visit')
  })
}

/** Stores a guest's session that is not stored yet, if this request may begin one. A failure does not fail the request. */
export async function beginSessionIfAllowed(request: RequestSession): Promise<void> {
  const { state, exchange, context } = request
  if (state.is !== 'guest' || state.refusal !== undefined || exchange.headersSent()) return
  if (request.unread) return // a guest's cookie would overwrite the one that the message belongs to
  try {
    await beginSession(request)
  } catch (error) {
    // At the session limit, or when the store is down, the visitor gets the page without a session.
    if (isSessionError(error, 'STORE_UNAVAILABLE'))
      context.events.emit('warning', { message: 'A visitor’s session could not be stored.', error })
    else if (!isSessionError(error, 'SESSION_LIMIT')) throw error
  }
}

/** Stores the guest's session with these fields and sets its cookie. */
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
 * Makes a stored session the session of this request and sets its cookie.
 * @param shared the session existed before this request, so other devices may use it.
 */
export async function presentSession(
  request: RequestSession,
  { record, credential, token }: NewSession,
  { shared = false } = {},
): Promise<void> {
  const { exchange, context } = request
  const { store, cookie } = context
  if (exchange.headersSent()) {
    // The response began during the store's call, so the browser cannot get the cookie: undo what was stored.
    const { id } = record
    if (shared) await store.detach({ id, handle: credential.handle, reason: 'closed' })
    else await store.end({ id, reason: 'closed' })
    request.require('cookie')
  }
  request.state = { is: 'live', record, credential, unsent: !shared }
  exchange.setCookie(cookie.set(token))
}
