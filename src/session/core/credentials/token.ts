import { hash, randomFillSync } from 'node:crypto'
import type { SessionId } from '../../record.ts'

/** The parts of a cookie or a bearer token: the public session ID and the client's secret. */
export interface Token {
  id: SessionId
  secret: string
}

const TOKEN = /^([0-9A-F]{32})\.([A-Za-z0-9_-]{43})$/
const SESSION_ID = /^[0-9A-F]{32}$/

// A call of `randomFillSync` is slow, so one call fetches random bytes for many tokens.
const pool = Buffer.alloc(4096)
let used = pool.length

/** Returns random bytes from the pool and erases them in the pool. */
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

/** Returns 32 upper-case hex digits from 16 random bytes. */
export function newSessionId(): SessionId {
  return random(16).toString('hex').toUpperCase()
}

/** Returns 32 random bytes in base64url. */
export function newSecret(): string {
  return random(32).toString('base64url')
}

/** Returns the public handle of a new credential: 16 hex digits. */
export function newHandle(): string {
  return random(8).toString('hex')
}

const writer = newHandle()
let writes = 0

/** Returns an ID for one write. The ID is unique across processes, but not secret. */
export function newWriteId(): string {
  return `${writer}-${++writes}`
}

/** Returns the hash of a secret for the store. Secrets are random, so a fast hash without a salt is sufficient. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`
}

/** Parses `<id>.<secret>`. Returns `undefined` for any other text. */
export function parseToken(text: string): Token | undefined {
  const match = TOKEN.exec(text)
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined
}

/** Returns whether a value has the form of a session ID. Check an ID from a URL with this function. */
export function isSessionId(text: unknown): text is SessionId {
  return typeof text === 'string' && SESSION_ID.test(text)
}
