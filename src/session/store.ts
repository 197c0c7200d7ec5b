import type { Credential, EndedSession, EndReason, SessionId, SessionKind, SessionRecord } from './record.ts'

/**
 * Stores the sessions of one or more applications.
 * - Every method is atomic, also between processes that share the data.
 * - `app` is the name of the application. Applications that share a store cannot access each other's sessions.
 * - `now` is the time of the call in milliseconds since 1970. A store never reads a clock.
 * - A method returns `undefined` or `false` when a session, a credential or a message does not exist.
 * - A method throws when the store fails. Calls to another machine need a deadline, because requests wait for the
 *   reply.
 * - A session is live if it has a `startTime` and `now < end`: see `isLive`. All calls except `remove` and
 *   `sweep` need a live session if they change a session or its credentials.
 * - `by` is the hash of the credential of the caller. If it is given and this credential has ended or never belonged to
 *   the session, the call writes nothing and returns the same as after the end of the session.
 * - An ended credential leaves a tombstone with its session's ID, the reason, the time and the `origin`. The tombstone
 *   is kept for 90 seconds or longer (`TOMBSTONE_MILLISECONDS`). If the session ended with a message, the tombstone and
 *   the message are kept for exactly 24 hours (`MESSAGE_MILLISECONDS`). An ended OTP leaves no tombstone.
 * - A durable store has a layout version: it migrates older data, and refuses newer data (see `docs/updates.md`).
 *
 * `testing/store-contract.ts` tests these rules: see `docs/stores.md`. `stores/kit.ts` exports the rules as functions.
 */
export interface SessionStore {
  /**
   * Adds a session with its first credential. Throws if the session ID already exists.
   * At the limit `sessions` or `guests`, it writes nothing and returns `{ admitted: false }`.
   */
  create(call: InApp & Now & { session: SessionRecord; credential: Credential; limits: Limits }): Promise<Admission>

  /**
   * Finds a session and its credential, by the session ID and the hash of the credential's secret.
   * - The state is `live` if the session is live and still has the credential.
   * - If the session has expired, the state is `ended` until the sweep. `expiryReason` gives the reason, `endedAt`
   *   is the session's `end`, and there is no message.
   * - If the credential has ended for another reason, the state is `ended` while its tombstone is kept.
   * - Returns `undefined` for a credential that never existed, and for a credential of another session.
   */
  find(call: InApp & Now & { id: SessionId; hash: string }): Promise<Found | undefined>

  /** Reads a live, expired or invalidated record without a credential, until it is removed or swept. */
  get(call: InApp & { id: SessionId }): Promise<SessionRecord | undefined>

  /**
   * Returns the credentials and OTPs of these sessions, oldest first. Those with the same time may be in any order. A
   * session that does not exist has an empty list. The hashes must not be shown to users.
   */
  credentials(call: InApp & { ids: readonly SessionId[] }): Promise<Map<SessionId, Credential[]>>

  /**
   * Changes a live session by compare-and-set, and increases its version by one.
   * Writes nothing and returns `updated: false` if the session is not live, if its version differs from
   * `expected.version`, or if the credential with the hash `expected.by` has ended.
   * The record stores the last `writeId`. A second call with the same `writeId` returns `updated: true` and writes
   * nothing. A caller can therefore repeat a call after a lost reply.
   * If `changes` has a `userId`, `limits.sessionsPerUser` applies. A `lastAccessTime` before the stored time is
   * ignored.
   */
  update(
    call: InApp & Now & { id: SessionId; expected: Expected; writeId: string; changes: SessionChanges; limits: Limits },
  ): Promise<Updated>

  /**
   * Records activity: the session's `lastAccessTime` and `end`, and the credential's `lastSeenAt`, device and address.
   * `endAfter` gives the new `end`. No time is replaced by an earlier time. The version does not change. Nothing is
   * written if the session is not live or does not have this credential.
   * At the first activity of a login's cookie, all unused logins of the same origin end with the reason 'secured'. The
   * method returns them. An unused login is a live session that no request has used and whose cookie has this origin in
   * its `details`. Repeated logins of one browser create several unused logins.
   */
  touch(call: InApp & Now & { id: SessionId; hash: string; from: SeenFrom }): Promise<EndedSession[]>

  /**
   * Adds a credential to a live session: another device, a token, or an OTP.
   * At `limits.credentials`, it signs out the least recently used device other than `by`, with the reason `limit`. For
   * an unused device, the time of its creation counts. Among devices with the same time, the store may choose any
   * device.
   * At `limits.otps`, it revokes the oldest expired OTP. If no OTP has expired, it revokes the oldest OTP. A new OTP
   * also revokes the previous OTP with the same purpose.
   * The function `evictedBy` returns the credentials that must end.
   * Returns `false` if the session is not live or the credential with the hash `by` has ended.
   */
  attach(
    call: InApp & Now & { id: SessionId; credential: Credential; by?: string | undefined; limits: Limits },
  ): Promise<boolean>

  /**
   * Ends one device, token or OTP of a live session by its public handle.
   * Returns `false` if the session is not live or does not have the credential.
   */
  detach(call: InApp & Now & { id: SessionId; handle: string; reason: EndReason }): Promise<boolean>

  /**
   * Replaces the credential with the hash `by` by a new credential. The old credential ends with the reason `secured`.
   * With `others: 'end'`, the session's other devices end too, with the reason `revoked`, and also its OTPs.
   * Returns `false` if the session is not live or the replaced credential has already ended.
   */
  rotate(
    call: InApp & Now & { id: SessionId; by: string; credential: Credential; others: 'end' | 'keep' },
  ): Promise<boolean>

  /** Finds a valid OTP of a live session. The OTP stays valid. */
  findOTP(call: InApp & Now & { hash: string }): Promise<FoundOTP | undefined>

  /**
   * Redeems an OTP and returns its session. Of several concurrent calls, exactly one succeeds.
   * Adds `credential` to the session in the same step, as `attach` does without `by`: at `limits.credentials`, the
   * least recently used device is signed out. `credential` is absent for a request-only link, and when a device of the
   * same session opens the link.
   */
  redeem(
    call: InApp & Now & { hash: string; credential?: Credential | undefined; limits: Limits },
  ): Promise<SessionRecord | undefined>

  /**
   * Replaces a live session by a new session with one credential (JADE's secureSession). All credentials of the old
   * session end with the reason `secured`, and keep their origin. Its record becomes invalidated: its start
   * and last access are null, its storage is `{}`, its version increases, and it still counts for `limits.sessions`.
   * At `limits.sessions` or `limits.guests`, the old record is deleted instead. Throws if the new session's ID exists.
   * Returns `gone` if the old session or the credential `expected.by` has ended, and `moved` if the version differs
   * from `expected.version`. In both cases, nothing is written.
   */
  replace(
    call: InApp &
      Now & { id: SessionId; expected: Expected; session: SessionRecord; credential: Credential; limits: Limits },
  ): Promise<Replaced>

  /**
   * Ends a live session: deletes the record and stores a tombstone with the reason and the message for each credential.
   * The message reaches the devices that the session still had. An empty message is not stored.
   * Returns `undefined` if the session or the credential `by` has already ended, for instance by an earlier log out.
   */
  end(call: InApp & Now & EndOptions & { id: SessionId; reason: EndReason }): Promise<EndedSession | undefined>

  /**
   * Ends every live session that matches, as `end` does, in one atomic step. Returns the ended sessions in any
   * order. Expired and invalidated records stay.
   */
  endMany(
    call: InApp & Now & { filter: EndFilter; reason: EndReason; message?: string | undefined },
  ): Promise<EndedSession[]>

  /**
   * Removes a live, expired or invalidated record, and stores a tombstone for each credential. Devices that ended
   * earlier also get the message, if the store still has their tombstones. Their message is kept for 24 hours from this
   * call.
   * If the returned session was live, its reason is `revoked`. Otherwise, it is the reason why the session had ended.
   */
  remove(call: InApp & Now & { id: SessionId; message?: string | undefined }): Promise<EndedSession | undefined>

  /**
   * Returns and deletes this device's message of an ended session. The tombstone stays. Of several concurrent calls,
   * one returns the message. Returns `undefined` 24 hours after the end.
   */
  takeMessage(call: InApp & Now & { hash: string }): Promise<string | undefined>

  /**
   * Returns one page of records, without expired ones. Records with the same value are sorted by ID (as ASCII text), in
   * the same direction; a missing time counts as 0. Pass `next` of the previous page as `page.after`; there is no
   * `next` after the last record.
   * A record that the store cannot read does not fail the list: the store returns it with an unreadable `storage`, such
   * as ''.
   */
  list(call: InApp & Now & { filter: ListFilter; page: Page }): Promise<ListPage>

  /** Returns how many records match. An empty filter counts every stored record. */
  count(call: InApp & Now & { filter: ListFilter }): Promise<number>

  /**
   * Removes at most `limit` records whose `end` is at least five minutes ago, including invalidated records. It stores
   * no tombstones for them.
   * Also removes OTPs that expired at least five minutes ago, and tombstones and messages whose time is over. If the
   * server of a store deletes expired entries by itself, the store may leave these to the server. Returns the removed
   * sessions.
   * An application that is not used any more does not sweep. Each sweep therefore also removes at most `limit` records
   * of other applications that expired at least `UNUSED_APP_MILLISECONDS` ago, unless the server deletes them by
   * itself. The method does not return these records.
   */
  sweep(call: InApp & Now & { limit: number }): Promise<EndedSession[]>

  /**
   * Writes a small value that no other method shows, and reports whether the store accepts writes. A full or read-only
   * store can still be read, so only a write detects the problem. Optional; health checks call it every few seconds.
   * Throws, like every method, when the store does not respond.
   */
  probe?(call: InApp & Now): Promise<WriteState>

  /** Reports a wrong setup, for instance of a connection pooler, with which the store still works. Optional. */
  readonly warnings?: StoreWarnings

  /** Only stores whose processes all run on one machine have this property. */
  readonly presence?: Presence

  /** Sends a notification when another process ends a session. A store that only one process uses does not need it. */
  readonly announcements?: Announcements
}

export interface InApp {
  app: string
}

export interface Now {
  now: number
}

/** The methods that every store has. */
export type StoreMethod = Exclude<keyof SessionStore, 'probe' | 'warnings' | 'presence' | 'announcements'>

export type CallOf<M extends StoreMethod> = Parameters<SessionStore[M]>[0]

/** The device and the address of a request. null leaves the stored value unchanged. */
export type SeenFrom = Pick<Credential, 'device' | 'address'>

/** `end` is at most `absoluteEnd` of the record. */
export type SessionChanges = Partial<
  Pick<SessionRecord, 'userName' | 'grants' | 'storage' | 'idleMilliseconds' | 'end'>
> & {
  userId?: string
  lastAccessTime?: number
  /** The time of the user's authentication, for the caller's credential. Its `via` becomes 'login'. */
  authenticatedAt?: number
}

/** The conditions of a compare-and-set. An absent field is not checked. */
export interface Expected {
  version?: number
  /** The hash of the caller's credential. */
  by?: string
}

/**
 * Limits that a store checks atomically with a write. An absent field means no limit.
 * Unused logins of one origin (see `touch`) count as one session, for `sessions` and for `sessionsPerUser`. At the
 * limit of a user, all unused logins of one origin end together. Above `MOST_UNUSED_LOGINS`, `create` and `replace` end
 * the oldest unused login of the origin.
 */
export interface Limits {
  /** The maximum number of stored records (licences), including invalidated records. */
  sessions?: number
  /** The maximum number of records of guests (see `isGuestRecord`), without invalidated records. */
  guests?: number
  /** The maximum number of live sessions of a user, without API tokens. Above it, the oldest session ends. */
  sessionsPerUser?: number
  /** The maximum number of devices and tokens of a session. */
  credentials?: number
  /** The maximum number of OTPs of a session. Expired OTPs count until they are removed, but are revoked first. */
  otps?: number
}

export type Found =
  | { state: 'live'; session: SessionRecord; credential: Credential }
  | {
      state: 'ended'
      reason: EndReason
      endedAt: number
      /** Whether `takeMessage` would return a message for this device. */
      message: boolean
      /** The origin of a login's cookie, if a `replace` or a `touch` ended its session; null in other cases. */
      origin: SessionId | null
    }

export interface FoundOTP {
  session: SessionRecord
  credential: Credential
}

/** The result of `create`. `ended` lists the sessions that ended because of a limit. */
export type Admission = { admitted: true; ended: EndedSession[] } | { admitted: false }
export interface Updated {
  updated: boolean
  ended: EndedSession[]
}
export type Replaced = { state: 'replaced'; ended: EndedSession[] } | { state: 'gone' | 'moved' }

/**
 * Whether a store that responds also accepts writes.
 * - `read-only`: the server is a replica or a standby. Only a connection to another server helps, and the store opens
 *   this connection by itself.
 * - `refusing`: for instance, a disk or the memory is full. The store opens no new connection, because it would not
 *   help.
 */
export type WriteState = { state: 'writable' } | { state: 'read-only' | 'refusing'; error: unknown }

export interface EndOptions {
  by?: string | undefined
  /** Whether the session ends only if none of its present and ended credentials was ever used: see `wasSeen`. */
  unseen?: boolean
  message?: string | undefined
}

/** Selects the sessions to end. An empty filter selects all sessions. */
export interface EndFilter {
  userId?: string
  kind?: SessionKind
  exceptId?: SessionId
}

export interface ListFilter {
  userId?: string
  kind?: SessionKind
  /** `user`: live, with a user or a privilege. `restored`: live, with a device that a one-time link added. */
  state?: 'guest' | 'user' | 'restored' | 'invalidated'
  /** Selects live sessions that have a credential with this `via`, for instance `token` for API tokens. */
  via?: Credential['via']
}

export interface Page {
  /** Default 'created'. */
  sort?: 'created' | 'seen' | 'end'
  /** Default 'desc'. */
  direction?: 'asc' | 'desc'
  /** 1 to 500, default 50. */
  size?: number
  /** The value of `next` in the previous page. */
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

export interface StoreWarnings {
  /** Calls `listener` once for each code. Returns a function that removes the listener. */
  listen(listener: (warning: StoreWarning) => void): () => void
}

export interface StoreWarning {
  /** In the form `UPPER_SNAKE`. */
  code: string
  message: string
  error?: unknown
}

export interface Announcements {
  /**
   * Calls `listener` with a session ID within a second after any process ends the session or one of its credentials.
   * The ID is `undefined` when the store cannot name the session or may have missed notifications.
   * The listener may also be called when nothing has ended, so it must read the session again.
   * Returns a function that removes the listener. The method never throws and never keeps the process alive. It
   * reconnects by itself.
   */
  listen(call: InApp & { listener: (id: SessionId | undefined) => void }): () => void
}

/**
 * Registers the processes that have a store open. The last process to stop can then end all sessions.
 * Each call also removes the registrations of processes that no longer run.
 */
export interface Presence {
  /** Registers a process, or renews its registration. Each process calls it every `PRESENCE_BEAT_MILLISECONDS`. */
  beat(call: InApp & Now & RegisteredProcess): Promise<void>
  /** Removes the registration of a process. Returns `true` when no other process is registered. */
  leave(call: InApp & Now & RegisteredProcess): Promise<boolean>
}

export interface RegisteredProcess {
  processId: string
  /**
   * Returns whether the process with this `processId` runs. Without a result or without this function, a process counts
   * as running until its last beat is `PRESENCE_LIFE_MILLISECONDS` old.
   */
  isRunning?: ((processId: string) => boolean | undefined) | undefined
}
