import type { Credential, EndedSession, EndReason, SessionId, SessionRecord } from '../../record.ts'
import type { CallOf, EndFilter, Expected, FoundOTP, ListPage, SeenFrom, SessionChanges } from '../../store.ts'

/** The data about an ended credential. The store keeps this data until `keepUntil`. */
export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly origin: string | null
  readonly keepUntil: number
  readonly message: string | null
}

/** How a session or a credential ends. */
export interface Ending {
  reason: EndReason
  now: number
  message?: string | undefined
}

/** A stored session. Each store adds its own fields to this type. */
export interface SessionRow {
  readonly record: SessionRecord
}

/** Synchronous access to the rows of one application. `Writes` makes each change atomic. */
export interface EmbeddedRows<Row extends SessionRow = SessionRow> {
  session(id: SessionId): Row | undefined
  /** Finds a session by its ID and the hash of one of its credentials. Also finds a session that is not live. */
  find(id: SessionId, hash: string): FoundOTP | undefined
  findOTP(hash: string): FoundOTP | undefined
  tombstone(id: SessionId, hash: string): Tombstone | undefined
  credential(row: Row, hash: string): Credential | undefined
  /** Returns the oldest credential first. */
  credentials(row: Row): Credential[]
  writeIdOf(id: SessionId): string | null | undefined

  /** @throws Error, and writes nothing, if a session with this ID exists. */
  insert(session: SessionRecord, credential: Credential): void
  /**
   * Writes the changes and returns true. Returns false and writes nothing if the session is not live, if it does not
   * match `expected`, or if its last update had the same `writeId`.
   */
  update(id: SessionId, expected: Expected, writeId: string, changes: SessionChanges, now: number): boolean
  access(row: Row, lastAccessTime: number, end: number): void
  invalidate(row: Row): void
  /** Also deletes the credentials of the session. */
  delete(row: Row): void
  /** Ends every live session that matches the filter, as `endSession` does. */
  endMatching(filter: EndFilter, ending: Ending): EndedSession[]

  addCredential(row: Row, credential: Credential): void
  seeCredential(row: Row, hash: string, lastSeenAt: number, from: SeenFrom): void
  setDetails(row: Row, hash: string, details: string): void
  deleteCredential(row: Row, hash: string): void

  /** Replaces a tombstone with this hash. */
  addTombstone(hash: string, tombstone: Tombstone): void
  /** Stores a message in all tombstones of a session, and sets their expiry to `keepUntil`. */
  leaveMessage(id: SessionId, message: string, keepUntil: number): void
  deleteTombstones(until: number): void
  /** Deletes the credentials that expire at this time or earlier. */
  deleteExpired(until: number): void

  countUpTo(most: number): number
  countGuestsUpTo(most: number): number
  /** Returns the user's live sessions, oldest first. Leaves out sessions that have an API token. */
  liveOfUser(userId: string, now: number): Row[]
  /** Returns the unused logins of this origin (see `touch` in store.ts), oldest first. */
  withUnusedLogin(origin: string): Row[]
  /** Returns the number of unused logins minus the number of their origins. */
  countRepeatedLogins(): number
  endedUntil(time: number, most: number): Row[]
  list(call: CallOf<'list'>): ListPage
  count(call: CallOf<'count'>): number
}

/** Runs each write atomically. */
export interface Writes {
  add<T>(write: () => T): Promise<T>
}

/** Runs each lookup as one synchronous step, at a time between the call of `add` and the answer. */
export interface Lookups {
  add<T>(ask: () => T): Promise<T>
}
