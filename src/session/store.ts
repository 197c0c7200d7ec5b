import type { Credential, EndedSession, EndReason, SessionId, SessionKind, SessionRecord } from './record.ts'

/**
 * Stores the sessions of one or more applications.
 * - Every method is atomic, also between processes that share the data.
 * - `app` is the name of the application. Applications that share a store cannot access each other's sessions.
 * - `now` is the time of the call in milliseconds since 1970. A store never reads a clock.
 * - A method returns `undefined` or `false` when a session, a credential or a message does not exist.
 * - A method throws when the store fails. Calls to another machine need a deadline, because requests wait for them.
 * - A session is live if it has a `startTime` and `now < end`: see `isLive`. All calls that change a session or its
 *   credentials need a live one, except `remove` and `sweep`.
 * - `by` is the hash of the credential of the caller. If it is given and this credential has ended or never belonged to
 *   the session, the call writes nothing and answers as if the session had ended.
 * - An ended credential leaves a tombstone with its session's ID, the reason, the time and the `origin`. The tombstone
 *   is kept for 90 seconds or longer (`TOMBSTONE_MILLISECONDS`). With a message, both are kept for exactly 24 hours
 *   (`MESSAGE_MILLISECONDS`). An ended OTP leaves nothing.
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
   * - If the session has expired, the state is `ended` until the sweep. The reason is that of `expiryReason`, `endedAt`
   *   is the session's `end`, and there is no message.
   * - If the credential has ended for another reason, the state is `ended` while its tombstone is kept.
   * - Returns `undefined` for a credential that never existed, and for one of another session.
   */
  find(call: InApp & Now & { id: SessionId; hash: string }): Promise<Found | undefined>

  /** Reads a live, expired or invalidated record without a credential, until it is removed or swept. */
  get(call: InApp & { id: SessionId }): Promise<SessionRecord | undefined>

  /**
   * Returns the credentials and OTPs of these sessions, oldest first; those of the same time in any order. A session
   * that does not exist has an empty list. The hashes must not be shown to users.
   */
  credentials(call: InApp & { ids: readonly SessionId[] }): Promise<Map<SessionId, Credential[]>>

  /**
   * Changes a live session by compare-and-set, and increases its version by one.
   * Writes nothing and returns `updated: false` if the session is not live, if its version differs from
   * `expected.version`, or if the credential with the hash `expected.by` has ended.
   * The record stores the last `writeId`. A second call with the same `writeId` returns `updated: true` and writes
   * nothing. A caller can therefore repeat a call after a lost reply.
   * A given `userId` counts towards `limits.sessionsPerUser`. A `lastAccessTime` before the stored one is ignored.
   */
  update(
    call: InApp & Now & { id: SessionId; expected: Expected; writeId: string; changes: SessionChanges; limits: Limits },
  ): Promise<Updated>

  /**
   * Records activity: the session's `lastAccessTime` and `end`, and the credential's `lastSeenAt`, device and address.
   * The new `end` is that of `endAfter`. Never replaces a time by an earlier one. Does not change the version.
   * Does nothing if the session is not live or does not have this credential.
   * At the first activity of a login's cookie, all unused logins of the same origin end with the reason 'secured', and
   * are returned. An unused login is a live session that no request has used and whose cookie has this origin in its
   * `details`. Several of them come from repeated logins of one browser.
   */
  touch(call: InApp & Now & { id: SessionId; hash: string; from: SeenFrom }): Promise<EndedSession[]>

  /**
   * Adds a credential to a live session: another device, a token, or an OTP.
   * At `limits.credentials`, it signs out the least recently used device other than `by`, with the reason `limit`. A
   * device that was never used counts from its creation. Of devices of the same time, any may be signed out.
   * At `limits.otps`, it revokes the oldest OTP, but an expired OTP before any valid one. A new OTP also revokes the previous OTP with the same purpose.
   * `evictedBy` returns the credentials that end.
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
   * Replaces the credential with the hash `by` by a new one; the old one ends with the reason `secured`. With
   * `others: 'end'`, it also ends the session's other devices, with the reason `revoked`, and its OTPs.
   * Returns `false` if the session is not live or the replaced credential has already ended.
   */
  rotate(
    call: InApp & Now & { id: SessionId; by: string; credential: Credential; others: 'end' | 'keep' },
  ): Promise<boolean>

  /** Finds a valid OTP of a live session. The OTP stays valid. */
  findOTP(call: InApp & Now & { hash: string }): Promise<FoundOTP | undefined>

  /**
   * Redeems an OTP and returns its session. Of several concurrent calls, exactly one succeeds.
   * Adds `credential` to the session in the same step, as `attach` does without `by`: at `limits.credentials`, the least
   * recently used device is signed out. A call has no `credential` for a request-only link, or when a device of the same
   * session opens the link.
   */
  redeem(
    call: InApp & Now & { hash: string; credential?: Credential | undefined; limits: Limits },
  ): Promise<SessionRecord | undefined>

  /**
   * Replaces a live session by a new session with one credential (JADE's secureSession). All credentials of the old
   * session end with the reason `secured`, and keep their origin. Its record becomes invalidated: its start
   * and last access are null, its storage is `{}`, its version increases, and it still counts as a session.
   * At `limits.sessions` or `limits.guests`, the old record is deleted instead. Throws if the new session's ID exists.
   * Returns `gone` if the old session or the credential `expected.by` has ended, and `moved` if the version differs
   * from `expected.version`. In both cases nothing is written.
   */
  replace(
    call: InApp &
      Now & { id: SessionId; expected: Expected; session: SessionRecord; credential: Credential; limits: Limits },
  ): Promise<Replaced>

  /**
   * Ends a live session: deletes the record and stores a tombstone with the reason and the message for each credential.
   * The message reaches the devices that the session still had. An empty message is none.
   * Returns `undefined` if the session or the credential `by` has already ended, for instance by an earlier log out.
   */
  end(call: InApp & Now & EndOptions & { id: SessionId; reason: EndReason }): Promise<EndedSession | undefined>

  /**
   * Ends every live session that matches, as `end` does, in one atomic step. Returns them in any order. Expired and
   * invalidated records stay.
   */
  endMany(
    call: InApp & Now & { filter: EndFilter; reason: EndReason; message?: string | undefined },
  ): Promise<EndedSession[]>

  /**
   * Removes a live, expired or invalidated record, and stores a tombstone for each credential. The message also reaches
   * the devices that ended before, if their tombstones are still kept; it is then kept for 24 hours from now.
   * The reason of the returned session is `revoked` if it was live, otherwise the reason why it had ended.
   */
  remove(call: InApp & Now & { id: SessionId; message?: string | undefined }): Promise<EndedSession | undefined>

  /**
   * Returns and deletes this device's message of an ended session. The tombstone stays. Of several concurrent calls, one
   * returns the message. Returns `undefined` 24 hours after the end.
   */
  takeMessage(call: InApp & Now & { hash: string }): Promise<string | undefined>

  /**
   * Returns one page of records, without expired ones. Records with the same value are sorted by ID (as ASCII text), in
   * the same direction; a missing time counts as 0. Pass `next` of the previous page as `page.after`; there is no `next`
   * after the last record.
   * A record that the store cannot read does not fail the list: return it with an unreadable `storage`, such as ''.
   */
  list(call: InApp & Now & { filter: ListFilter; page: Page }): Promise<ListPage>

  /** Returns how many records match. An empty filter counts every stored record. */
  count(call: InApp & Now & { filter: ListFilter }): Promise<number>

  /**
   * Removes at most `limit` records whose `end` is at least five minutes ago, also invalidated ones. They leave no
   * tombstone.
   * Also removes OTPs that expired at least five minutes ago, and tombstones and messages whose time is over. A store
   * whose server deletes entries by itself may leave these to the server. Returns the removed sessions.
   * An application that is not used any more does not sweep. The sweep of any application therefore also removes what
   * expired in other applications at least `UNUSED_APP_MILLISECONDS` ago, unless the server deletes it by itself. It
   * removes at most `limit` records more, and does not return them.
   */
  sweep(call: InApp & Now & { limit: number }): Promise<EndedSession[]>

  /**
   * Writes a small value that no other method shows, and reports whether the store accepts writes. Reading stays
   * possible while a store is full or read-only, so only a write detects it. Optional; health checks call it every few
   * seconds. Throws, like every method, when the store does not answer.
   */
  probe?(call: InApp & Now): Promise<WriteState>

  /** Reports a wrong setup that the store works around, for instance of a connection pooler. Optional. */
  readonly warnings?: StoreWarnings

  /** Only stores whose processes all run on one machine have this. */
  readonly presence?: Presence

  /** Sends a notification when another process ends a session. Not needed for a store that only one process uses. */
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

export type SessionChanges = Partial<
  Pick<SessionRecord, 'userName' | 'grants' | 'storage' | 'idleMilliseconds' | 'end'>
> & {
  userId?: string
  lastAccessTime?: number
  /** When the user authenticated. Written to the caller's credential, whose `via` becomes 'login'. */
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
 * Unused logins of one origin (see `touch`) count as one session, for `sessions` and for `sessionsPerUser`. They end
 * together at the limit of a user. Above `MOST_UNUSED_LOGINS` of one origin, `create` and `replace` end the oldest.
 */
export interface Limits {
  /** Stored records (licences), including invalidated ones. */
  sessions?: number
  /** Records of guests (see `isGuestRecord`) without invalidated ones. */
  guests?: number
  /** Live sessions of one user, without API tokens (`via: 'token'`). At the limit, the oldest session ends. */
  sessionsPerUser?: number
  /** Devices and tokens of one session. */
  credentials?: number
  /** OTPs of one session. Expired ones count until they are removed, but end first. */
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
      /** The origin of a login's cookie whose session was replaced, or ended by a `touch`; otherwise null. */
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
 * Whether a store that answers also accepts writes.
 * - `read-only`: the server is a replica or a standby. Only a connection to another server helps, and the store opens
 *   one by itself.
 * - `refusing`: for instance a disk or the memory is full. A new connection does not help, and none is opened.
 */
export type WriteState = { state: 'writable' } | { state: 'read-only' | 'refusing'; error: unknown }

export interface EndOptions {
  by?: string | undefined
  /** Ends the session only if none of its credentials was ever used, including those that have ended: see `wasSeen`. */
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
  /** Calls `listener` once for each code. Returns a function that removes it. */
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
   * Returns a function that removes the listener. Never throws. Never keeps the process alive. Reconnects by itself.
   */
  listen(call: InApp & { listener: (id: SessionId | undefined) => void }): () => void
}

/**
 * Registers the processes that have a store open. The last process to stop can then end all sessions.
 * Each call also removes the processes that no longer run.
 */
export interface Presence {
  /** Registers a process, or renews its registration. A call is due every `PRESENCE_BEAT_MILLISECONDS`. */
  beat(call: InApp & Now & RegisteredProcess): Promise<void>
  /** Removes a process. Returns `true` when no other process is registered. */
  leave(call: InApp & Now & RegisteredProcess): Promise<boolean>
}

export interface RegisteredProcess {
  processId: string
  /**
   * Tells whether the process with this `processId` runs. For `undefined`, and without this function, a process runs
   * until its last beat is `PRESENCE_LIFE_MILLISECONDS` old.
   */
  isRunning?: ((processId: string) => boolean | undefined) | undefined
}
