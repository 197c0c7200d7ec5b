import { type Credential, isUnusedLogin, type SessionRecord } from '../../record.ts'
import { type Context, eventOf, reportEnded } from '../context.ts'
import { bindingKeyOf } from '../credentials/cookie-purpose.ts'
import { hashSecret, parseToken } from '../credentials/token.ts'
import type { Cause } from '../events.ts'
import { cutDevice } from '../new-record.ts'
import { bindingOf, detailsOf, originOf } from './binding.ts'
import type { BindingPolicy } from './binding-options.ts'
import { isSignedBy, readProof } from './binding-proof.ts'
import { isValidValue, valueUntil } from './bound-values.ts'
import { publicKeyText } from './public-key.ts'
import { CHALLENGE_MILLISECONDS } from './registration.ts'

/** A request of the browser, not of a page, to register its key or to prove that it still has the key. */
export interface BindingRequest {
  readonly cookieHeader: string | undefined
  /** The header `Secure-Session-Response`. */
  readonly proof: string | undefined
  /** The header `Sec-Secure-Session-Id`. Only a refresh has it. */
  readonly sessionId: string | undefined
  readonly cause: Cause
}

export interface BindingAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** The endpoints of Device Bound Session Credentials. Each framework adapter serves them. */
export interface BindingEndpoints {
  readonly bindPath: string
  readonly refreshPath: string
  /** @throws SessionError STORE_UNAVAILABLE. The browser then keeps its key and tries again. */
  bind(request: BindingRequest): Promise<BindingAnswer>
  /** @throws SessionError STORE_UNAVAILABLE. */
  refresh(request: BindingRequest): Promise<BindingAnswer>
}

export function bindingEndpoints(context: Context): BindingEndpoints | undefined {
  const { deviceBinding } = context.policy
  return (
    deviceBinding && {
      bindPath: deviceBinding.bindPath,
      refreshPath: deviceBinding.refreshPath,
      bind: (request) => bind(context, deviceBinding, request),
      refresh: (request) => refresh(context, deviceBinding, request),
    }
  )
}

interface Bindable {
  session: SessionRecord
  credential: Credential
  /** The secret key of the credential. */
  key: string
}

async function bind(context: Context, policy: BindingPolicy, request: BindingRequest): Promise<BindingAnswer> {
  const found = await findBindable(context, request.cookieHeader)
  const proof = readProof(request.proof)
  // A refusal offers no new challenge. Otherwise, a thief could register a key for a copied cookie that has none.
  if (!found || !proof || !isValidValue('registration', found.key, proof.challenge, context.clock.now())) return REFUSAL
  const publicKey = publicKeyText(proof.algorithm, proof.jwk)
  if (publicKey === undefined || !isSignedBy(proof, publicKey)) return REFUSAL
  return (await register(context, found, publicKey, request.cause)) ? instructions(context, policy, found) : REFUSAL
}

/** Returns whether the cookie is bound to this key. */
async function register(
  context: Context,
  { session, credential }: Bindable,
  publicKey: string,
  cause: Cause,
): Promise<boolean> {
  const { store, clock, events } = context
  const { id } = session
  const { hash, handle, details } = credential
  const binding = bindingOf(credential)
  if (binding) return binding.publicKey === publicKey // The browser repeats a registration whose answer was lost.
  const now = clock.now()
  if (credential.lastSeenAt === null) {
    // The page that follows the login may still be on its way. This first use ends the other unused logins of the origin.
    // One of them may be the login whose cookie the browser is about to receive, so the page must come first.
    if (await hasRival(context, session, details)) return false
    const from = { device: cutDevice(cause.device ?? null), address: cause.address ?? null }
    reportEnded(context, await store.touch({ id, hash, from, now }), cause)
  }
  const bound = { origin: originOf(details), publicKey, since: now, failures: 0, firstFailure: 0, lastFailure: 0 }
  const change = { from: details, to: detailsOf(handle, bound) }
  const isStored = async () => {
    const found = await store.find({ id, hash })
    return found?.state === 'live' && bindingOf(found.credential)?.publicKey === publicKey
  }
  try {
    if (!(await store.setDetails({ id, hash, ...change, now }))) return await isStored()
  } catch (error) {
    if (!(await isStored().catch(() => false))) throw error
  }
  events.emit('bound', { ...eventOf(session, cause), handle })
  return true
}

/** Whether another login of the same origin waits for its first use. The details of an unused login are its origin. */
async function hasRival({ store }: Context, { id, userId }: SessionRecord, origin: string | null): Promise<boolean> {
  if (origin === null) return false
  const { sessions } = await store.list({ filter: userId === null ? {} : { userId }, page: {} })
  const ids = sessions.map((session) => session.id).filter((other) => other !== id)
  const credentials = [...(await store.credentials({ ids })).values()].flat()
  return credentials.some((credential) => isUnusedLogin(credential) && credential.details === origin)
}

async function refresh(context: Context, policy: BindingPolicy, request: BindingRequest): Promise<BindingAnswer> {
  const [, , handle] = /^("?)([0-9a-f]{16})\1$/.exec(request.sessionId ?? '') ?? []
  if (handle === undefined) return REFUSAL
  const found = await findBindable(context, request.cookieHeader)
  const binding = found && bindingOf(found.credential)
  // The session has ended, or another cookie has replaced this one. The browser then forgets the key.
  if (!binding || found.credential.handle !== handle)
    return answer(200, {}, JSON.stringify({ session_identifier: handle, continue: false }))
  const proof = readProof(request.proof)
  const { publicKey } = binding
  const isFresh = proof && isValidValue('challenge', found.key, proof.challenge, context.clock.now())
  if (!isFresh || publicKey === undefined || !isSignedBy(proof, publicKey))
    return answer(403, challengeHeader(context, policy, found), '')
  return instructions(context, policy, found)
}

/** Returns the credential of the session cookie, if there is exactly one live session cookie. */
async function findBindable(
  { cookie, store }: Context,
  cookieHeader: string | undefined,
): Promise<Bindable | undefined> {
  const live: Bindable[] = []
  for (const value of cookie.read(cookieHeader) ?? []) {
    const token = parseToken(value)
    const found = token && (await store.find({ id: token.id, hash: hashSecret(token.secret) }))
    if (found?.state !== 'live') continue
    const { session, credential } = found
    live.push({ session, credential, key: bindingKeyOf(credential) ?? '' })
  }
  const [only] = live
  return live.length === 1 && only?.key ? only : undefined
}

/** The answer to a valid proof: the bound cookie, and the rules by which the browser renews it. */
function instructions(context: Context, policy: BindingPolicy, found: Bindable): BindingAnswer {
  const { boundCookie, clock } = context
  const { cookie, exclude, milliseconds, graceMilliseconds, refreshPath } = policy
  const value = valueUntil('cookie', found.key, clock.now() + milliseconds + graceMilliseconds)
  const body = {
    session_identifier: found.credential.handle,
    refresh_url: refreshPath,
    scope: { include_site: false, scope_specification: exclude.map((path) => ({ type: 'exclude', path })) },
    credentials: [{ type: 'cookie', name: cookie.name, attributes: cookie.attributes.slice('; '.length) }],
  }
  const setCookie = boundCookie?.set(value, milliseconds / 1000) ?? ''
  return answer(200, { 'Set-Cookie': setCookie, ...challengeHeader(context, policy, found) }, JSON.stringify(body))
}

/** The browser signs this challenge at its next refresh, and a new one if this one has expired. */
function challengeHeader({ clock }: Context, { milliseconds }: BindingPolicy, { credential, key }: Bindable) {
  const challenge = valueUntil('challenge', key, clock.now() + milliseconds + CHALLENGE_MILLISECONDS)
  return { 'Secure-Session-Challenge': `"${challenge}";id="${credential.handle}"` }
}

function answer(status: number, headers: Record<string, string>, body: string): BindingAnswer {
  const type: Record<string, string> = body === '' ? {} : { 'Content-Type': 'application/json' }
  return { status, headers: { ...type, ...headers }, body }
}

const REFUSAL = answer(403, {}, '')
