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

export function isValidValue(use: Use, key: string, value: string, now: number): boolean {
  const [, digits, mac] = VALUE.exec(value) ?? []
  if (digits === undefined || mac === undefined || now >= endOfValue(value)) return false
  return timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(use, key, digits))
}

export function endOfValue(value: string): number {
  return Number.parseInt(value, 36) // The parse ends at the dot.
}

function macOf(use: Use, key: string, digits: string): Buffer {
  return createHmac('sha256', key).update(`${use} ${digits}`).digest()
}
