import { isPlainObject, typeOf } from '../known-options.ts'
import { type Credential, endAfter, type SessionRecord } from '../record.ts'
import { resolveLostReply } from './bound-store.ts'
import { type Context, eventOf, reportEnded } from './context.ts'
import { sessionLimit } from './errors.ts'
import type { Cause } from './events.ts'
import { causeOf } from './exchange.ts'
import { type PrivilegeGrant, readGrant, refuseUndeclared } from './grants.ts'
import { lifetimeMilliseconds } from './lifetime.ts'
import { type CredentialSeed, type NewSession, newCredential, newRecord } from './new-record.ts'
import type { NameList } from './roles.ts'
import { isTraced, traced } from './tracing.ts'

/** Whether a token may change data. The application must enforce the scope. */
export type TokenScope = 'read' | 'read-write'

export interface NewTokenOptions<P extends string = string, R extends string = string> {
  /** Default ''. */
  userName?: string
  /** The privileges of the token, as in `setPrivileges`. Default: none. */
  privileges?: NameList<P>
  roles?: NameList<R>
  /** Idle timeout in seconds; 0 for none. Default 1800 (West Wind) for a sign-in, 0 for an API token. */
  idleSeconds?: number
  /** Absolute timeout in seconds. Default: the option `absoluteHours.rest` (30 days). */
  absoluteSeconds?: number
  /** The name of the token, at most 200 characters. Default ''. */
  name?: string
  /** Default 'read-write'. */
  scope?: TokenScope
  /** The values in the storage of the session. Default: none. */
  storage?: object
}

export interface TokenTerms {
  name: string
  scope: TokenScope
}

interface Origin extends CredentialSeed {
  from: CredentialSeed['from'] & Cause
}

const MAX_NAME_LENGTH = 200

export const TOKEN_OPTIONS = {
  userName: true,
  privileges: true,
  roles: true,
  idleSeconds: true,
  absoluteSeconds: true,
  name: true,
  scope: true,
  storage: true,
} as const

export function createTokenSession(
  context: Context,
  userId: string | undefined,
  options: NewTokenOptions,
  origin: Origin,
): Promise<NewSession> {
  if (origin.via !== 'sign-in' || !isTraced('login')) return createStored(context, userId, options, origin)
  return traced(
    context.source,
    { operation: 'login' },
    () => createStored(context, userId, options, origin),
    ({ record }) => ({ outcome: 'logged-in', sessionId: record.id }),
  )
}

async function createStored(
  context: Context,
  userId: string | undefined,
  options: NewTokenOptions,
  origin: Origin,
): Promise<NewSession> {
  const { store, clock, events, format, bearer, policy } = context
  const now = clock.now()
  const where = origin.via === 'token' ? 'newToken()' : 'newSession()'
  const record = recordOf(context, where, userId, options, now)
  const { sessionsPerUser: _, ...withoutUser } = policy.limits
  const limits = origin.via === 'token' ? withoutUser : policy.limits
  const details = format.encode(readTerms(options), 'newSession')
  const made = newCredential(context, 'bearer', record, { ...origin, details }, now)
  const step = store.create({ session: record, credential: made.credential, limits, now })
  const admission = await resolveLostReply(store, step, made, { admitted: true, ended: [] })
  if (!admission.admitted) throw sessionLimit()
  const cause = causeOf(origin.from)
  events.emit('created', { ...eventOf(record, cause), via: origin.via })
  reportEnded(context, admission.ended, cause)
  return { ...made, token: bearer.format(made.token) }
}

/** Returns undefined if the name or the scope cannot be read. The token then opens no session. */
export function termsOfToken({ details }: Pick<Credential, 'details'>): TokenTerms | undefined {
  const { name, scope } = termsIn(details ?? '')
  return typeof name === 'string' && isScope(scope) ? { name, scope } : undefined
}

// Uses JSON.parse and not `StorageFormat`: no codec is needed, and every request with a token calls this function.
function termsIn(details: string): Partial<TokenTerms> {
  try {
    return JSON.parse(details) ?? {}
  } catch {
    return {}
  }
}

function isScope(scope: unknown): scope is TokenScope {
  return scope === 'read' || scope === 'read-write'
}

function recordOf(
  context: Context,
  where: string,
  userId: string | undefined,
  { userName, privileges, roles, idleSeconds, absoluteSeconds, storage = {} }: NewTokenOptions,
  now: number,
): SessionRecord {
  const grant: PrivilegeGrant = {
    ...(userName !== undefined && { userName }),
    ...(userId !== undefined && { userId }),
    ...(privileges !== undefined && { privileges }),
    ...(roles !== undefined && { roles }),
  }
  const { fields, undeclared } = readGrant(context, grant, where)
  refuseUndeclared(context, where, undeclared)
  if (!isPlainObject(storage))
    throw new TypeError(`${where}: storage takes an object with values, got ${typeOf(storage)}.`)
  const empty = newRecord(context, 'rest', now)
  const next = { ...empty, ...fields, storage: context.storage.write(storage, empty) }
  const idleMilliseconds = milliseconds('idleSeconds', idleSeconds, 0) ?? next.idleMilliseconds
  const length = milliseconds('absoluteSeconds', absoluteSeconds, 1)
  const absoluteEnd = length === undefined ? next.absoluteEnd : now + length
  return { ...next, idleMilliseconds, absoluteEnd, end: endAfter(now, idleMilliseconds, absoluteEnd) }
}

function readTerms({ name = '', scope = 'read-write' }: NewTokenOptions): TokenTerms {
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH)
    throw new TypeError(`A token's name is a text of at most ${MAX_NAME_LENGTH} characters.`)
  if (!isScope(scope)) throw new TypeError(`A token's scope is 'read' or 'read-write', got ${JSON.stringify(scope)}.`)
  return { name, scope }
}

function milliseconds(option: string, seconds: number | undefined, least: number): number | undefined {
  return seconds === undefined ? undefined : lifetimeMilliseconds(`A token's ${option}`, seconds, 'seconds', least)
}
