import type { SessionId } from '../record.ts'
import type { Found } from '../store.ts'
import { noteActivity } from './activity.ts'
import type { Context } from './context.ts'
import { hashSecret, parseToken } from './credentials/token.ts'
import type { Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { restoreSession } from './one-time-links.ts'
import { type Refusal, RequestSession } from './request-session.ts'
import { Session } from './session.ts'

/**
 * For this long after an end, a request that comes with the ended session's cookie gets no new one: it was sent before the browser
 * heard of the end, and a guest's cookie in its answer could overwrite that of a login.
 */
const JUST_ENDED_MILLISECONDS = 60_000

/**
 * Finds the session that a request belongs to, through its one-time link or its cookie; without either it is a guest's. Never refuses,
 * except when the store does not answer.
 */
export async function resumeSession<S extends object, P extends string>(
  context: Context,
  exchange: Exchange,
): Promise<Session<S, P>> {
  const request = await findByCookie(context, exchange)
  if (exchange.oneTimeToken !== undefined) await restoreSession(request, exchange.oneTimeToken)
  return new Session<S, P>(request)
}

async function findByCookie(context: Context, exchange: Exchange): Promise<RequestSession> {
  const now = context.clock.now()
  const refusal: Refusal | undefined = exchange.mayBeginGuest ? undefined : 'request'
  let live: Extract<Found, { state: 'live' }> | undefined
  let past: Past | undefined
  const values = context.cookie.read(exchange.cookieHeader)
  if (!values) return guest(context, exchange, 'just-ended')
  for (const value of values) {
    const token = parseToken(value)
    if (!token) continue
    const hash = hashSecret(token.secret)
    const found = await context.store.find({ id: token.id, hash, now })
    if (found?.state === 'ended') past = newerPast(past, { id: token.id, hash, ended: found })
    if (found?.state !== 'live' || found.credential.kind !== 'cookie') continue
    if (live) return guest(context, exchange, 'just-ended') // two live ones: one was planted, and neither is believed
    live = found
  }
  if (!live) return past ? guestAfter(context, exchange, past, now) : guest(context, exchange, refusal)
  const { session, credential } = live
  const record = exchange.countsAsActivity ? await noteActivity(context, session, credential, exchange, now) : session
  const request = new RequestSession(context, exchange, { is: 'live', record, credential, unsent: false })
  request.arrivalId = record.id
  return request
}

/** An ended session whose cookie came. */
interface Past {
  id: SessionId
  hash: string
  ended: Extract<Found, { state: 'ended' }>
}

function newerPast(a: Past | undefined, b: Past): Past {
  return a && a.ended.endedAt > b.ended.endedAt ? a : b
}

/** A guest whose session ended: what is known of it may matter to what the user does next. */
function guestAfter(context: Context, exchange: Exchange, { id, hash, ended }: Past, now: number): RequestSession {
  const isLate = now - ended.endedAt < JUST_ENDED_MILLISECONDS
  const request = guest(context, exchange, isLate ? 'just-ended' : exchange.mayBeginGuest ? undefined : 'request')
  request.arrivalId = id
  if (isLate) request.successor = ended.successor ?? undefined
  // Only a page that is opened can show it to the user.
  if (ended.message && exchange.mayBeginGuest) request.unread = { hash }
  return request
}

function guest(context: Context, exchange: Exchange, refusal: Refusal | undefined): RequestSession {
  const record = newRecord(context, 'web', context.clock.now())
  return new RequestSession(context, exchange, { is: 'guest', record, refusal })
}
