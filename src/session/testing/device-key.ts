import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

type Json = Record<string, unknown>

/** The key of a browser with Device Bound Session Credentials. */
export interface DeviceKey {
  readonly algorithm: 'ES256' | 'RS256'
  /** The public key, as a JSON Web Key (RFC 7517). */
  readonly jwk: { x?: string | undefined; y?: string | undefined; n?: string | undefined }
  /** Returns the header `Secure-Session-Response` of a registration. */
  registration(challenge: string): string
  /** Returns the header `Secure-Session-Response` of a refresh. */
  proof(challenge: string): string
  /** Returns a JSON Web Token with this head and payload, signed by the key. */
  token(head: Json, payload: Json): string
}

/** `rsa` are the options of `generateKeyPairSync` for RS256. */
export function deviceKey(algorithm: 'ES256' | 'RS256' = 'ES256', rsa = { modulusLength: 2048 }): DeviceKey {
  const { publicKey, privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', rsa)
  const jwk = publicKey.export({ format: 'jwk' })
  const token = (head: Json, payload: Json) => signed(head, payload, privateKey)
  return {
    algorithm,
    jwk,
    token,
    registration: (challenge) => token({ alg: algorithm, jwk, typ: 'dbsc+jwt' }, { jti: challenge }),
    proof: (challenge) => token({ alg: algorithm, typ: 'dbsc+jwt' }, { jti: challenge }),
  }
}

/** Returns the challenge in a header `Secure-Session-Registration` or `Secure-Session-Challenge`; '' for none. */
export function challengeIn(header: string | string[] | undefined): string {
  const [, ofRegistration = `${header}`] = String(header).split('challenge=')
  return /^"([^"]*)"/.exec(ofRegistration)?.[1] ?? ''
}

function signed(head: Json, payload: Json, key: KeyObject): string {
  const text = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
