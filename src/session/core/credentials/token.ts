import { hash, randomFillSync } from 'node:crypto'
import type { SessionId } from '../../record.ts'

/** The public session ID and the client's secret. A cookie or a bearer token contains both. */
export interface Token {
  id: SessionId
  secret: string
}

const TOKEN = /^([0-9A-F]{32})\.([A-Za-z0-9_-]{43})$/
const SESSION_ID = /^[0-9A-F]{32}$/

// `randomFillSync` is slow, so one call fills a pool of bytes for many tokens. Used bytes are erased.
const pool = Buffer.alloc(4096)
let used = pool.length

function random(length: number, encoding: 'hex' | 'base64url'): string {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString(encoding, used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return text
}

/** The ID begins with the time, like a UUID of version 7: a store then adds new sessions at the end of its index. */
export function newSessionId(): SessionId {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time}${random(10, 'hex')}`.toUpperCase()
}

export function newSecret(): string {
  return random(32, 'base64url')
}

export function newHandle(): string {
  return random(8, 'hex')
}

const writer = newHandle()
let writes = 0

/** Returns an ID that is unique across processes, but not secret. */
export function newWriteId(): string {
  return `${writer}-${++writes}`
}

/** Secrets are random, so a fast hash without a salt is sufficient. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`
}

export function parseToken(text: string): Token | undefined {
  const match = TOKEN.exec(text)
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined
}

/** Returns whether a value, for instance from a URL, has the form of a session ID. */
export function isSessionId(text: unknown): text is SessionId {
  return typeof text === 'string' && SESSION_ID.test(text)
}
