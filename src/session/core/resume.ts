import type { SessionId } from '../record.ts'
import type { Found } from '../store.ts'
import { noteActivity } from './activity.ts'
import { answerOf, type Engine } from './context.ts'
import { hashSecret, parseToken } from './credentials/token.ts'
import type { Carrier } from './exchange.ts'
import { newRecord } from './new-session.ts'
import { restoreSession } from './one-time-links.ts'
import { Hold, type Refusal } from './request-session.ts'
import { Session } from './session.ts'

/**
 * For this long after an end, a request that comes with the ended session's cookie gets no new one: it was sent before the browser
 * heard of the end, and a guest's cookie in its answer could overwrite that of a login.
 */
export const JUST_ENDED_MILLISECONDS = 60_000

/** Finds the session that a request belongs to, through its one-time link or its cookie; everybody else is a guest. Never refuses, except when the store does not answer. */
export async function resumeSession<S extends object, P extends string>(
  engine: Engine,
  carrier: Carrier,
): Promise<Session<S, P>> {
  const hold = await holdByCookie(engine, carrier)
  if (carrier.oneTimeToken !== undefined) await restoreSession(hold, carrier.oneTimeToken)
  return new Session<S, P>(hold)
}

async function holdByCookie(engine: Engine, carrier: Carrier): Promise<Hold> {
  const { store, appName, clock } = engine.policy
  const now = clock.now()
  const request: Refusal | undefined = carrier.mayBeginGuest ? undefined : 'request'
  let live: Extract<Found, { state: 'live' }> | undefined
  let past: Past | undefined
  const values = engine.cookie.read(carrier.cookieHeader)
  if (!values) return guest(engine, carrier, 'just-ended')
  for (const value of values) {
    const token = parseToken(value)
    if (!token) continue
    const hash = hashSecret(token.secret)
    const found = await answerOf(store.find(appName, token.id, hash, now))
    if (found?.state === 'ended') past = newerPast(past, { id: token.id, hash, ended: found })
    if (found?.state !== 'live' || found.credential.kind !== 'cookie') continue
    if (live) return guest(engine, carrier, 'just-ended') // two live ones: somebody planted one, and neither is believed
    live = found
  }
  if (!live) return past ? guestAfter(engine, carrier, past, now) : guest(engine, carrier, request)
  const { session, credential } = live
  const record = carrier.countsAsActivity ? await noteActivity(engine, session, credential, carrier, now) : session
  const hold = new Hold(engine, carrier, { is: 'live', record, credential, unsent: false })
  hold.arrivalId = record.id
  return hold
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

/** Somebody whose session ended: what is known of it may matter to what he does next. */
function guestAfter(engine: Engine, carrier: Carrier, { id, hash, ended }: Past, now: number): Hold {
  const isLate = now - ended.endedAt < JUST_ENDED_MILLISECONDS
  const hold = guest(engine, carrier, isLate ? 'just-ended' : carrier.mayBeginGuest ? undefined : 'request')
  hold.arrivalId = id
  if (isLate) hold.successor = ended.successor ?? undefined
  // Only a page that somebody opens can show it to him.
  if (ended.message && carrier.mayBeginGuest) hold.unread = { hash }
  return hold
}

function guest(engine: Engine, carrier: Carrier, refusal: Refusal | undefined): Hold {
  const record = newRecord(engine, 'web', engine.policy.clock.now())
  return new Hold(engine, carrier, { is: 'guest', record, refusal })
}
