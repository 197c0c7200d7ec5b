import { hash, randomBytes } from 'node:crypto'
import type { SessionId } from '../record.js'

/** What a cookie or a bearer token carries: the session's public id, and a secret that only the holder knows. */
export interface Token {
  id: SessionId
  secret: string
}

const TOKEN = /^([0-9A-F]{32})\.([A-Za-z0-9_-]{43})$/
const SESSION_ID = /^[0-9A-F]{32}$/

/** 32 upper-case hex digits from 16 random bytes. */
export function newSessionId(): SessionId {
  return randomBytes(16).toString('hex').toUpperCase()
}

/** A secret of 32 random bytes, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A credential's public handle. */
export function newHandle(): string {
  return randomBytes(8).toString('hex')
}

/** The only form in which a secret is stored. A plain hash is enough: 256 random bits cannot be guessed. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`
}

/** `undefined` for anything that is not of the exact form; nothing else ever reaches a store. */
export function parseToken(text: string): Token | undefined {
  const match = TOKEN.exec(text)
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined
}

/** Whether a text could be a session's id: for ids that come from a URL. */
export function isSessionId(text: unknown): text is SessionId {
  return typeof text === 'string' && SESSION_ID.test(text)
}
