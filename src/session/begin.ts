import { formatToken, hashSecret, newHandle, newSecret, newSessionId } from './credentials/token.js'
import type { Engine } from './engine.js'
import { absoluteEndOf } from './options.js'
import { type Credential, endAfter, NEVER, type SessionKind, type SessionRecord } from './record.js'
import { EMPTY_STORAGE } from './storage.js'

// A browser describes itself in 100 to 200 characters; what is longer is not a browser's.
const LONGEST_DEVICE = 300

/** A guest's record that begins now. Nothing is stored yet. */
export function newRecord(engine: Engine, kind: SessionKind, now: number): SessionRecord {
  const { idleMilliseconds } = engine.policy
  const absoluteEnd = absoluteEndOf(engine.policy, kind, now)
  return {
    id: newSessionId(),
    kind,
    userName: '',
    userId: null,
    grants: '',
    storage: EMPTY_STORAGE,
    startTime: now,
    lastAccessTime: now,
    idleMilliseconds,
    absoluteEnd,
    end: endAfter(now, idleMilliseconds, absoluteEnd),
    version: 1,
  }
}

/** A new cookie credential, and the token that the browser gets for it. The secret is nowhere else. */
export function newCookie(
  id: string,
  seed: Pick<Credential, 'via' | 'authenticatedAt' | 'device' | 'address'>,
  now: number,
): { credential: Credential; token: string } {
  const secret = newSecret()
  const credential: Credential = {
    handle: newHandle(),
    hash: hashSecret(secret),
    kind: 'cookie',
    via: seed.via,
    createdAt: now,
    lastSeenAt: null,
    authenticatedAt: seed.authenticatedAt,
    device: seed.device?.slice(0, LONGEST_DEVICE) ?? null,
    address: seed.address,
    expiresAt: NEVER,
    details: null,
  }
  return { credential, token: formatToken({ id, secret }) }
}
