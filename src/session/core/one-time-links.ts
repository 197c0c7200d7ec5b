import { isGuestRecord, NEVER, type SessionRecord } from '../record.ts'
import type { FoundOTP, SeenFrom } from '../store.ts'
import { recordActivity } from './activity.ts'
import { resolveLostReply } from './bound-store.ts'
import { type Context, eventOf } from './context.ts'
import { isOTP, newOTP, type OTPOptions, type OTPTerms, termsOf, worksAt } from './credentials/otp.ts'
import { hashSecret } from './credentials/token.ts'
import { detachCredential } from './detach-credential.ts'
import { sessionEnded } from './errors.ts'
import type { Cause } from './events.ts'
import { isRemembered, joinedUntil, newCredential } from './new-record.ts'
import { beginSession, presentSession } from './new-session.ts'
import type { Policy } from './options.ts'
import type { RequestSession } from './request-session.ts'
import { dateOf } from './session-description.ts'

/**
 * Redeems a one-time token, and makes its session the session of the request. The browser's previous session stays
 * live. A used, expired, unknown or malformed token changes nothing.
 * @throws SessionError HEADERS_SENT when the response has begun and a cookie is needed. The link stays valid, unless
 * the response began during the call.
 * @throws SessionError STORE_UNAVAILABLE. In this case, the link may have been redeemed.
 */
export async function restoreSession(request: RequestSession, token: unknown): Promise<boolean> {
  const { context, exchange } = request
  const { store, clock, events, format, policy } = context
  if (exchange.linkUse === 'none' || request.record.kind !== 'web' || !isOTP(token)) return false
  const hash = hashSecret(token)
  const found = await store.findOTP({ hash })
  const terms = found && termsOf(format, found.credential)
  if (found?.session.kind !== 'web' || !terms || !worksAt(terms.path, exchange.path)) return refuse(request)
  if (waitsForConfirmation(request, found, terms)) return false
  const isOwn = request.state.is === 'live' && request.record.id === found.session.id
  const needsCookie = !isOwn && terms.requestOnly !== true
  if (needsCookie) request.require('cookie')
  const now = clock.now()
  const expiresAt = Math.min(joinedUntil(context, found.session, now), terms.until ?? NEVER)
  const made = needsCookie
    ? newCredential(
        context,
        'cookie',
        found.session,
        { via: 'link', authenticatedAt: null, from: exchange, expiresAt },
        now,
      )
    : undefined
  const step = store.redeem({ hash, credential: made?.credential, limits: policy.limits, now })
  // If the reply of the store is lost, the stored credential proves that the link was redeemed.
  const record = await (made ? resolveLostReply(store, step, made, found.session) : step)
  if (!record) return refuse(request)
  if (made) await presentSession(request, { ...made, record }, { shared: true })
  else if (request.state.is === 'live' && request.record.id === record.id) request.state = { ...request.state, record }
  else request.state = { is: 'request-only', record }
  request.restored = { data: terms.data }
  request.offer = undefined
  if (made && exchange.countsAsActivity) await recordLinkOpened(request, now)
  events.emit('restored', {
    ...eventOf(record, request.cause),
    handle: found.credential.handle,
    requestOnly: terms.requestOnly === true,
  })
  return true
}

async function recordLinkOpened(request: RequestSession, now: number): Promise<void> {
  if (request.state.is !== 'live') return
  const { record, credential } = request.state
  request.state = {
    ...request.state,
    record: await recordActivity(request.context, record, credential, request.exchange, now),
  }
}

/**
 * Returns whether the link still needs a confirmation. A POST confirms the link. If the link would replace a user's
 * session in this browser, the POST must also set `replacesUser`.
 */
function waitsForConfirmation(
  request: RequestSession,
  { session, credential }: FoundOTP,
  { confirm, data }: OTPTerms,
): boolean {
  if (confirm !== true) return false
  const displaces = request.state.is === 'live' && request.record.id !== session.id && !isGuestRecord(request.record)
  if (request.exchange.linkUse === 'confirm' && (!displaces || request.exchange.replacesUser)) return false
  request.offer = {
    userName: session.userName,
    instead: displaces ? request.record.userName : undefined,
    data,
    createdAt: dateOf(credential.createdAt) ?? new Date(0),
    device: credential.device,
  }
  return true
}

function refuse({ context, record, cause }: RequestSession): false {
  context.events.emit('linkRefused', eventOf(record, cause))
  return false
}

export async function createOTP(request: RequestSession, options: OTPOptions): Promise<string> {
  await beginSession(request)
  const { state, context, cause } = request
  if (state.is !== 'live') throw sessionEnded()
  const { device, address } = request.exchange
  const { record, credential } = state
  const isJoined = credential.expiresAt !== NEVER && !isRemembered(record, credential)
  const made = { ...options, device, address, until: isJoined ? credential.expiresAt : undefined }
  const token = await attachOTP(context, record, made, credential.hash, cause)
  if (token === undefined) throw sessionEnded()
  return token
}

/** `by` is the hash of the caller's credential. Returns undefined when the session or this credential has ended. */
export async function attachOTP(
  { store, clock, events, format, policy }: Context,
  session: SessionRecord,
  options: OTPOptions & Pick<OTPTerms, 'until'> & Partial<SeenFrom>,
  by: string | undefined,
  cause: Cause | undefined,
): Promise<string | undefined> {
  const now = clock.now()
  const { credential, token } = newOTP(
    format,
    { ...options, lifespan: options.lifespan ?? defaultLifespan(policy, session) },
    now,
  )
  const attached = await store.attach({ id: session.id, credential, by, limits: policy.limits, now })
  if (!attached) return undefined
  events.emit('linkCreated', { ...eventOf(session, cause), handle: credential.handle })
  return token
}

// The default for a session without idle timeout.
const DEFAULT_LIFESPAN_SECONDS = 3600
// A link opens the session without a password, so the idle timeout of a login with `remember` is too long for a link.
// This timeout is at least a day.
const LONG_MILLISECONDS = 24 * 3_600_000

function defaultLifespan({ idleMilliseconds }: Policy, session: SessionRecord): number {
  const isLong = session.idleMilliseconds >= LONG_MILLISECONDS
  return (isLong ? idleMilliseconds.web : session.idleMilliseconds) / 1000 || DEFAULT_LIFESPAN_SECONDS
}

/** Revokes an unopened link. Returns its data, or undefined if the link was opened or ended before. */
export async function revokeOTP(
  context: Context,
  token: unknown,
  cause: Cause | undefined,
): Promise<{ data: unknown } | undefined> {
  if (!isOTP(token)) return undefined
  const found = await context.store.findOTP({ hash: hashSecret(token) })
  const terms = found && termsOf(context.format, found.credential)
  if (!terms) return undefined
  const { handle } = found.credential
  const isRevoked = await detachCredential(context, found.session, { handle, reason: 'revoked', cause })
  return isRevoked ? { data: terms.data } : undefined
}
