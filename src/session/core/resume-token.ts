import { noteActivity } from './activity.ts'
import type { Context } from './context.ts'
import { hashSecret } from './credentials/token.ts'
import type { Exchange } from './exchange.ts'
import { newRecord } from './new-record.ts'
import { RequestSession, type RequestState } from './request-session.ts'
import { TokenSession } from './token-session.ts'

/** How a REST request reaches its session: by its Authorization header, and by nothing else. */
export interface TokenRequest {
  /** The Authorization header, if exactly one came. */
  readonly authorization: string | undefined
  /** What the application's log calls this request: it stands in events. */
  readonly requestId?: string | undefined
  /** How the client describes itself, and where it is. */
  readonly device: string | null
  readonly address: string | null
  /** Calls `run` when the request is over. */
  onClose(run: () => void): void
}

/**
 * Finds the session of a bearer token. Whatever is no live token of this application's rest sessions is a miss: a new session that is
 * stored nowhere. Never refuses, except when the store does not answer.
 */
export async function resumeTokenSession<S extends object, P extends string>(
  context: Context,
  request: TokenRequest,
  defaultIdleSeconds: number | undefined,
): Promise<TokenSession<S, P>> {
  const exchange = exchangeOf(request)
  const state = (await liveState(context, request)) ?? {
    is: 'guest',
    record: newRecord(context, 'rest', context.clock.now()),
    refusal: undefined,
  }
  return new TokenSession<S, P>(new RequestSession(context, exchange, state), defaultIdleSeconds)
}

/** A REST request has no cookie to read or to set, and no link to open. Written out: a spread of it costs more than all the rest. */
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
  const token = context.bearer.read(request.authorization)
  if (!token) return undefined
  const now = context.clock.now()
  const found = await context.store.find({ id: token.id, hash: hashSecret(token.secret), now })
  if (found?.state !== 'live' || found.credential.kind !== 'bearer') return undefined
  const { session, credential } = found
  const record = await noteActivity(context, session, credential, request, now)
  return { is: 'live', record, credential, unsent: false }
}
