import type { Credential, EndReason, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, EndFilter, Expected, FoundOTP, ListPage, SeenFrom, SessionChanges } from '../../store.ts'

/** The data that remains of an ended credential until `keepUntil`. */
export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly successor: SessionId | null
  readonly keepUntil: number
  readonly message: string | null
}

/** The stored row of a session. Each embedded store adds fields of its own. */
export interface SessionRow {
  readonly record: SessionRecord
}

/**
 * Synchronous access to the rows of one application. `embedded-rules.ts` applies the session rules to these
 * rows. The caller makes each write atomic.
 */
export interface EmbeddedRows<Row extends SessionRow = SessionRow> {
  session(id: SessionId): Row | undefined
  /** Returns a session and its credential, even when the session is no longer live. */
  find(id: SessionId, hash: string): FoundOTP | undefined
  findOTP(hash: string): FoundOTP | undefined
  tombstone(hash: string): Tombstone | undefined
  credential(row: Row, hash: string): Credential | undefined
  /** Returns the credentials of a session, oldest first. */
  credentials(row: Row): Credential[]
  writeIdOf(id: SessionId): string | null | undefined

  /** @throws Error when the id exists. Nothing is written then. */
  insert(session: SessionRecord, credential: Credential): void
  /**
   * Compare-and-set. Returns `false` and writes nothing when the session is not live, does not match `expected`, or
   * already has this write id.
   */
  update(id: SessionId, expected: Expected, writeId: string, changes: SessionChanges, now: number): boolean
  access(row: Row, lastAccessTime: number, end: number): void
  invalidate(row: Row): void
  /** Deletes the record and its remaining credentials. */
  delete(row: Row): void

  addCredential(row: Row, credential: Credential): void
  seeCredential(row: Row, hash: string, lastSeenAt: number, from: SeenFrom): void
  deleteCredential(row: Row, hash: string): void

  addTombstone(hash: string, tombstone: Tombstone): void
  /** Stores a message in all tombstones of a session. The tombstones then expire at `keepUntil`. */
  leaveMessage(id: SessionId, message: string, keepUntil: number): void
  deleteMessage(hash: string): void
  deleteTombstones(until: number): void
  deleteOTPs(until: number): void

  countUpTo(most: number): number
  countGuestsUpTo(most: number): number
  /** Returns the live sessions of a user, oldest first. Sessions with an API token are left out. */
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
