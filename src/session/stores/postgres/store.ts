import { checkFlags, checkMethods, refuseUnknown } from '../../known-options.ts'
import { type EndedSession, isLive } from '../../record.ts'
import type { Replaced, SessionStore } from '../../store.ts'
import { CALL_MILLISECONDS, checkDeadline } from '../shared/deadline.ts'
import { postgresAnnouncements } from './announcements.ts'
import { answerOf, functionCall, postgresCalls, refusalOf } from './calls.ts'
import { caps, licences, perUser, whole } from './limits.ts'
import { countListed, listPage } from './lists.ts'
import type { PostgresPool } from './pool.ts'
import { postgresReads } from './reads.ts'
import { credentialValues, sessionValues, toStoredValues } from './rows.ts'
import { removeUnused } from './unused-apps.ts'
import { storeWarnings } from './warnings.ts'
import { postgresWrites } from './writes.ts'

export interface PostgresStoreOptions {
  /** The deadline of a call in milliseconds, including the wait for a connection. Slower calls throw. Default 2000. */
  deadlineMilliseconds?: number
  /**
   * Whether each sweep also removes the data of other applications, a day after the data has expired. Default true.
   * Use false if the clocks of the applications differ, for instance in tests on a shared database.
   */
  sweepUnusedApps?: boolean
}

/**
 * Stores sessions in PostgreSQL, for any number of processes and machines. Call `preparePostgresStore(pool)` first. The
 * application may use the same pool. Each call takes one connection, and all listeners together take one more. The
 * store replaces a connection whose server has become read-only.
 * @throws TypeError when the deadline is out of range.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): SessionStore {
  checkMethods('postgresStore()', 'a Pool of pg', pool, ['connect', 'on'])
  refuseUnknown('postgresStore()', options, { deadlineMilliseconds: true, sweepUnusedApps: true })
  const { deadlineMilliseconds = CALL_MILLISECONDS, sweepUnusedApps = true } = options
  checkDeadline(deadlineMilliseconds)
  checkFlags('postgresStore(): ', { sweepUnusedApps })
  const { warn, ...warnings } = storeWarnings()
  const calls = postgresCalls(pool, deadlineMilliseconds, warn)
  const reads = postgresReads(calls)
  const writes = postgresWrites(calls)
  const { call } = calls

  return {
    name: 'postgresql',

    create: writes.create,

    find: reads.find,

    get: ({ app, id }) => reads.record(app, id),

    credentials: ({ app, ids }) => reads.credentials(app, ids),

    update: writes.update,

    touch: ({ app, id, hash, from: { device, address }, now }) =>
      call('session_touch_v3', app, id, hash, device, address, now) as Promise<EndedSession[]>,

    attach: ({ app, id, credential, by, limits, now }) =>
      call('session_attach_v3', app, id, credentialValues(credential), by, ...caps(limits), now) as Promise<boolean>,

    detach: ({ app, id, handle, reason, message, now }) =>
      call('session_detach_v2', app, id, handle, reason, message || null, now) as Promise<boolean>,

    rotate: ({ app, id, by, credential, others, now }) =>
      call('session_rotate_v2', app, id, by, credentialValues(credential), others === 'end', now) as Promise<boolean>,

    setDetails: ({ app, id, hash, from, to, now }) =>
      call('session_set_details_v1', app, id, hash, from, to, now) as Promise<boolean>,

    async findOTP({ app, hash, now }) {
      const found = await reads.otp(app, hash)
      return found && now < found.credential.expiresAt && isLive(found.session, now) ? found : undefined
    },

    redeem: ({ app, hash, credential, limits, now }) =>
      reads.redeem(app, hash, credential && credentialValues(credential), ...caps(limits), now),

    async replace({ app, id, expected: { version, by }, session, credential, limits, now }): Promise<Replaced> {
      const made = [sessionValues(session), credentialValues(credential)]
      const room = [...licences(limits), perUser(limits)]
      const outcome = await call('session_replace_v3', app, id, version, by, ...made, ...room, now)
      return Array.isArray(outcome) ? { state: 'replaced', ended: outcome } : { state: outcome as 'gone' | 'moved' }
    },

    end: ({ app, id, reason, by, unseen = false, message, now }) =>
      call('session_end_v2', app, id, reason, by, unseen, message || null, now) as Promise<EndedSession | undefined>,

    async endMany({ app, filter: { userId, kind, exceptId }, reason, message, now }) {
      const statement = functionCall('session_end_many_v1', [app, userId, kind, exceptId, reason, message || null, now])
      const longest = userId === undefined ? END_ALL_MILLISECONDS : undefined
      return answerOf(await calls.open((call) => calls.rows(statement, call), longest)) as EndedSession[]
    },

    remove: ({ app, id, message, now }) =>
      call('session_remove_v1', app, id, message || null, now) as Promise<EndedSession | undefined>,

    takeMessage: ({ app, hash, now }) => reads.takeMessage(app, hash, now),

    list: (call) => listPage(calls, call),

    count: (call) => countListed(calls, call),

    async sweep({ app, limit, now }) {
      if (sweepUnusedApps) await removeUnused(calls, { app, limit, now })
      return (await call('session_sweep_v2', app, whole(limit), now)) as EndedSession[]
    },

    async probe({ app, now }) {
      try {
        await calls.rows({ name: 'session_probe', text: PROBE, values: toStoredValues([app, now]) })
        return { state: 'writable' }
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal) return refusal
        throw error
      }
    },

    warnings,
    announcements: postgresAnnouncements(pool, deadlineMilliseconds),
  }
}

// The sessions of all users end in one transaction, which takes about 25 ms for every thousand sessions.
const END_ALL_MILLISECONDS = 60_000

// This tombstone has no credential and expires at once, so a sweep removes it. A repeated probe changes no index.
const PROBE = `INSERT INTO session_tombstones (app, hash, id, reason, ended_at, keep_until)
  VALUES ($1, 'probe', '', 'closed', $2, $2) ON CONFLICT (app, hash) DO UPDATE SET ended_at = excluded.ended_at`
