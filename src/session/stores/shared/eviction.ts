import type { Credential } from '../../record.ts'
import type { Limits } from '../../store.ts'

/**
 * Which credentials end when this one is added: OTPs of the same purpose, and beyond the limit the devices that were seen longest ago
 * or the oldest OTPs. Never `by`.
 */
export function evictedBy(
  added: Credential,
  present: readonly Credential[],
  by: string | undefined,
  limits: Limits,
): Credential[] {
  const isOTP = added.kind === 'otp'
  const cap = isOTP ? limits.otps : limits.credentials
  const replaced = present.filter((other) => added.purpose !== null && other.purpose === added.purpose)
  if (cap === undefined) return replaced
  const candidates = present
    .filter((other) => (other.kind === 'otp') === isOTP && other.hash !== by && !replaced.includes(other))
    .sort((a, b) => (a.lastSeenAt ?? a.createdAt) - (b.lastSeenAt ?? b.createdAt))
  const kept = by !== undefined && !isOTP ? 1 : 0
  return [...replaced, ...candidates.slice(0, Math.max(0, candidates.length + kept + 1 - cap))]
}
