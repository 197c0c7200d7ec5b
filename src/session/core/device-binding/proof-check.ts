import type { Credential, SessionRecord } from '../../record.ts'
import { type Context, eventOf } from '../context.ts'
import { bindingKeyOf } from '../credentials/cookie-purpose.ts'
import { detachCredential } from '../detach-credential.ts'
import { causeOf, type Exchange } from '../exchange.ts'
import { type Binding, bindingOf, detailsOf, isBound } from './binding.ts'
import type { BindingPolicy } from './binding-options.ts'
import { isValidCookie } from './bound-values.ts'

const HOUR_MILLISECONDS = 3_600_000
/**
 * This many failures within an hour end the cookie. A request for which the browser skipped the proof counts, but ends
 * nothing: after an outage of the server, Chromium tries again only after a while, and sends such requests until then.
 */
const MOST_FAILURES = 10
// A page may send several requests at once, so the failures within this time count as one.
const BURST_MILLISECONDS = 10_000
// Two calls may count a failure at the same time. Of these calls, exactly one must count it.
const MOST_ATTEMPTS = 3
const RELOAD_MILLISECONDS = 10_000
const MOST_RELOADS = 1000
const LONGEST_REASON = 100

type Arrived = { session: SessionRecord; credential: Credential }

/**
 * - `proved`: The cookie is not bound, or the request has a valid bound cookie. Requests may still arrive without a bound
 *   cookie shortly after the registration, because the browser sent them before it received the bound cookie.
 * - `reload`: A link of another origin opened the page. Browsers send no proof before such a request, but before the
 *   reload.
 * - `failed`: The request counts as a guest's request.
 */
export async function checkProof(
  context: Context,
  exchange: Exchange,
  { session, credential }: Arrived,
  now: number,
): Promise<'proved' | 'reload' | 'failed'> {
  const { deviceBinding } = context.policy
  if (!deviceBinding || !isBound(credential)) return 'proved'
  if (hasBoundCookie(context, exchange, credential, now) || isNew(deviceBinding, credential, now)) return 'proved'
  clearInvalidCookie(context, exchange)
  // Any site can cause such requests, so they must not end the cookie.
  if (exchange.crossOrigin !== undefined)
    return exchange.crossOrigin === 'navigation' && reloadsNow(context, credential, exchange, now) ? 'reload' : 'failed'
  await recordFailure(context, deviceBinding, exchange, { session, credential }, now)
  return 'failed'
}

function hasBoundCookie(
  { boundCookie }: Context,
  { cookieHeader }: Exchange,
  credential: Credential,
  now: number,
): boolean {
  const key = bindingKeyOf(credential)
  const values = boundCookie?.read(cookieHeader) ?? []
  return key !== undefined && values.some((value) => isValidCookie(key, value, now))
}

/**
 * Browsers prove their key only when they have no bound cookie. After a change of a clock, a browser could otherwise keep
 * the cookie for minutes after the end of its value.
 */
function clearInvalidCookie({ boundCookie }: Context, exchange: Exchange): void {
  if (boundCookie && boundCookie.read(exchange.cookieHeader)?.length !== 0) exchange.setCookie(boundCookie.clear())
}

function isNew({ graceMilliseconds }: BindingPolicy, credential: Credential, now: number): boolean {
  return Math.abs(now - (bindingOf(credential)?.since ?? 0)) < graceMilliseconds
}

const reloads = new WeakMap<Context, Map<string, number>>()

/** Returns whether to answer with the page that reloads itself: once for each page of a cookie, so it cannot loop. */
function reloadsNow(context: Context, { handle }: Credential, { path }: Exchange, now: number): boolean {
  const sent = reloads.get(context) ?? new Map<string, number>()
  reloads.set(context, sent)
  const page = `${handle} ${path}`
  if (now - (sent.get(page) ?? 0) < RELOAD_MILLISECONDS) return false
  if (sent.size >= MOST_RELOADS) sent.clear()
  sent.set(page, now)
  return true
}

async function recordFailure(
  context: Context,
  { strict, message }: BindingPolicy,
  exchange: Exchange,
  { session, credential: arrived }: Arrived,
  now: number,
): Promise<void> {
  const { store, events } = context
  const { id } = session
  const { hash, handle } = arrived
  const cause = causeOf(exchange)
  let credential = arrived
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const binding = bindingOf(credential)
    if (!binding || Math.abs(now - binding.lastFailure) < BURST_MILLISECONDS) return
    const counted = withFailure(binding, now)
    const change = { from: credential.details, to: detailsOf(handle, counted) }
    if (await store.setDetails({ id, hash, ...change, now })) {
      const skipped = exchange.skippedBinding?.slice(0, LONGEST_REASON)
      const ended = strict || (counted.failures >= MOST_FAILURES && skipped === undefined)
      events.emit('bindingFailed', { ...eventOf(session, cause), handle, failures: counted.failures, ended, skipped })
      if (ended)
        await detachCredential(context, session, { handle, reason: 'revoked', cause, ...(message && { message }) })
      return
    }
    const found = await store.find({ id, hash, now })
    if (found?.state !== 'live') return
    credential = found.credential
  }
}

function withFailure(binding: Binding, now: number): Binding {
  const isNewHour = now - binding.firstFailure >= HOUR_MILLISECONDS
  return {
    ...binding,
    failures: isNewHour ? 1 : binding.failures + 1,
    firstFailure: isNewHour ? now : binding.firstFailure,
    lastFailure: now,
  }
}
