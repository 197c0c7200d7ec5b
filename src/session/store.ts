import type { Credential, EndedSession, EndReason, SessionId, SessionKind, SessionRecord } from './record.ts'

/**
 * What a store must promise. Every method is atomic. Its one argument holds the application's name (`app`), which keeps applications
 * that share a store apart. Where the time matters it also holds `now` (milliseconds since 1970): a store never reads a clock.
 *
 * Missing is a value (`undefined`, `false`), broken is an exception: a store that cannot answer throws. A store on another machine
 * answers or throws within a deadline, because a request waits for it.
 * `testing/store-contract.ts` proves every promise. Run it against a store of your own.
 */
export interface SessionStore {
  /**
   * Adds a session with its first credential. Insert-only: an id that exists is an error, never an overwrite.
   * Limits are checked in the same step. At a limit nothing is written and the answer is `{ admitted: false }`.
   */
  create(call: InApp & Now & { session: SessionRecord; credential: Credential; limits: Limits }): Promise<Admission>

  /**
   * Finds the session that a credential belongs to, by the session's id and the hash of the credential's secret.
   * Answers `ended` only for a credential that was once valid, for at least 90 s after the end, whatever ended it.
   */
  find(call: InApp & Now & { id: SessionId; hash: string }): Promise<Found | undefined>

  /** Reads a record by its public id, without a credential: for lists and administration. It may be live, expired or invalidated. */
  get(call: InApp & { id: SessionId }): Promise<SessionRecord | undefined>

  /** The credentials of some sessions, oldest first. Hashes are included: never show them. */
  credentials(call: InApp & { ids: readonly SessionId[] }): Promise<Map<SessionId, Credential[]>>

  /**
   * Compare-and-set: changes a live session if it still has the expected version, and raises the version by one.
   * Answers `false` and writes nothing when the version is another one, the session is no longer live, or `by` (the hash of the
   * caller's credential) has ended. Never creates. The record keeps the last `writeId`: a second call with the same one answers
   * `true` without writing again, so that a caller whose reply was lost may ask again.
   */
  update(
    call: InApp & Now & { id: SessionId; expected: Expected; writeId: string; changes: SessionChanges; limits: Limits },
  ): Promise<Updated>

  /**
   * Records activity: moves `lastAccessTime`, the end that follows from it and the credential's `lastSeenAt`, and stores the device
   * and address of `from`. Moves nothing backwards, and does nothing to a session that is no longer live. The version stays.
   */
  touch(call: InApp & Now & { id: SessionId; hash: string; from: SeenFrom }): Promise<void>

  /**
   * Adds a credential to a live session: another device, a token, or an OTP. At `limits.credentials` the device that was seen
   * longest ago is signed out, never `by`. At `limits.otps` the oldest OTP ends. A new OTP also ends the OTP of the same purpose,
   * in the same step. Answers `false` for a session that is not live.
   */
  attach(
    call: InApp & Now & { id: SessionId; credential: Credential; by?: string | undefined; limits: Limits },
  ): Promise<boolean>

  /** Ends one credential by its public handle. For a credential that is already gone the answer is `false`, not an error. */
  detach(call: InApp & Now & { id: SessionId; handle: string; reason: EndReason }): Promise<boolean>

  /**
   * Replaces the credential `by` of a live session by a new one. With `others: 'end'` all its other devices and OTPs end in the
   * same step. Answers `false` when `by` is no longer valid.
   */
  rotate(
    call: InApp & Now & { id: SessionId; by: string; credential: Credential; others: 'end' | 'keep' },
  ): Promise<boolean>

  /** Looks at a live OTP of a live session without spending it. */
  findOTP(call: InApp & Now & { hash: string }): Promise<FoundOTP | undefined>

  /**
   * Spends an OTP: of many callers exactly one gets the session. `credential` is attached in the same step.
   * Without one nothing is attached (a request-only link, or a session's own token).
   */
  redeem(
    call: InApp & Now & { hash: string; credential?: Credential | undefined; limits: Limits },
  ): Promise<SessionRecord | undefined>

  /**
   * JADE's secureSession in one step. The new session is live with its one credential. The old one stays as an invalidated
   * record (both times null, storage emptied) that keeps its licence, and all its credentials end. At the limit of licences the
   * old record is deleted and the new session takes over its licence.
   * Answers `gone` when the old session is no longer live or `by` no longer valid, and `moved` when `expected.version` is given and
   * is not the record's. Both write nothing.
   */
  replace(
    call: InApp &
      Now & { id: SessionId; expected: Expected; session: SessionRecord; credential: Credential; limits: Limits },
  ): Promise<Replaced>

  /**
   * Ends a live session: the record is deleted, and each credential leaves a tombstone with the reason (and a message, if any).
   * Answers `undefined` when it is no longer live: people press Log out twice. `by` as in `update`.
   */
  end(call: InApp & Now & EndOptions & { id: SessionId; reason: EndReason }): Promise<EndedSession | undefined>

  /** Ends every live session that matches, in one atomic step. */
  endMany(
    call: InApp & Now & { filter: EndFilter; reason: EndReason; message?: string | undefined },
  ): Promise<EndedSession[]>

  /**
   * Removes a record in any state, an invalidated one included, and frees its licence. Leaves tombstones. Answers what it removed:
   * with the reason `revoked` for a live session, else with the reason for which it had ended before.
   */
  remove(call: InApp & Now & { id: SessionId; message?: string | undefined }): Promise<EndedSession | undefined>

  /** Reads and deletes the message that an ended session left for this device. Of many callers exactly one gets it. */
  takeMessage(call: InApp & Now & { hash: string }): Promise<string | undefined>

  /** One page of records, with keyset pagination: pass `next` of the page before as `after`. Expired records are left out. */
  list(call: InApp & Now & { filter: ListFilter; page: Page }): Promise<ListPage>

  /** How many records match. An empty filter counts every record that exists, as licences do. */
  count(call: InApp & Now & { filter: ListFilter }): Promise<number>

  /**
   * Removes at most `limit` records that ended at least five minutes ago (clocks differ), and expired tombstones, messages
   * and OTPs. Answers the sessions it removed.
   */
  sweep(call: InApp & Now & { limit: number }): Promise<EndedSession[]>

  /** Which processes have the store open. Only stores whose processes all run on one machine have this. */
  readonly presence?: Presence

  /** Notifications of sessions that other processes ended. Only a store that no other process can reach has none. */
  readonly announcements?: Announcements
}

/** The application whose sessions a call is about. Applications that share a store never see each other's sessions. */
export interface InApp {
  app: string
}

/** The time of a call, in milliseconds since 1970. */
export interface Now {
  now: number
}

export type StoreMethod = Exclude<keyof SessionStore, 'presence' | 'announcements'>

export type CallOf<M extends StoreMethod> = Parameters<SessionStore[M]>[0]

/** Where a credential was presented. null keeps the stored value. */
export type SeenFrom = Pick<Credential, 'device' | 'address'>

export type SessionChanges = Partial<
  Pick<SessionRecord, 'userName' | 'grants' | 'storage' | 'idleMilliseconds' | 'end'>
> & {
  userId?: string
  lastAccessTime?: number
  /** Set when the user has just authenticated: it is written to the caller's credential, whose `via` becomes 'login'. */
  authenticatedAt?: number
}

/** The conditions under which a change is made. */
export interface Expected {
  version?: number
  /** The hash of the caller's credential. */
  by?: string
}

/** Limits, each checked in the same step as the write that could exceed it. Absent: no limit. */
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
      /** Whether `takeMessage` has a message for this device. */
      message: boolean
      /** The session that replaced it, when it was secured. */
      successor: SessionId | null
    }

export interface FoundOTP {
  session: SessionRecord
  credential: Credential
}

/** `ended`: the sessions that ended because of a limit. */
export type Admission = { admitted: true; ended: EndedSession[] } | { admitted: false }
export interface Updated {
  updated: boolean
  ended: EndedSession[]
}
export type Replaced = { state: 'replaced'; ended: EndedSession[] } | { state: 'gone' | 'moved' }

export interface EndOptions {
  by?: string | undefined
  /** End it only if none of its credentials was ever presented. */
  unseen?: boolean
  message?: string | undefined
}

/** Which sessions to end. An empty filter selects all. */
export interface EndFilter {
  userId?: string
  kind?: SessionKind
  exceptId?: SessionId
}

export interface ListFilter {
  userId?: string
  kind?: SessionKind
  /** `user`: live, with a user or a privilege. `restored`: live, with a device that was added by a link. */
  state?: 'guest' | 'user' | 'restored' | 'invalidated'
  /** Only live sessions that have a credential with this `via`: `token` for API tokens. */
  via?: Credential['via']
}

export interface Page {
  /** Default 'created', newest first. */
  sort?: 'created' | 'seen' | 'end'
  direction?: 'asc' | 'desc'
  /** 1 to 500, default 50. */
  size?: number
  /** `next` of the page before. */
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

/** How the end of a session reaches other processes. */
export interface Announcements {
  /**
   * Calls `listener` with the session's id within a second after any process ended that session or a credential of it. Without an
   * id any session may have ended: notifications may have been lost, or the store does not know which session it was.
   * The listener may also be called when nothing has ended, so it reads its session again. Answers a function that stops listening.
   * Never throws and never keeps the process alive. While the store cannot be reached it retries by itself.
   */
  listen(call: InApp & { listener: (id: SessionId | undefined) => void }): () => void
}

/** A register of the processes that have a store open. The last one to stop can then close the sessions. */
export interface Presence {
  /** Registers or renews a process. Renew it at least every `PRESENCE_BEAT_MILLISECONDS`. */
  beat(call: InApp & Now & { processId: string }): Promise<void>
  /** Removes a process. Answers `true` when no other one is registered. */
  leave(call: InApp & Now & { processId: string }): Promise<boolean>
}
