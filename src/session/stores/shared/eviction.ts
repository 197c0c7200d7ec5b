import type { Credential } from '../../record.ts'
import type { Limits } from '../../store.ts'

/**
 * Returns the credentials that end when `added` is stored. These are the credentials with the same purpose, and the
 * credentials beyond the limit. The limit ends expired credentials first, and then the least recently used credentials.
 * The limit never ends the caller's credential `by`.
 */
export function evictedBy(
  added: Credential,
  present: readonly Credential[],
  by: string | undefined,
  limits: Limits,
  now: number,
): Credential[] {
  const isExpired = ({ expiresAt }: Credential) => Number(expiresAt <= now)
  const isOTP = added.kind === 'otp'
  const cap = isOTP ? limits.otps : limits.credentials
  const replaced = present.filter((other) => added.purpose !== null && other.purpose === added.purpose)
  if (cap === undefined) return replaced
  const candidates = present
    .filter((other) => (other.kind === 'otp') === isOTP && other.hash !== by && !replaced.includes(other))
    .sort((a, b) => isExpired(b) - isExpired(a) || (a.lastSeenAt ?? a.createdAt) - (b.lastSeenAt ?? b.createdAt))
  const kept = by !== undefined && !isOTP ? 1 : 0
  return [...replaced, ...candidates.slice(0, Math.max(0, candidates.length + kept + 1 - cap))]
}
