import { recordActivity } from './activity.ts'
import type { Context } from './context.ts'
import { hashSecret } from './credentials/token.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { termsOfToken } from './new-token.ts'
import { RequestSession, type RequestState } from './request-session.ts'
import { TokenSession } from './token-session.ts'

/** The parts of a REST request that a session uses. Only the Authorization header identifies the session. */
export interface TokenRequest {
  /** The value of the Authorization header; undefined if the header is absent or repeated. */
  readonly authorization: string | undefined
  /** The request's ID in the log of the application. Events include this ID. */
  readonly requestId?: string | undefined
  readonly device: string | null
  /** The client's IP address. */
  readonly address: string | null
  onClose(run: () => void): void
}

/** Without a valid token, returns a new session that is not stored. @throws SessionError STORE_UNAVAILABLE. */
export async function resumeTokenSession<S extends object, P extends string, R extends string>(
  context: Context,
  request: TokenRequest,
  defaultIdleSeconds: number | undefined,
): Promise<TokenSession<S, P, R>> {
  const exchange = exchangeOf(request)
  const state = (await liveState(context, request)) ?? {
    is: 'guest',
    record: newRecord(context, 'rest', context.clock.now()),
    refusal: undefined,
  }
  return new TokenSession<S, P, R>(new RequestSession(context, exchange, state), defaultIdleSeconds)
}

/** Copies each field by name, because the spread operator is slow. */
function exchangeOf({ requestId, device, address, onClose }: TokenRequest): Exchange {
  return {
    cookieHeader: undefined,
    mayBeginGuest: false,
    countsAsActivity: true,
    oneTimeToken: undefined,
    path: '',
    linkUse: 'none',
    replacesUser: false,
    requestId,
    device,
    address,
    headersSent: never,
    setCookie: nothing,
    setCurrent: nothing,
    onClose,
  }
}

const never = () => false
const nothing = () => {}

async function liveState(context: Context, request: TokenRequest): Promise<RequestState | undefined> {
  if (request.authorization === undefined) return undefined
  const refuse = (reason: 'malformed' | 'unknown') => {
    context.events.emit('credentialRefused', { kind: 'bearer', reason, cause: causeOf(request) })
    return undefined
  }
  const token = context.bearer.read(request.authorization)
  if (!token) return refuse('malformed')
  const now = context.clock.now()
  const found = await context.store.find({ id: token.id, hash: hashSecret(token.secret), now })
  if (found === undefined || (found.state === 'live' && found.credential.kind !== 'bearer')) return refuse('unknown')
  if (found.state !== 'live') return undefined
  const { session, credential } = found
  if (!termsOfToken(credential)) return undefined
  const record = await recordActivity(context, session, credential, request, now)
  return { is: 'live', record, credential, unsent: false }
}
