import { expiryReason, isDamaged, isExpired, isLive, isTime } from '../../record.ts'
import type { Found, FoundOTP } from '../../store.ts'

/**
 * Returns the result of `find` for a stored session and its credential. If the session and the credential have expired,
 * the earlier end counts. Returns undefined for damaged data. The result then depends on the tombstone.
 */
export function foundState({ session, credential }: FoundOTP, now: number): Found | undefined {
  const { expiresAt } = credential
  if (isDamaged(session) || !isTime(expiresAt)) return undefined
  if (isLive(session, now) && !isExpired(credential, now)) return { state: 'live', session, credential }
  const isCredentialFirst = expiresAt < session.end
  const reason = isCredentialFirst ? 'absolute' : expiryReason(session)
  return { state: 'ended', reason, endedAt: Math.min(expiresAt, session.end), message: false, origin: null }
}
