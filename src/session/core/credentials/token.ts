import { hash, randomFillSync } from 'node:crypto'
import type { SessionId } from '../../record.ts'

/** The parts of a cookie or a bearer token: the session's public id, and a secret that only the client knows. */
export interface Token {
  id: SessionId
  secret: string
}

const TOKEN = /^([0-9A-F]{32})\.([A-Za-z0-9_-]{43})$/
const SESSION_ID = /^[0-9A-F]{32}$/

// A call for random bytes is expensive, so one call fetches bytes for many tokens.
const pool = Buffer.alloc(4096)
let used = pool.length

/** Takes random bytes out of the pool and wipes them there. */
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

/** The public handle of a new credential: 16 hex digits. */
export function newHandle(): string {
  return random(8).toString('hex')
}

const writer = newHandle()
let writes = 0

/** An id for one write, unique across processes. Not a secret. */
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

/** Parses `<id>.<secret>`. `undefined` for any other form, so that a store is never asked about it. */
export function parseToken(text: string): Token | undefined {
  const match = TOKEN.exec(text)
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined
}

/** Whether a text has the form of a session id. For ids that come from a URL. */
export function isSessionId(text: unknown): text is SessionId {
  return typeof text === 'string' && SESSION_ID.test(text)
}
