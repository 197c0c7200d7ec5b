import { type SessionId, TOMBSTONE_MILLISECONDS } from '../record.ts'
import type { Found } from '../store.ts'
import { recordActivity } from './activity.ts'
import type { Context } from './context.ts'
import { hashSecret, parseToken } from './credentials/token.ts'
import { originOf } from './device-binding/binding.ts'
import { checkProof } from './device-binding/proof-check.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { restoreSession } from './one-time-links.ts'
import { type Refusal, RequestSession } from './request-session.ts'
import { Session } from './session.ts'

/**
 * A browser may send a request with its old cookie before a concurrent login finishes. For this time after the end of
 * the old session, the response to such a request sets no guest's cookie. A guest's cookie would overwrite the login's
 * cookie.
 */
const JUST_ENDED_MILLISECONDS = 60_000

/** @throws SessionError STORE_UNAVAILABLE; HEADERS_SENT if a link needs a cookie and the response has begun. */
export async function resumeSession<S extends object, P extends string, R extends string>(
  context: Context,
  exchange: Exchange,
): Promise<Session<S, P, R>> {
  const request = await findByCookie(context, exchange)
  if (exchange.oneTimeToken !== undefined && !request.mustReload) await restoreSession(request, exchange.oneTimeToken)
  return new Session<S, P, R>(request)
}

async function findByCookie(context: Context, exchange: Exchange): Promise<RequestSession> {
  const now = context.clock.now()
  let live: Extract<Found, { state: 'live' }> | undefined
  let past: EndedCookie | undefined
  const values = context.cookie.read(exchange.cookieHeader)
  if (!values) {
    emitRefused(context, exchange, 'malformed')
    return guest(context, exchange, 'just-ended')
  }
  let refused: 'malformed' | 'unknown' | undefined
  for (const value of values) {
    const token = parseToken(value)
    if (!token) {
      refused ??= 'malformed'
      continue
    }
    const hash = hashSecret(token.secret)
    const found = await context.store.find({ id: token.id, hash, now })
    if (found?.state === 'ended' && found.endedAt >= (past?.ended.endedAt ?? 0))
      past = { id: token.id, hash, ended: found }
    if (found === undefined || (found.state === 'live' && found.credential.kind !== 'cookie')) refused ??= 'unknown'
    if (found?.state !== 'live' || found.credential.kind !== 'cookie') continue
    if (live) return guest(context, exchange, 'just-ended') // An attacker may have planted one of the two cookies.
    live = found
  }
  if (refused !== undefined) emitRefused(context, exchange, refused)
  if (!live) return past ? guestAfter(context, exchange, past, now) : guest(context, exchange)
  const { session, credential } = live
  const proof = context.policy.deviceBinding ? await checkProof(context, exchange, live, now) : 'proved'
  if (proof !== 'proved') {
    const request = guest(context, exchange, 'unproved')
    request.mustReload = proof === 'reload'
    return request
  }
  const record = exchange.countsAsActivity ? await recordActivity(context, session, credential, exchange, now) : session
  const request = new RequestSession(context, exchange, { is: 'live', record, credential, unsent: false })
  request.arrivalId = record.id
  request.origin = originOf(credential.details) ?? record.id
  return request
}

function emitRefused(context: Context, exchange: Exchange, reason: 'malformed' | 'unknown'): void {
  context.events.emit('credentialRefused', { kind: 'cookie', reason, cause: causeOf(exchange) })
}

interface EndedCookie {
  id: SessionId
  hash: string
  ended: Extract<Found, { state: 'ended' }>
}

function guestAfter(
  context: Context,
  exchange: Exchange,
  { id, hash, ended }: EndedCookie,
  now: number,
): RequestSession {
  const isLate = now - ended.endedAt < JUST_ENDED_MILLISECONDS
  const request = guest(context, exchange, isLate ? 'just-ended' : undefined)
  request.arrivalId = id
  if (isLate) request.justEnded = { id, hash }
  request.cookieWasReplaced = isLate && ended.reason === 'secured'
  // The origin is used only for the time for which every store keeps the tombstone of a cookie.
  if (now - ended.endedAt < TOMBSTONE_MILLISECONDS) request.origin = originOf(ended.origin) ?? id
  // Only a page navigation can show the message to the user.
  if (ended.message && exchange.mayBeginGuest) request.unread = { id, hash }
  return request
}

function guest(
  context: Context,
  exchange: Exchange,
  refusal: Refusal | undefined = exchange.mayBeginGuest ? undefined : 'request',
): RequestSession {
  const record = newRecord(context, 'web', context.clock.now())
  return new RequestSession(context, exchange, { is: 'guest', record, refusal })
}
