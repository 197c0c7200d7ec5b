import type { Credential, EndReason, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, EndFilter, Expected, FoundOTP, ListPage, SeenFrom, SessionChanges } from '../../store.ts'

/** What a store keeps of a credential that has ended. */
export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly successor: SessionId | null
  readonly keepUntil: number
  readonly message: string | null
}

/** A session's record. A store adds the key of its row. */
export interface SessionRow {
  readonly record: SessionRecord
}

/** Synchronous access to the rows of one application. The rules are in `embedded-rules.ts`; the caller makes a write atomic. */
export interface EmbeddedRows<Row extends SessionRow = SessionRow> {
  session(id: SessionId): Row | undefined
  /** A session with this credential, live or not. */
  find(id: SessionId, hash: string): FoundOTP | undefined
  findOTP(hash: string): FoundOTP | undefined
  tombstone(hash: string): Tombstone | undefined
  credential(row: Row, hash: string): Credential | undefined
  /** Oldest first. */
  credentials(row: Row): Credential[]
  writeIdOf(id: SessionId): string | null | undefined

  /** @throws when the id exists, and writes nothing. */
  insert(session: SessionRecord, credential: Credential): void
  /** Compare-and-set. Answers `false` when the session is not live, not as expected, or already has this write id. */
  update(id: SessionId, expected: Expected, writeId: string, changes: SessionChanges, now: number): boolean
  access(row: Row, lastAccessTime: number, end: number): void
  invalidate(row: Row): void
  /** Deletes the record and its remaining credentials. */
  delete(row: Row): void

  addCredential(row: Row, credential: Credential): void
  seeCredential(row: Row, hash: string, lastSeenAt: number, from: SeenFrom): void
  deleteCredential(row: Row, hash: string): void

  addTombstone(hash: string, tombstone: Tombstone): void
  /** Writes a message to all tombstones of a session. */
  leaveMessage(id: SessionId, message: string, keepUntil: number): void
  deleteMessage(hash: string): void
  deleteTombstones(until: number): void
  deleteOTPs(until: number): void

  countUpTo(most: number): number
  countGuestsUpTo(most: number): number
  /** The live sessions of a user, oldest first, except those with an API token. */
  liveOfUser(userId: string, now: number): Row[]
  liveMatching(filter: EndFilter, now: number): Row[]
  endedUntil(time: number, most: number): Row[]
  list(call: CallOf<'list'>): ListPage
  count(call: CallOf<'count'>): number
}

/** Runs each write atomically. */
export interface Writes {
  add<T>(write: () => T): Promise<T>
}
