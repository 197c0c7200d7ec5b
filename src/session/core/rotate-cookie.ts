import { resolveLostReply } from './bound-store.ts'
import { eventOf } from './context.ts'
import { sessionEnded } from './errors.ts'
import { newCredential } from './new-record.ts'
import { presentSession } from './new-session.ts'
import type { RequestSession } from './request-session.ts'

export interface RenewOptions {
  /** Whether the user has just re-authenticated. `true` sets `authenticatedAt` to the current time. Default false. */
  login?: boolean
  /** Whether the session's other devices and one-time links end. Default 'keep'. */
  others?: 'end' | 'keep'
}

export async function rotateCookie(
  request: RequestSession,
  { login = false, others = 'keep' }: RenewOptions,
): Promise<void> {
  const { state, context, exchange } = request
  if (state.is !== 'live') throw sessionEnded()
  const { store, clock, events } = context
  const { record, credential: old } = state
  const now = clock.now()
  const via = login ? 'login' : old.via
  const authenticatedAt = login ? now : old.authenticatedAt
  const made = newCredential('cookie', record, { via, authenticatedAt, from: exchange, expiresAt: old.expiresAt }, now)
  const step = store.rotate({ id: record.id, by: old.hash, credential: made.credential, others, now })
  if (!(await resolveLostReply(store, step, made, true))) {
    request.becomeGuest('just-ended')
    throw sessionEnded()
  }
  await presentSession(request, made, { shared: true })
  events.emit('renewed', { ...eventOf(record, request.cause), login, others })
}
