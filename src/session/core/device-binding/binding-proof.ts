import { verify } from 'node:crypto'
import { isPlainObject } from '../../known-options.ts'
import { ALGORITHMS, type Algorithm, readPublicKey } from './public-key.ts'

// The proof of a key of 4,096 bits has about 1,600 characters.
const LONGEST = 4096
// The draft says that the header is a quoted text. Chromium sends the text without quotes.
const HEADER = /^("?)([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\1$/

/** A JSON Web Token (RFC 7519) by which a browser proves that it has the private key. */
interface BindingProof {
  algorithm: Algorithm
  /** The public key, as a JSON Web Key. Only the proof of a registration has it. */
  jwk: unknown
  challenge: string
  signed: Buffer
  signature: Buffer
}

/** Reads the header `Secure-Session-Response`. Returns undefined for an absent, repeated or malformed header. */
export function readProof(header: string | undefined): BindingProof | undefined {
  if (header === undefined || header.length > LONGEST) return undefined
  const [, , head = '', payload = '', signature = ''] = HEADER.exec(header) ?? []
  const [{ typ, alg, jwk, crit }, { jti }] = [decoded(head), decoded(payload)]
  const algorithm = ALGORITHMS.find((name) => name === alg)
  if (typ !== 'dbsc+jwt' || !algorithm || crit !== undefined || typeof jti !== 'string') return undefined
  return {
    algorithm,
    jwk,
    challenge: jti,
    signed: Buffer.from(`${head}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

export function isSignedBy({ algorithm, signed, signature }: BindingProof, publicKey: string): boolean {
  const known = readPublicKey(publicKey)
  if (known?.algorithm !== algorithm) return false
  return verify('sha256', signed, { key: known.key, dsaEncoding: 'ieee-p1363' }, signature)
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isPlainObject(value) ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
