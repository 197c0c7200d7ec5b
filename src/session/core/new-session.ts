import type { SessionRecord } from '../record.ts'
import { resolveLostReply } from './bound-store.ts'
import { eventOf, reportEnded } from './context.ts'
import { detachCredential } from './detach-credential.ts'
import { offerRegistration } from './device-binding/registration.ts'
import { isSessionError, sessionLimit } from './errors.ts'
import { isRemembered, type NewSession, newCredential, rememberedFor } from './new-record.ts'
import { warnOfDroppedCookie } from './plain-http.ts'
import { withProof } from './proofs.ts'
import type { RequestSession } from './request-session.ts'
import { isTraced, traced } from './tracing.ts'

export async function beginSession(request: RequestSession): Promise<void> {
  if (request.state.is !== 'guest') return
  request.require('mayBegin')
  await createSession(request, {}, 'visit')
}

/** Like a login, a form of this origin may begin a session even if the session of the cookie has just ended. */
export async function beginForForm(request: RequestSession): Promise<void> {
  const { state, exchange } = request
  if (state.is === 'guest' && state.refusal === 'just-ended' && exchange.isOwnForm)
    request.state = { ...state, refusal: undefined }
  await beginSession(request)
}

/** Begins a guest's session if allowed. If the store fails or a limit is reached, the page works without a session. */
export async function beginSessionIfAllowed(request: RequestSession): Promise<void> {
  const { state, exchange, context } = request
  if (state.is !== 'guest' || state.refusal !== undefined || exchange.headersSent()) return
  if (request.unread) return // A guest's cookie would overwrite the old cookie, which is needed to read the message.
  try {
    await request.inTurn(() => beginSession(request))
  } catch (error) {
    if (isSessionError(error, 'STORE_UNAVAILABLE'))
      context.events.emit('warning', {
        code: 'GUEST_NOT_STORED',
        message: 'A visitor’s session could not be stored.',
        error,
      })
    else if (!isSessionError(error, 'SESSION_LIMIT')) throw error
  }
}

interface OfLogin {
  rememberMilliseconds?: number | undefined
  proof?: string | undefined
}

/** The first write of a guest, or a login without a session. `logIn` traces the login. */
export function createSession(
  request: RequestSession,
  fields: Partial<SessionRecord>,
  via: 'visit' | 'login',
  given: OfLogin = {},
): Promise<void> {
  if (via === 'login' || !isTraced('write')) return createStored(request, fields, via, given)
  return traced(
    request.context.source,
    { operation: 'write', sessionId: request.record.id },
    () => createStored(request, fields, via, given),
    () => ({ outcome: 'created', attempts: 1 }),
  )
}

async function createStored(
  request: RequestSession,
  fields: Partial<SessionRecord>,
  via: 'visit' | 'login',
  { rememberMilliseconds, proof }: OfLogin,
): Promise<void> {
  request.require('cookie')
  const { context, exchange, cause } = request
  const { store, clock, events, policy } = context
  const now = clock.now()
  const lifetime = rememberMilliseconds === undefined ? {} : rememberedFor(rememberMilliseconds, now)
  const record = { ...request.record, ...fields, ...lifetime }
  const authenticatedAt = via === 'login' ? now : null
  const details = via === 'login' ? request.origin : undefined
  const expiresAt = rememberMilliseconds === undefined ? undefined : record.absoluteEnd
  const seed = { via, authenticatedAt, from: exchange, details, expiresAt, proofs: withProof(undefined, proof, now) }
  const made = newCredential(context, 'cookie', record, seed, now)
  const step = store.create({ session: record, credential: made.credential, limits: policy.limits, now })
  const admission = await resolveLostReply(store, step, made, { admitted: true, ended: [] })
  if (!admission.admitted) throw sessionLimit()
  const event = eventOf(record, cause)
  events.emit('created', { ...event, via })
  if (via === 'login') events.emit('secured', { ...event, replaced: undefined })
  reportEnded(context, admission.ended, cause)
  await presentSession(request, made)
}

/** Sets the request's session and the cookie of the response. `shared`: whether other devices may use the session. */
export async function presentSession(
  request: RequestSession,
  { record, credential, token }: NewSession,
  { shared = false } = {},
): Promise<void> {
  const { exchange, context } = request
  const { store, cookie, clock } = context
  if (exchange.headersSent()) {
    // The response began during the call to the store, so no browser gets the new cookie. The unused credential ends.
    // If the session is not shared, the session ends too.
    const { id } = record
    const { handle } = credential
    const { cause } = request
    if (shared) await detachCredential(context, record, { handle, reason: 'closed', cause })
    else {
      const ended = await store.end({ id, reason: 'closed' })
      if (ended) reportEnded(context, [ended], cause)
    }
    request.require('cookie')
  }
  request.state = { is: 'live', record, credential, unsent: !shared }
  const secondsLeft = Math.ceil((record.absoluteEnd - clock.now()) / 1000)
  exchange.setCookie(cookie.set(token, isRemembered(record, credential) ? secondsLeft : undefined))
  offerRegistration(context, exchange, { credential })
  warnOfDroppedCookie(context, exchange)
}
