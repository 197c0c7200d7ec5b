import { type Credential, endAfter, NEVER, type SessionRecord } from '../../record.ts'
import type { CallOf, Limits, SeenFrom, SessionStore, StoreMethod, WriteState } from '../../store.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'

export type Trial = ReturnType<typeof trialOf>

/** A store whose calls may omit `app`, `limits` and `now`. */
export type TrialStore = Pick<SessionStore, 'presence' | 'announcements'> & {
  probe?(call: object): Promise<WriteState>
} & {
  [M in StoreMethod]: (call: WithUsual<CallOf<M>>) => ReturnType<SessionStore[M]>
}
type WithUsual<Call> = Omit<Call, Usual> & Partial<Pick<Call, Usual & keyof Call>>
type Usual = 'app' | 'limits' | 'now'

/** Creates the environment of one check. */
export function trialOf(sessionStore: SessionStore, clock = manualClock(), { stores, entries }: Opened = {}) {
  const usual = () => ({ app: APP, limits: NO_LIMITS, now: clock.now() })
  const store = new Proxy(sessionStore, {
    get(_, name) {
      const member = Reflect.get(sessionStore, name)
      return typeof member === 'function'
        ? (call: object) => member.call(sessionStore, { ...usual(), ...call })
        : member
    },
  }) as TrialStore
  const newSession = (fields: Partial<SessionRecord> = {}) => ({
    session: session(clock, fields),
    credential: credential(clock),
  })
  return {
    store,
    stores: stores ?? [sessionStore],
    entries,
    clock,
    newSession,
    async stored(fields: Partial<SessionRecord> = {}) {
      const { session: record, credential: cookie } = newSession(fields)
      await store.create({ session: record, credential: cookie })
      return { record, cookie }
    },
    async attached(id: string, added = credential(clock)) {
      await store.attach({ id, credential: added })
      return added
    },
    credentialsOf: async (id: string) => (await store.credentials({ ids: [id] })).get(id) ?? [],
    /** Returns 'live', 'unknown', or the reason of the end. */
    async stateOf(id: string, hash: string) {
      const found = await store.find({ id, hash })
      return found === undefined ? 'unknown' : found.state === 'live' ? 'live' : found.reason
    },
  }
}

interface Opened {
  /** The stores to which `store` sends its calls. */
  stores?: readonly SessionStore[]
  entries?: (() => Promise<number>) | undefined
}

/** A rule of the store interface, and a check whether a store follows this rule. */
export interface StorePromise {
  claim: string
  /** Rejects when the store breaks the rule. */
  check(trial: Trial): Promise<void>
}

export const APP = 'CONTRACT'
export const HOUR = 3_600_000
const NO_LIMITS: Limits = {}
export const NOWHERE: SeenFrom = { device: null, address: null }
/** The number of concurrent calls. */
export const CALLERS = 20
const ROUNDS = 5

let made = 0
const digits = (length: number) => (++made).toString(16).toUpperCase().padStart(length, '0')

export function session(clock: ManualClock, fields: Partial<SessionRecord> = {}): SessionRecord {
  const now = clock.now()
  const absoluteEnd = fields.absoluteEnd ?? now + 12 * HOUR
  const idleMilliseconds = fields.idleMilliseconds ?? HOUR
  return {
    id: digits(32),
    kind: 'web',
    userName: '',
    userId: null,
    grants: '',
    storage: '{}',
    startTime: now,
    lastAccessTime: now,
    idleMilliseconds,
    absoluteEnd,
    end: endAfter(now, idleMilliseconds, absoluteEnd),
    version: 1,
    ...fields,
  }
}

export function credential(clock: ManualClock, fields: Partial<Credential> = {}): Credential {
  return {
    handle: digits(16).toLowerCase(),
    hash: `hash-${digits(12)}`,
    kind: 'cookie',
    via: 'visit',
    createdAt: clock.now(),
    lastSeenAt: null,
    authenticatedAt: null,
    device: 'A browser',
    address: '127.0.0.1',
    expiresAt: NEVER,
    purpose: null,
    details: null,
    ...fields,
  }
}

export function otp(clock: ManualClock, fields: Partial<Credential> = {}): Credential {
  return credential(clock, { kind: 'otp', via: 'link', expiresAt: clock.now() + HOUR, ...fields })
}

export const stored = (trial: Trial, fields: Partial<SessionRecord> = {}) => trial.stored(fields)

export function atOnce<T>(call: (caller: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)))
}

export async function rounds(play: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await play(round)
}
