import type { Credential, EndedSession, EndReason, SessionId, SessionKind, SessionRecord } from './record.ts'

/**
 * What a store must promise. Every method is atomic in its store. Its one argument holds the application's name (`app`), so that
 * applications sharing one store never meet, and where the time matters `now` (milliseconds since 1970): a store never looks at a clock.
 *
 * Missing is a value (`undefined`, `false`), broken is an exception: a store that cannot answer throws. One that waits for another machine
 * waits for a bounded time: whoever calls it waits as long.
 * `testing/store-contract.ts` proves every promise; run it against a store of your own.
 */
export interface SessionStore {
  /**
   * Adds a session with its first credential. Insert-only: an id that exists is an error, never an overwrite.
   * Limits are checked in the same step; at a limit nothing is written and the answer is `{ admitted: false }`.
   */
  create(call: InApp & Now & { session: SessionRecord; credential: Credential; limits: Limits }): Promise<Admission>

  /**
   * Finds the session that a credential belongs to, by the session's id and the hash of the credential's secret.
   * `ended` is answered only to a credential that was once good, for at least 90 s after the end, whatever ended it.
   */
  find(call: InApp & Now & { id: SessionId; hash: string }): Promise<Found | undefined>

  /** Reads a record by its public id, live, expired or invalidated, without a credential: for lists and administration. */
  get(call: InApp & { id: SessionId }): Promise<SessionRecord | undefined>

  /** The credentials of some sessions, oldest first. Hashes are included: never show them. */
  credentials(call: InApp & { ids: readonly SessionId[] }): Promise<Map<SessionId, Credential[]>>

  /**
   * Changes a live session if it still has this version, and raises the version by one.
   * Answers `false`, and writes nothing, when the version moved on, the session is no longer live, or `by` (the hash of the
   * caller's credential) was ended. Never creates. The record keeps `writeId`: asked again with a write id that it
   * holds, the store answers `true` without writing a second time.
   */
  update(
    call: InApp & Now & { id: SessionId; expected: Expected; writeId: string; changes: SessionChanges; limits: Limits },
  ): Promise<Updated>

  /**
   * Counts as activity: moves `lastAccessTime`, the end that follows from it, and the credential's `lastSeenAt`, and notes from
   * where it was used. Moves nothing backwards; does nothing to a session that is no longer live. The version stays.
   */
  touch(call: InApp & Now & { id: SessionId; hash: string; from: SeenFrom }): Promise<void>

  /**
   * Adds a credential to a live session: another device, a token, or an OTP. At `limits.credentials` the device that was
   * seen longest ago is signed out, never `by`; at `limits.otps` the oldest OTP goes, and an OTP
   * ends the one of the same purpose in the same step. Answers `false` for a session
   * that is not live.
   */
  attach(
    call: InApp & Now & { id: SessionId; credential: Credential; by?: string | undefined; limits: Limits },
  ): Promise<boolean>

  /** Ends one credential by its public handle. Ending one that is gone is not an error: the answer is `false`. */
  detach(call: InApp & Now & { id: SessionId; handle: string; reason: EndReason }): Promise<boolean>

  /**
   * Gives a live session a new credential in place of `by`, and with `others: 'end'` ends all its other devices and OTPs, in one
   * step. `false` when `by` is no longer good.
   */
  rotate(
    call: InApp & Now & { id: SessionId; by: string; credential: Credential; others: 'end' | 'keep' },
  ): Promise<boolean>

  /** Looks at a live OTP of a live session without spending it. */
  findOTP(call: InApp & Now & { hash: string }): Promise<FoundOTP | undefined>

  /**
   * Spends an OTP: of many callers exactly one gets the session. `credential` is attached in the same step;
   * `undefined` attaches none (a request-only link, or a session's own token).
   */
  redeem(
    call: InApp & Now & { hash: string; credential?: Credential | undefined; limits: Limits },
  ): Promise<SessionRecord | undefined>

  /**
   * JADE's secureSession in one step: the new session lives with its one credential; the old one stays as an invalidated
   * record (both times null, storage emptied) that keeps its licence, and every credential of it is dead. When licences are
   * short the old record goes and the new session takes over its licence.
   * `gone` when the old session is no longer live or `by` no longer good; `moved` when `expected.version` is given and is not
   * the record's. Both write nothing.
   */
  replace(
    call: InApp &
      Now & { id: SessionId; expected: Expected; session: SessionRecord; credential: Credential; limits: Limits },
  ): Promise<Replaced>

  /**
   * Ends a live session: the record goes, each credential leaves a tombstone with the reason (and a message, if any).
   * `undefined` when it is not live any more: people press Log out twice. `by` as in update.
   */
  end(call: InApp & Now & EndOptions & { id: SessionId; reason: EndReason }): Promise<EndedSession | undefined>

  /** Ends every live session that matches; one atomic step. */
  endMany(
    call: InApp & Now & { filter: EndFilter; reason: EndReason; message?: string | undefined },
  ): Promise<EndedSession[]>

  /**
   * Removes a record in whatever state it is, an invalidated one included, and frees its licence. Leaves tombstones. Answers what it
   * removed, with the reason `revoked` for a live session, else why it had ended before.
   */
  remove(call: InApp & Now & { id: SessionId; message?: string | undefined }): Promise<EndedSession | undefined>

  /** Takes the message that an ended session left for this device. Of many callers exactly one gets it. */
  takeMessage(call: InApp & Now & { hash: string }): Promise<string | undefined>

  /** One page of records, paged by key: pass `next` of the page before. Expired records are left out. */
  list(call: InApp & Now & { filter: ListFilter; page: Page }): Promise<ListPage>

  /** How many records match. Without a filter: every record that exists, which is what licences count. */
  count(call: InApp & Now & { filter: ListFilter }): Promise<number>

  /**
   * Removes at most `limit` records whose end lies at least five minutes back (clocks differ), and the tombstones, messages
   * and OTPs whose time is over. Answers the sessions it removed.
   */
  sweep(call: InApp & Now & { limit: number }): Promise<EndedSession[]>

  /** Who has the store open. Only stores that live and die with the processes of one machine have this. */
  readonly presence?: Presence

  /** Tells of ends that other processes made. Only a store that no other process can reach has none. */
  readonly announcements?: Announcements
}

/** Whose sessions a call is about: applications that share a store never meet. */
export interface InApp {
  app: string
}

/** The time of a call, in milliseconds since 1970. */
export interface Now {
  now: number
}

export type StoreMethod = Exclude<keyof SessionStore, 'presence' | 'announcements'>

/** What a method is called with. */
export type CallOf<M extends StoreMethod> = Parameters<SessionStore[M]>[0]

/** Where a credential was presented. null leaves what is known. */
export type SeenFrom = Pick<Credential, 'device' | 'address'>

/** The fields that an update may carry. */
export type SessionChanges = Partial<
  Pick<SessionRecord, 'userName' | 'grants' | 'storage' | 'idleMilliseconds' | 'end'>
> & {
  userId?: string
  lastAccessTime?: number
  /** Marks the caller's credential, and that it came by a login: the user has just proved who he is. */
  authenticatedAt?: number
}

/** What must still hold for a change to be made. */
export interface Expected {
  version?: number
  /** The hash of the caller's credential. */
  by?: string
}

/** Ceilings, each checked by the step that could break it. Absent = none. */
export interface Limits {
  /** Records that exist, invalidated ones included. */
  sessions?: number
  /** Records of guests. */
  guests?: number
  /** Live sessions of one user; the oldest ends. API tokens (`via: 'token'`) neither count nor end. */
  sessionsPerUser?: number
  /** Devices and tokens of one session. */
  credentials?: number
  /** Open OTPs of one session. */
  otps?: number
}

export type Found =
  | { state: 'live'; session: SessionRecord; credential: Credential }
  | {
      state: 'ended'
      reason: EndReason
      endedAt: number
      /** There is a message for this device: take it with `takeMessage`. */
      message: boolean
      /** The session that took its place, when it was secured. */
      successor: SessionId | null
    }

export interface FoundOTP {
  session: SessionRecord
  credential: Credential
}

/** `ended`: sessions that had to go for a limit. */
export type Admission = { admitted: true; ended: EndedSession[] } | { admitted: false }
export interface Updated {
  updated: boolean
  ended: EndedSession[]
}
export type Replaced = { state: 'replaced'; ended: EndedSession[] } | { state: 'gone' | 'moved' }

export interface EndOptions {
  by?: string | undefined
  /** Only when none of its credentials was ever presented. */
  unseen?: boolean
  message?: string | undefined
}

/** Which sessions to end. An empty filter means all. */
export interface EndFilter {
  userId?: string
  kind?: SessionKind
  exceptId?: SessionId
}

export interface ListFilter {
  userId?: string
  kind?: SessionKind
  /** `user`: live with a user or a privilege; `restored`: live with a device that came by a link. */
  state?: 'guest' | 'user' | 'restored' | 'invalidated'
  /** Only live sessions with a credential that came about like this: `token` for API tokens. */
  via?: Credential['via']
}

export interface Page {
  /** Default 'created', newest first. */
  sort?: 'created' | 'seen' | 'end'
  direction?: 'asc' | 'desc'
  /** 1 to 500, default 50. */
  size?: number
  /** From the page before. */
  after?: Cursor
}

export interface Cursor {
  value: number
  id: SessionId
}

export interface ListPage {
  sessions: SessionRecord[]
  next?: Cursor
}

/** How an end reaches the other processes. */
export interface Announcements {
  /**
   * Calls `listener` within a second after any process ended a session, or a credential of it, with the session's id: look again
   * whether yours is still good. Without an id it means that any session may be meant: what was announced may have been missed, or is not known
   * in detail. It may be called for nothing. Answers a function that stops it. Never throws, and never keeps the process alive: while the store cannot be reached it tries again by itself.
   */
  listen(call: InApp & { listener: (id: SessionId | undefined) => void }): () => void
}

/** A register of the processes that have a store open, so that the last one to stop can close the sessions. */
export interface Presence {
  /** Registers or renews a process. Renew it at least every `PRESENCE_BEAT_MILLISECONDS`. */
  beat(call: InApp & Now & { processId: string }): Promise<void>
  /** Takes a process off; `true` when no other one is there. */
  leave(call: InApp & Now & { processId: string }): Promise<boolean>
}
