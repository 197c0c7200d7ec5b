import { hash, randomFillSync } from 'node:crypto'
import type { SessionId } from '../../record.ts'

/** What a cookie or a bearer token carries: the session's public id, and a secret that only the holder knows. */
export interface Token {
  id: SessionId
  secret: string
}

const TOKEN = /^([0-9A-F]{32})\.([A-Za-z0-9_-]{43})$/
const SESSION_ID = /^[0-9A-F]{32}$/

// Asking the system for random bytes costs more than what is done with them, so they are fetched for many at once.
const pool = Buffer.alloc(4096)
let used = pool.length

/** Random bytes that nothing else has seen or will see: a copy, wiped from the pool. */
function random(length: number): Buffer {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + length))
  pool.fill(0, used, used + length)
  used += length
  return bytes
}

/** 32 upper-case hex digits from 16 random bytes. */
export function newSessionId(): SessionId {
  return random(16).toString('hex').toUpperCase()
}

/** A secret of 32 random bytes, base64url. */
export function newSecret(): string {
  return random(32).toString('base64url')
}

/** A credential's public handle. */
export function newHandle(): string {
  return random(8).toString('hex')
}

const writer = newHandle()
let writes = 0

/** Names one write of this process among all writes of all processes. No secret. */
export function newWriteId(): string {
  return `${writer}-${++writes}`
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
