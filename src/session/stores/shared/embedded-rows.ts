import type { Credential, EndReason, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, EndFilter, Expected, FoundOTP, ListPage, SeenFrom, SessionChanges } from '../../store.ts'

/** What is left of a credential that was once good. */
export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly successor: SessionId | null
  readonly keepUntil: number
  readonly message: string | null
}

/** A session's record with what finds its row again. */
export interface SessionRow {
  readonly record: SessionRecord
}

/** The rows of one application, in the process itself. The rules are the caller's; the calls of one write belong together. */
export interface EmbeddedRows<Row extends SessionRow = SessionRow> {
  session(id: SessionId): Row | undefined
  /** A session with this credential, both as they are stored. */
  find(id: SessionId, hash: string): FoundOTP | undefined
  findOTP(hash: string): FoundOTP | undefined
  tombstone(hash: string): Tombstone | undefined
  credential(row: Row, hash: string): Credential | undefined
  /** Oldest first. */
  credentials(row: Row): Credential[]
  writeIdOf(id: SessionId): string | null | undefined

  /** @throws when the id exists; nothing is written then. */
  insert(session: SessionRecord, credential: Credential): void
  /** Compares and changes in one step. `false`: it is not live or not as expected, or has this write id already. */
  update(id: SessionId, expected: Expected, writeId: string, changes: SessionChanges, now: number): boolean
  access(row: Row, lastAccessTime: number, end: number): void
  invalidate(row: Row): void
  /** Deletes the record and the credentials that it still has. */
  delete(row: Row): void

  addCredential(row: Row, credential: Credential): void
  seeCredential(row: Row, hash: string, lastSeenAt: number, from: SeenFrom): void
  deleteCredential(row: Row, hash: string): void

  addTombstone(hash: string, tombstone: Tombstone): void
  /** For all tombstones of a session. */
  leaveMessage(id: SessionId, message: string, keepUntil: number): void
  deleteMessage(hash: string): void
  deleteTombstones(until: number): void
  deleteOTPs(until: number): void

  countUpTo(most: number): number
  countGuestsUpTo(most: number): number
  /** Without those that have an API token, oldest first. */
  liveOfUser(userId: string, now: number): Row[]
  liveMatching(filter: EndFilter, now: number): Row[]
  endedUntil(time: number, most: number): Row[]
  list(call: CallOf<'list'>): ListPage
  count(call: CallOf<'count'>): number
}

/** Runs writes, each as a whole or not at all. */
export interface Writes {
  add<T>(write: () => T): Promise<T>
}
