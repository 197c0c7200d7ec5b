import type { Credential, EndedSession, EndReason, SessionId, SessionKind, SessionRecord } from './record.ts'

/**
 * Stores the sessions of one or more applications.
 * - Every method is atomic, also between processes that share the data.
 * - `app` is the name of the application. Applications that share a store cannot access each other's sessions.
 * - `now` is the time of the call in milliseconds since 1970. A store never reads a clock.
 * - A method returns `undefined` or `false` when a session, a credential or a message does not exist.
 * - A method throws when the store fails. A call to another machine needs a deadline, because a request waits for the
 *   reply.
 * - A session is live if it has a `startTime`, has not expired and is not damaged (see `isLive`). Methods change only
 *   live sessions and their credentials. The exceptions are `remove` and `sweep`. `end` and `endMany` may also end a
 *   damaged session.
 * - `by` is the hash of the caller's credential. If this credential has ended or never belonged to the session, the
 *   call writes nothing. The call then returns the same result as after the end of the session.
 * - A credential has expired when `now` is its `expiresAt` or later. An expired credential counts as ended: it finds no
 *   live session, and calls `by` it write nothing.
 * - For an ended credential, the store keeps a tombstone with the session ID, the reason, the time and the `origin`.
 *   The store keeps the tombstone for 90 seconds or longer (`TOMBSTONE_MILLISECONDS`). If the session ended with a
 *   message, the store keeps the tombstone and the message for exactly 24 hours (`MESSAGE_MILLISECONDS`). An ended OTP
 *   has no tombstone. An expired credential gets a tombstone only if its session ends before a sweep removes it.
 * - A durable store has a layout version. The store migrates data of an older version, and refuses data of a newer
 *   version (see `docs/updates.md`).
 *
 * `testing/store-contract.ts` tests these rules (see `docs/stores.md`). `stores/kit.ts` exports the rules as functions.
 */
export interface SessionStore {
  /** Optional. Names the kind of store for traces, as OpenTelemetry does: 'redis', 'postgresql'. */
  readonly name?: string

  /**
   * Adds a session with its first credential. Throws if the session ID already exists.
   * If the limit `sessions` or `guests` is reached, writes nothing and returns `{ admitted: false }`.
   */
  create(call: InApp & Now & { session: SessionRecord; credential: Credential; limits: Limits }): Promise<Admission>

  /**
   * Finds a session and its credential, by the session ID and the hash of the credential's secret.
   * - The state is `live` if the session is live and still has the credential, and the credential has not expired.
   * - If the session has expired, the state is `ended` until a sweep removes the record. The reason is the result of
   *   `expiryReason`, `endedAt` is the session's `end`, and `message` is false.
   * - If the credential has expired before its session, the state is `ended` until a sweep removes the credential. The
   *   reason is `absolute`, `endedAt` is the credential's `expiresAt`, and `message` is false.
   * - If the credential has ended for another reason, the state is `ended` while the store keeps the tombstone.
   * - Returns `undefined` for a credential that never existed, and for a credential of another session.
   */
  find(call: InApp & Now & { id: SessionId; hash: string }): Promise<Found | undefined>

  /** Reads a live, expired or invalidated record. The caller needs no credential. */
  get(call: InApp & { id: SessionId }): Promise<SessionRecord | undefined>

  /**
   * Returns the credentials (including OTPs) of these sessions, oldest first. Credentials that were created at the same
   * time may be in any order. For a session that does not exist, the map contains an empty list. Never show the hashes
   * to users.
   */
  credentials(call: InApp & { ids: readonly SessionId[] }): Promise<Map<SessionId, Credential[]>>

  /**
   * Changes a live session by compare-and-set, and increases its version by one.
   * Writes nothing and returns `updated: false` if the session is not live, if its version differs from
   * `expected.version`, or if the credential with the hash `expected.by` has ended.
   * The store keeps the last `writeId` of each session. A second call with this `writeId` returns `updated: true` and
   * writes nothing. The caller can therefore repeat the call if the reply was lost.
   * If `changes` has a `userId`, `limits.sessionsPerUser` applies. A `lastAccessTime` that is earlier than the stored
   * time is ignored.
   */
  update(
    call: InApp & Now & { id: SessionId; expected: Expected; writeId: string; changes: SessionChanges; limits: Limits },
  ): Promise<Updated>

  /**
   * Records activity: the session's `lastAccessTime` and `end`, and the credential's `lastSeenAt`, device and address.
   * The new `end` is the result of `endAfter`. The method never replaces a time by an earlier time, and does not change
   * the version. Writes nothing if the session is not live, does not have this credential, or the
   * credential has expired.
   * An unused login is a live session that a login created and no request has used. Its cookie has the origin of the
   * login in `details`. If a browser repeats a login before it uses the first cookie, several unused logins have the
   * same origin. The first activity of one unused login ends the other unused logins of this origin with the reason
   * `secured`. The method returns the ended sessions.
   */
  touch(call: InApp & Now & { id: SessionId; hash: string; from: SeenFrom }): Promise<EndedSession[]>

  /**
   * Adds a credential to a live session: another device, a token, or an OTP.
   * If `limits.credentials` is reached, ends an expired device, or signs out the least recently used device with the
   * reason `limit`, but never the caller's device (`by`). A device that was never used counts as used at its creation. If several devices have the
   * same time, the store may choose any of them.
   * If `limits.otps` is reached, revokes the oldest expired OTP. If no OTP has expired, revokes the oldest OTP. A new
   * OTP also revokes the previous OTP with the same purpose.
   * The function `evictedBy` in `stores/kit.ts` returns the credentials to end.
   * Returns `false` if the session is not live or the credential with the hash `by` has ended.
   */
  attach(
    call: InApp & Now & { id: SessionId; credential: Credential; by?: string | undefined; limits: Limits },
  ): Promise<boolean>

  /**
   * Ends one device, token or OTP of a live session by its public handle. Stores a non-empty message for the device or
   * token. The message is kept after an end of the session too, but not after the session has expired.
   * Returns `false` if the session is not live or does not have the credential.
   */
  detach(
    call: InApp & Now & { id: SessionId; handle: string; reason: EndReason; message?: string | undefined },
  ): Promise<boolean>

  /**
   * Replaces the credential with the hash `by` by a new credential. The old credential ends with the reason `secured`.
   * With `others: 'end'`, the session's OTPs and its other devices also end. The reason for the devices is `revoked`.
   * Returns `false` if the session is not live or the credential with the hash `by` has already ended.
   */
  rotate(
    call: InApp & Now & { id: SessionId; by: string; credential: Credential; others: 'end' | 'keep' },
  ): Promise<boolean>

  /**
   * Replaces the details of a live session's credential by compare-and-set. Does not change the version of the session.
   * Returns `false`, and writes nothing, if the session is not live, if the credential has ended or expired, if its
   * details differ from `from`, or if no request has used the credential: until then, details are an origin (see
   * `touch`).
   */
  setDetails(call: InApp & Now & { id: SessionId; hash: string; from: string | null; to: string }): Promise<boolean>

  /** Finds a valid OTP of a live session. The OTP stays valid. */
  findOTP(call: InApp & Now & { hash: string }): Promise<FoundOTP | undefined>

  /**
   * Redeems an OTP and returns its session. Of several concurrent calls, exactly one succeeds.
   * Adds `credential` to the session in the same atomic step. If `limits.credentials` is reached, signs out the least
   * recently used device, as `attach` does. `credential` is absent for a request-only link. It is also absent when a
   * device of the same session opens the link.
   */
  redeem(
    call: InApp & Now & { hash: string; credential?: Credential | undefined; limits: Limits },
  ): Promise<SessionRecord | undefined>

  /**
   * Replaces a live session by a new session with one credential (JADE's secureSession). All credentials of the old
   * session end with the reason `secured`. Their tombstones keep the origin.
   * The old record becomes invalidated. Its `startTime` and `lastAccessTime` become null, its storage becomes `{}`, and
   * its version increases. An invalidated record still counts for `limits.sessions`. If `limits.sessions` or
   * `limits.guests` is reached, the store deletes the old record instead.
   * Returns `gone` if the old session or the credential `expected.by` has ended. Returns `moved` if the version differs
   * from `expected.version`. In both cases, nothing is written. Throws if the ID of the new session already exists.
   */
  replace(
    call: InApp &
      Now & { id: SessionId; expected: Expected; session: SessionRecord; credential: Credential; limits: Limits },
  ): Promise<Replaced>

  /**
   * Ends a live session: deletes the record and stores a tombstone with the reason and the message for each credential.
   * Devices that ended earlier do not get the message. An empty message is not stored.
   * Returns `undefined` if the session or the credential `by` has already ended, for instance by an earlier log out.
   */
  end(call: InApp & Now & EndOptions & { id: SessionId; reason: EndReason }): Promise<EndedSession | undefined>

  /**
   * Ends every live session that matches the filter, as `end` does, in one atomic step. Returns the ended sessions in
   * any order. Does not remove expired or invalidated records.
   * Without a `userId`, the filter may match very many sessions. A store may then first mark them as ended in one atomic
   * step, and delete their records in several short steps. No other method may treat a marked session as live. If the
   * process stops before the last step, a later sweep continues the steps and returns the sessions that it has ended. The
   * sweep must not continue the steps of a running process.
   */
  endMany(
    call: InApp & Now & { filter: EndFilter; reason: EndReason; message?: string | undefined },
  ): Promise<EndedSession[]>

  /**
   * Removes a live, expired or invalidated record, and stores a tombstone for each credential. Devices that ended
   * earlier also get the message, if the store still has their tombstones. The store keeps the message for 24 hours
   * after this call.
   * If the session was live, the returned reason is `revoked`. Otherwise, the returned reason is the reason why the
   * session had ended earlier.
   */
  remove(call: InApp & Now & { id: SessionId; message?: string | undefined }): Promise<EndedSession | undefined>

  /**
   * Returns and deletes the message of an ended session for the device with this hash. The tombstone stays. If several
   * calls run concurrently, exactly one returns the message. After 24 hours, the method returns `undefined`.
   */
  takeMessage(call: InApp & Now & { id: SessionId; hash: string }): Promise<string | undefined>

  /**
   * Returns one page of records. Leaves out expired records. Records with the same sort value are sorted by ID (as
   * ASCII text) in the same direction. A time that is null counts as 0. Pass `next` of the previous page as
   * `page.after`. The last page has no `next`.
   * If the store cannot read a record, the list does not fail. The store returns this record with an unreadable
   * `storage`, such as ''.
   */
  list(call: InApp & Now & { filter: ListFilter; page: Page }): Promise<ListPage>

  /** Returns the number of records that match. An empty filter counts every stored record. */
  count(call: InApp & Now & { filter: ListFilter }): Promise<number>

  /**
   * Removes at most `limit` records whose `end` is at least five minutes ago, including invalidated records. Stores no
   * tombstones for these records. Returns the removed sessions.
   * Also removes credentials that expired at least five minutes ago, and expired tombstones and messages. A store may leave
   * this work to its server if the server deletes expired entries automatically.
   * An application that is not used any more does not sweep. Each sweep therefore also removes at most `limit` records
   * of other applications that expired at least `UNUSED_APP_MILLISECONDS` ago. A store may also leave this work to its
   * server. The method does not return the records of other applications.
   */
  sweep(call: InApp & Now & { limit: number }): Promise<EndedSession[]>

  /**
   * Writes a small value that no other method returns, and reports whether the store accepts writes. A full or
   * read-only store can still be read, so only a write detects the problem. The method is optional. Health checks call
   * it every few seconds. Throws when the store does not respond.
   */
  probe?(call: InApp & Now): Promise<WriteState>

  /** Optional. Reports wrong settings that do not stop the store, for instance settings of a connection pooler. */
  readonly warnings?: StoreWarnings

  /** Only an embedded store (memory, SQLite) has this property, because all its processes run on one machine. */
  readonly presence?: Presence

  /** Sends a notification when another process ends a session. A store for a single process needs no notifications. */
  readonly announcements?: Announcements
}

export interface InApp {
  app: string
}

export interface Now {
  now: number
}

/** The methods that every store has. */
export type StoreMethod = Exclude<keyof SessionStore, 'name' | 'probe' | 'warnings' | 'presence' | 'announcements'>

export type CallOf<M extends StoreMethod> = Parameters<SessionStore[M]>[0]

/** The device and the address of a request. A value of null leaves the stored value unchanged. */
export type SeenFrom = Pick<Credential, 'device' | 'address'>

/** `end` is at most `absoluteEnd` of the record. */
export type SessionChanges = Partial<
  Pick<SessionRecord, 'userName' | 'grants' | 'storage' | 'idleMilliseconds' | 'end'>
> & {
  userId?: string
  lastAccessTime?: number
  /** The time of the user's authentication, for the caller's credential. The credential's `via` becomes 'login'. */
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
 * Unused logins of one origin (see `touch`) count as one session for `sessions` and for `sessionsPerUser`. If
 * `sessionsPerUser` ends an unused login, all unused logins of this origin end. If an origin has more than
 * `MOST_UNUSED_LOGINS` unused logins, `create` and `replace` end the oldest unused login.
 */
export interface Limits {
  /** The maximum number of stored records (licences), including invalidated records. */
  sessions?: number
  /** The maximum number of records of guests (see `isGuestRecord`), without invalidated records. */
  guests?: number
  /** The maximum number of live sessions of a user, without API tokens. A further session ends the oldest session. */
  sessionsPerUser?: number
  /** The maximum number of devices and tokens of a session. An expired device counts until its removal, but ends first. */
  credentials?: number
  /** The maximum number of OTPs of a session. An expired OTP counts until its removal, but is revoked first. */
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
      /** The origin of a login's cookie, if `replace` or `touch` ended the session of the cookie. Otherwise null. */
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
 * - `read-only`: The server is a replica or a standby. The store connects to another server by itself.
 * - `refusing`: The store refuses writes for another reason, for instance because a disk or the memory is full. The
 *   store opens no new connection, because a new connection would not help.
 */
export type WriteState = { state: 'writable' } | { state: 'read-only' | 'refusing'; error: unknown }

export interface EndOptions {
  by?: string | undefined
  /** If true, the session ends only if no request has used it (see `wasSeen`). */
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
  /**
   * `user`: live sessions with a user or a privilege. `restored`: live sessions with a device that a link added. An
   * expired device counts until a sweep removes it.
   */
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
   * When any process ends a session or one of its credentials, calls `listener` with the session ID within a second.
   * The ID is `undefined` when the store cannot name the session or may have missed notifications.
   * The listener may also be called when nothing has ended, so it must read the session again.
   * Returns a function that removes the listener. The method never throws and never keeps the process alive. The store
   * reconnects by itself.
   */
  listen(call: InApp & { listener: (id: SessionId | undefined) => void }): () => void
}

/**
 * Registers the processes that have a store open. The last process to stop can then end all sessions.
 * Each call also removes the registrations of processes that no longer run.
 */
export interface Presence {
  /** Registers a process, or renews its registration. Called every `PRESENCE_BEAT_MILLISECONDS`. */
  beat(call: InApp & Now & RegisteredProcess): Promise<void>
  /** Removes the registration of a process. Returns `true` when no other process is registered. */
  leave(call: InApp & Now & RegisteredProcess): Promise<boolean>
}

export interface RegisteredProcess {
  processId: string
  /**
   * Returns whether the process with this `processId` runs; `undefined` if unknown. If the result is unknown or the
   * function is absent, a process counts as running until its last beat is `PRESENCE_LIFE_MILLISECONDS` old.
   */
  isRunning?: ((processId: string) => boolean | undefined) | undefined
}
