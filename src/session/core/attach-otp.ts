import { newOTP, type OTPOptions } from './credentials/otp.ts'
import { answerOf, type Engine, eventOf } from './context.ts'
import type { Cause } from './events.ts'
import type { SessionRecord } from '../record.ts'

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
