import { resolveLostReply } from './bound-store.ts'
import { eventOf } from './context.ts'
import { sessionEnded } from './errors.ts'
import { newCredential } from './new-record.ts'
import { presentSession } from './new-session.ts'
import { withProof } from './proofs.ts'
import type { RequestSession } from './request-session.ts'
import { isTraced, traced } from './tracing.ts'

export interface RenewOptions {
  /** Whether the user has just re-authenticated. `true` sets `authenticatedAt` to the current time. Default false. */
  login?: boolean
  /** Whether the session's other devices and one-time links end. Default 'keep'. */
  others?: 'end' | 'keep'
  /** How the user has just re-authenticated, such as 'password'. Only for a call with `login: true`. */
  proof?: string
}

export function rotateCookie(request: RequestSession, options: RenewOptions): Promise<void> {
  if (options.login !== true || !isTraced('login')) return rotate(request, options)
  const facts = { operation: 'login', sessionId: request.record.id } as const
  return traced(
    request.context.source,
    facts,
    () => rotate(request, options),
    () => ({ outcome: 'logged-in' }),
  )
}

async function rotate(request: RequestSession, { login = false, others = 'keep', proof }: RenewOptions): Promise<void> {
  const { state, context, exchange } = request
  if (state.is !== 'live') throw sessionEnded()
  const { store, clock, events } = context
  const { record, credential: old } = state
  const now = clock.now()
  const via = login ? 'login' : old.via
  const authenticatedAt = login ? now : old.authenticatedAt
  const seed = { via, authenticatedAt, from: exchange, expiresAt: old.expiresAt, proofs: withProof(old, proof, now) }
  const made = newCredential(context, 'cookie', record, seed, now)
  const step = store.rotate({ id: record.id, by: old.hash, credential: made.credential, others, now })
  if (!(await resolveLostReply(store, step, made, true))) {
    request.becomeGuest('just-ended')
    throw sessionEnded()
  }
  await presentSession(request, made, { shared: true })
  events.emit('renewed', { ...eventOf(record, request.cause), login, others })
}
