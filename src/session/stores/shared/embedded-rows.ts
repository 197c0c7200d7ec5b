import type { Credential, EndReason, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, EndFilter, Expected, FoundOTP, ListPage, SeenFrom, SessionChanges } from '../../store.ts'

/** The data that remains of an ended credential until `keepUntil`. */
export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly origin: string | null
  readonly keepUntil: number
  readonly message: string | null
}

/** A stored session. Each store adds its own fields to this type. */
export interface SessionRow {
  readonly record: SessionRecord
}

/** Synchronous access to the rows of one application. `Writes` makes each change atomic. */
export interface EmbeddedRows<Row extends SessionRow = SessionRow> {
  session(id: SessionId): Row | undefined
  /** Finds a session by its ID and a credential, even if the session is no longer live. */
  find(id: SessionId, hash: string): FoundOTP | undefined
  findOTP(hash: string): FoundOTP | undefined
  tombstone(hash: string): Tombstone | undefined
  credential(row: Row, hash: string): Credential | undefined
  /** Returns the oldest credential first. */
  credentials(row: Row): Credential[]
  writeIdOf(id: SessionId): string | null | undefined

  /** @throws Error if the session ID exists. In this case, nothing is written. */
  insert(session: SessionRecord, credential: Credential): void
  /** Returns false and writes nothing if the session is not live, differs from `expected`, or has this write id. */
  update(id: SessionId, expected: Expected, writeId: string, changes: SessionChanges, now: number): boolean
  access(row: Row, lastAccessTime: number, end: number): void
  invalidate(row: Row): void
  /** Also deletes the credentials of the session. */
  delete(row: Row): void

  addCredential(row: Row, credential: Credential): void
  seeCredential(row: Row, hash: string, lastSeenAt: number, from: SeenFrom): void
  deleteCredential(row: Row, hash: string): void

  addTombstone(hash: string, tombstone: Tombstone): void
  /** Stores a message in all tombstones of a session. These tombstones expire at `keepUntil`. */
  leaveMessage(id: SessionId, message: string, keepUntil: number): void
  deleteMessage(hash: string): void
  deleteTombstones(until: number): void
  deleteOTPs(until: number): void

  countUpTo(most: number): number
  countGuestsUpTo(most: number): number
  /** Returns the oldest session first. Leaves out the sessions of API tokens. */
  liveOfUser(userId: string, now: number): Row[]
  /** The sessions with an unused login of this origin, oldest first. */
  withUnusedLogin(origin: string): Row[]
  /** Counts the unused logins, but leaves out the first one of each origin. */
  countRepeatedLogins(): number
  liveMatching(filter: EndFilter, now: number): Row[]
  endedUntil(time: number, most: number): Row[]
  list(call: CallOf<'list'>): ListPage
  count(call: CallOf<'count'>): number
}

/** Runs each write atomically. */
export interface Writes {
  add<T>(write: () => T): Promise<T>
}
