import { isGuestRecord, type SessionRecord } from '../record.ts'
import type { FoundOTP } from '../store.ts'
import { noteActivity } from './activity.ts'
import { answerOf, type Engine, eventOf } from './context.ts'
import { isOTP, newOTP, type OTPOptions, type OTPTerms, termsOf, worksAt } from './credentials/otp.ts'
import { hashSecret } from './credentials/token.ts'
import { sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { newCredential, storedAfterAll } from './new-session.ts'
import type { Hold } from './request-session.ts'

/**
 * Opens a one-time link in this request. When it is good, the request's session becomes the link's and the link is spent; the
 * session that the browser had before is left alive. Otherwise nothing changes: used, expired, unknown and malformed ones look
 * alike.
 * @returns whether the request now has the link's session.
 * @throws SessionError HEADERS_SENT before anything is spent, when the browser would need a cookie; STORE_UNAVAILABLE, and then nobody
 * knows whether the link is spent.
 */
export async function restoreSession(hold: Hold, token: unknown): Promise<boolean> {
  const { engine, carrier } = hold
  const { store, appName, clock, limits } = engine.policy
  if (carrier.linkUse === 'none' || hold.record.kind !== 'web' || !isOTP(token)) return false
  const hash = hashSecret(token)
  const found = await answerOf(store.findOTP(appName, hash, clock.now()))
  const terms = found && termsOf(engine.format, found.credential)
  if (found?.session.kind !== 'web' || !terms || !worksAt(terms.path, carrier.path)) return refuse(hold)
  if (waitsForConfirmation(hold, found, terms)) return false
  const isOwn = hold.state.is === 'live' && hold.record.id === found.session.id
  const needsCookie = !isOwn && terms.requestOnly !== true
  if (needsCookie) hold.refuseAfterHeaders()
  const now = clock.now()
  const { device, address } = carrier
  const made = needsCookie
    ? newCredential('cookie', found.session.id, { via: 'link', authenticatedAt: null, device, address }, now)
    : undefined
  const step = store.redeem(appName, hash, made?.credential, limits, now)
  // When the answer is lost, a new cookie's credential tells whether the link was spent on it. Without one nothing does.
  const record = await (made
    ? storedAfterAll(engine, step, made.credential, found.session.id, found.session)
    : answerOf(step))
  if (!record) return refuse(hold)
  await hold.become(record, made, terms.data)
  if (made && carrier.countsAsActivity) await noteLinkOpened(hold, now)
  engine.events.emit('restored', {
    ...eventOf(record, hold.cause),
    handle: found.credential.handle,
    requestOnly: terms.requestOnly === true,
  })
  return true
}

/** Whoever opens a link is there: the session's end moves, as with any page. */
async function noteLinkOpened(hold: Hold, now: number): Promise<void> {
  if (hold.state.is !== 'live') return
  const { record, credential } = hold.state
  hold.state = { ...hold.state, record: await noteActivity(hold.engine, record, credential, hold.carrier, now) }
}

/** A link that wants to be confirmed is only offered, until a POST says yes, and says so for the user that it would displace. */
function waitsForConfirmation(hold: Hold, { session }: FoundOTP, { confirm }: OTPTerms): boolean {
  if (confirm !== true) return false
  const displaces = hold.state.is === 'live' && hold.record.id !== session.id && !isGuestRecord(hold.record)
  if (hold.carrier.linkUse === 'confirm' && (!displaces || hold.carrier.replacesUser)) return false
  hold.offer = { userName: session.userName, instead: displaces ? hold.record.userName : undefined }
  return true
}

function refuse({ engine, record, cause }: Hold): false {
  engine.events.emit('linkRefused', eventOf(record, cause))
  return false
}

/** Makes a one-time link's token; the guest's session is stored first, if it was not. */
export async function createOTP(hold: Hold, options: OTPOptions): Promise<string> {
  hold.refuseBorrowed()
  await hold.begin()
  const { state } = hold
  if (state.is !== 'live') throw sessionEnded()
  const token = await attachOTP(hold.engine, state.record, options, state.credential.hash, hold.cause)
  if (token === undefined) throw sessionEnded()
  return token
}

/**
 * Adds a one-time link to a session; of the same purpose only the newest works.
 * @returns the token for the link; undefined when the session, or the caller's hold on it, ended meanwhile.
 */
export async function attachOTP(
  engine: Engine,
  session: SessionRecord,
  options: OTPOptions,
  by: string | undefined,
  cause: Cause | undefined,
): Promise<string | undefined> {
  const { store, appName, clock, limits } = engine.policy
  const now = clock.now()
  const { credential, token } = newOTP(engine.format, session, options, now)
  const attached = await answerOf(store.attach(appName, session.id, credential, by, limits, now))
  if (!attached) return undefined
  engine.events.emit('linkCreated', { ...eventOf(session, cause), handle: credential.handle })
  return token
}
