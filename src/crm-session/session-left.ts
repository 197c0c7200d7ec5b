import type { CrmSession } from './crm-session.ts'

// The page warns this long before the end (WCAG 2.2.1).
const WARNING_SECONDS = 120
// The layer stores an access at most once a minute, so an access within this time may not extend the session.
const ACCURACY_SECONDS = 60

/**
 * Tells the page how long the session lives without further requests, for instance `3540 120 idle`: the seconds until
 * the end, the seconds for the warning before the end, and the timeout that ends the session (`idle` or `absolute`).
 * Returns '' for a session that never expires.
 */
export function sessionLeft(
  {
    idleTimeout,
    lastAccessTime,
    expirationDate,
  }: Pick<CrmSession, 'idleTimeout' | 'lastAccessTime' | 'expirationDate'>,
  now: number,
): string {
  if (expirationDate === null || lastAccessTime === null) return ''
  const end = Date.parse(expirationDate)
  const isIdle = idleTimeout > 0 && end >= lastAccessTime.getTime() + idleTimeout * 60_000
  const warning = isIdle ? Math.min(WARNING_SECONDS, idleTimeout * 60 - ACCURACY_SECONDS) : WARNING_SECONDS
  return `${Math.round((end - now) / 1000)} ${warning} ${isIdle ? 'idle' : 'absolute'}`
}
