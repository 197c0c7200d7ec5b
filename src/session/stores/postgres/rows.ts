import type { Credential, SessionRecord } from '../../record.ts'
import type { FoundOTP } from '../../store.ts'

const columns = (alias: string, names: Record<string, string>) =>
  Object.entries(names)
    .map(([field, name]) => `${alias}.${name} AS "${field}"`)
    .join(', ')

export const RECORD = columns('s', {
  id: 'id',
  kind: 'kind',
  userName: 'user_name',
  userId: 'user_id',
  grants: 'grants',
  storage: 'storage',
  startTime: 'start_time',
  lastAccessTime: 'last_access_time',
  idleMilliseconds: 'idle_milliseconds',
  absoluteEnd: 'absolute_end',
  end: 'end_at',
  version: 'version',
})

export const CREDENTIAL = columns('c', {
  handle: 'handle',
  hash: 'hash',
  credentialKind: 'kind',
  via: 'via',
  createdAt: 'created_at',
  lastSeenAt: 'last_seen_at',
  authenticatedAt: 'authenticated_at',
  device: 'device',
  address: 'address',
  expiresAt: 'expires_at',
  purpose: 'purpose',
  details: 'details',
})

/** Drivers return some numbers as text. */
type Numeric = number | string

/** A row whose columns are the fields of T. */
export type RowOf<T> = { [Field in keyof T]: number extends T[Field] ? T[Field] | Numeric : T[Field] }

export type RecordRow = RowOf<SessionRecord>
export type CredentialRow = RowOf<Omit<Credential, 'kind'>> & { credentialKind: Credential['kind'] }

export function toRecord(row: RecordRow): SessionRecord {
  return {
    id: fromStored(row.id),
    kind: row.kind,
    userName: fromStored(row.userName),
    userId: textOrNull(row.userId),
    grants: fromStored(row.grants),
    storage: fromStored(row.storage),
    startTime: numberOrNull(row.startTime),
    lastAccessTime: numberOrNull(row.lastAccessTime),
    idleMilliseconds: Number(row.idleMilliseconds),
    absoluteEnd: Number(row.absoluteEnd),
    end: Number(row.end),
    version: Number(row.version),
  }
}

export function toCredential(row: CredentialRow): Credential {
  return {
    handle: fromStored(row.handle),
    hash: fromStored(row.hash),
    kind: row.credentialKind,
    via: row.via,
    createdAt: Number(row.createdAt),
    lastSeenAt: numberOrNull(row.lastSeenAt),
    authenticatedAt: numberOrNull(row.authenticatedAt),
    device: textOrNull(row.device),
    address: textOrNull(row.address),
    expiresAt: Number(row.expiresAt),
    purpose: textOrNull(row.purpose),
    details: textOrNull(row.details),
  }
}

export function toFound(row: RecordRow & CredentialRow): FoundOTP {
  return { session: toRecord(row), credential: toCredential(row) }
}

/** Returns the fields in the order that `insertSession` expects. */
export function sessionValues(s: SessionRecord): unknown[] {
  const { id, kind, userName, userId, grants, storage } = s
  const times = [s.startTime, s.lastAccessTime, s.idleMilliseconds, s.absoluteEnd, s.end]
  return [id, kind, userName, userId, grants, storage, ...times, s.version]
}

/** Returns the fields in the order that `insertCredential` expects. */
export function credentialValues(c: Credential): unknown[] {
  const { handle, hash, kind, via, createdAt, lastSeenAt, authenticatedAt, device, address } = c
  const { expiresAt, purpose, details } = c
  return [handle, hash, kind, via, createdAt, lastSeenAt, authenticatedAt, device, address, expiresAt, purpose, details]
}

function numberOrNull(value: Numeric | null): number | null {
  return value === null ? null : Number(value)
}

function textOrNull(value: string | null): string | null {
  return value === null ? null : fromStored(value)
}

// The type text of PostgreSQL cannot contain NUL, but user input can. MARK is the escape character.
const NUL = '\u0000'
const MARK = '\u001a'

function toStored(text: string): string {
  return text.includes(NUL) || text.includes(MARK)
    ? text.replaceAll(MARK, `${MARK}1`).replaceAll(NUL, `${MARK}0`)
    : text
}

export function fromStored(text: string): string {
  return text.includes(MARK) ? text.replaceAll(`${MARK}0`, NUL).replaceAll(`${MARK}1`, MARK) : text
}

export function toStoredValues(values: readonly unknown[]): unknown[] {
  return values.map((value) =>
    typeof value === 'string' ? toStored(value) : Array.isArray(value) ? toStoredValues(value) : value,
  )
}

export function fromStoredJson(json: string): unknown {
  // JSON writes MARK as an escape sequence.
  return json.includes('\\u001a') ? JSON.parse(json, (_, value) => textAsGiven(value)) : JSON.parse(json)
}

function textAsGiven(value: unknown): unknown {
  return typeof value === 'string' ? fromStored(value) : value
}
