import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * - `cookie`: the value of the bound cookie
 * - `challenge`: the challenge of a refresh
 * - `registration`: the challenge of a registration
 */
type Use = 'cookie' | 'challenge' | 'registration'

const VALUE = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

/** Returns a value that is valid until `end`. `key` is the secret key of one credential, so no store keeps the value. */
export function valueUntil(use: Use, key: string, end: number): string {
  const digits = end.toString(36)
  return `${digits}.${macOf(use, key, digits).toString('base64url')}`
}

// An HMAC takes as long as a quarter of a request, and a browser sends the same bound cookie for minutes.
const MOST_KNOWN = 10_000
const known = new Set<string>()

/** The same as `isValidValue` for the bound cookie. Remembers the values whose HMAC was right. */
export function isValidCookie(key: string, value: string, now: number): boolean {
  const pair = key + value
  if (known.has(pair)) return now < endOf(value)
  if (!isValidValue('cookie', key, value, now)) return false
  if (known.size >= MOST_KNOWN) known.clear()
  known.add(pair)
  return true
}

export function isValidValue(use: Use, key: string, value: string, now: number): boolean {
  const [, digits, mac] = VALUE.exec(value) ?? []
  if (digits === undefined || mac === undefined || now >= endOf(value)) return false
  return timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(use, key, digits))
}

/** `value` begins with its end as a number to the base 36, and a dot. */
function endOf(value: string): number {
  return Number.parseInt(value, 36)
}

function macOf(use: Use, key: string, digits: string): Buffer {
  return createHmac('sha256', key).update(`${use} ${digits}`).digest()
}
