import {
  type Credential,
  type EndedSession,
  type EndReason,
  NEVER,
  type SessionId,
  type SessionKind,
  type SessionRecord,
} from '../../record.ts'
import type { Found } from '../../store.ts'

// Records and credentials are stored as text with one field per line, in the order that `lua-library.ts` expects. Free
// text is JSON, which contains no line breaks. The scripts compare and copy this JSON, but never parse it.

const RECORD_LINES = 12
const CREDENTIAL_LINES = 11
// The positions of the lines that contain numbers. An optional line may be empty.
const RECORD_NUMBERS = { required: [0, 2, 9, 10], optional: [3, 4, 11] }
const CREDENTIAL_NUMBERS = { required: [3, 6], optional: [4, 5] }

export function recordText(session: SessionRecord): string {
  return [
    session.version,
    '', // the write id
    session.end,
    session.startTime ?? '',
    session.lastAccessTime ?? '',
    session.kind,
    JSON.stringify(session.userName),
    JSON.stringify(session.userId),
    JSON.stringify(session.grants),
    session.idleMilliseconds,
    session.absoluteEnd,
    '', // the serial number, which the script assigns
  ].join('\n')
}

/** If the stored record is damaged, returns an invalidated record without a user and with unreadable storage. */
export function recordFrom(id: SessionId, text: string, storage: string): SessionRecord {
  return parseRecord(id, text, storage) ?? { ...DAMAGED, id }
}

const DAMAGED: Omit<SessionRecord, 'id'> = {
  kind: 'web',
  userName: '',
  userId: null,
  grants: '',
  storage: '',
  startTime: null,
  lastAccessTime: null,
  idleMilliseconds: 0,
  absoluteEnd: NEVER,
  end: NEVER,
  version: 0,
}

/** Returns undefined for a damaged record. */
export function parseRecord(id: SessionId, text: string, storage: string): SessionRecord | undefined {
  const lines = text.split('\n')
  if (!hasLines(lines, RECORD_LINES, RECORD_NUMBERS)) return undefined
  const [version, , end, start, seen, kind, userName, userId, grants, idle, absoluteEnd] = lines as Lines<11>
  try {
    return {
      id,
      kind: kind as SessionKind,
      userName: textFrom(userName) ?? '',
      userId: textFrom(userId),
      grants: textFrom(grants) ?? '',
      storage,
      startTime: numberFrom(start),
      lastAccessTime: numberFrom(seen),
      idleMilliseconds: Number(idle),
      absoluteEnd: Number(absoluteEnd),
      end: Number(end),
      version: Number(version),
    }
  } catch {
    return undefined
  }
}

export function credentialText(credential: Credential): string {
  return [
    credential.handle,
    credential.kind,
    credential.via,
    credential.createdAt,
    credential.lastSeenAt ?? '',
    credential.authenticatedAt ?? '',
    credential.expiresAt,
    JSON.stringify(credential.device),
    JSON.stringify(credential.address),
    JSON.stringify(credential.purpose),
    JSON.stringify(credential.details),
  ].join('\n')
}

/** Returns undefined for a damaged credential. */
export function credentialFrom(hash: string, text: string): Credential | undefined {
  const lines = text.split('\n')
  if (!hasLines(lines, CREDENTIAL_LINES, CREDENTIAL_NUMBERS)) return undefined
  const [handle, kind, via, created, seen, authenticated, expires, device, address, purpose, details] =
    lines as Lines<11>
  try {
    return {
      handle,
      hash,
      kind: kind as Credential['kind'],
      via: via as Credential['via'],
      createdAt: Number(created),
      lastSeenAt: numberFrom(seen),
      authenticatedAt: numberFrom(authenticated),
      device: textFrom(device),
      address: textFrom(address),
      expiresAt: Number(expires),
      purpose: textFrom(purpose),
      details: textFrom(details),
    }
  } catch {
    return undefined
  }
}

function hasLines(
  lines: readonly string[],
  count: number,
  { required, optional }: Record<'required' | 'optional', readonly number[]>,
): boolean {
  if (lines.length !== count || !required.every((index) => isNumber(lines[index]))) return false
  return optional.every((index) => lines[index] === '' || isNumber(lines[index]))
}

/** Returns whether Lua and JavaScript read the line as the same number. Returns false for `0b11` and `1e400`. */
function isNumber(line: string | undefined): boolean {
  return line !== undefined && /^\d+(\.\d+)?$/.test(line) && Number(line) <= NEVER && String(Number(line)) === line
}

export function endedCredentialFrom(text: string, now: number): Found | undefined {
  const [reason, endedAt, keepUntil, origin, message] = text.split('\n') as Lines<5>
  // For a damaged tombstone, `Number(keepUntil)` may be NaN. A comparison with NaN is always false.
  if (!(now < Number(keepUntil))) return undefined
  return {
    state: 'ended',
    reason: reason as EndReason,
    endedAt: Number(endedAt),
    message: message !== '',
    // Releases before 0.6 stored the ID of the new session in this line, without quotes.
    origin: origin.startsWith('"') ? textFrom(origin) : null,
  }
}

export function endedFrom(text: string): EndedSession {
  const [id, kind, userName, userId, reason] = text.split('\n') as Lines<5>
  return {
    id,
    kind: kind as SessionKind,
    userName: readableTextFrom(userName) ?? '',
    userId: readableTextFrom(userId),
    reason: reason as EndReason,
  }
}

type Lines<N extends number, L extends string[] = []> = L['length'] extends N ? L : Lines<N, [...L, string]>

function numberFrom(line: string): number | null {
  return line === '' ? null : Number(line)
}

function textFrom(line: string): string | null {
  if (line === 'null') return null
  return line.includes('\\') ? (JSON.parse(line) as string) : line.slice(1, -1)
}

/** Returns null for a damaged text. */
export function readableTextFrom(line: string): string | null {
  try {
    return textFrom(line)
  } catch {
    return null
  }
}
