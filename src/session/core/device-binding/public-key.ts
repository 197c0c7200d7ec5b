import { createPublicKey, type KeyObject } from 'node:crypto'

/** The algorithms of the keys that a browser may offer, in the order of preference. */
export const ALGORITHMS = ['ES256', 'RS256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

// Keys of other sizes are too weak, or their proofs take too long to check.
const RSA_BYTES = { least: 256, most: 512 }
/** The only exponent that browsers and TPMs use. The proof of a key with another exponent is therefore never valid. */
const RSA_EXPONENT = 'AQAB'
const TEXT = /^(ES256|RS256):([A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?$/

export function isPublicKeyText(text: string): boolean {
  return TEXT.test(text)
}

/** Returns the text of a JSON Web Key (RFC 7517) for storage; undefined for a key of another type or size. */
export function publicKeyText(algorithm: Algorithm, jwk: unknown): string | undefined {
  const { kty, crv, x, y, n } = Object(jwk) as Record<string, unknown>
  const isOfCurve = kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string'
  const isOfRSA = kty === 'RSA' && typeof n === 'string'
  const text = algorithm === 'ES256' ? isOfCurve && `ES256:${x}:${y}` : isOfRSA && `RS256:${n}`
  return text && readPublicKey(text) ? text : undefined
}

/** Returns undefined for a text that is no valid key, for instance for a point that is not on the curve. */
export function readPublicKey(text: string): { algorithm: Algorithm; key: KeyObject } | undefined {
  const [, algorithm, first = '', second = ''] = TEXT.exec(text) ?? []
  try {
    if (algorithm === 'ES256') return { algorithm, key: keyOf({ kty: 'EC', crv: 'P-256', x: first, y: second }) }
    const bytes = Buffer.from(first, 'base64url').length
    if (algorithm !== 'RS256' || bytes < RSA_BYTES.least || bytes > RSA_BYTES.most) return undefined
    return { algorithm, key: keyOf({ kty: 'RSA', n: first, e: RSA_EXPONENT }) }
  } catch {
    return undefined
  }
}

function keyOf(jwk: { kty: string; crv?: string; x?: string; y?: string; n?: string; e?: string }): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' })
}
