import { type Credential, endAfter, NEVER, type SessionRecord } from '../../record.ts'
import type { CallOf, Found, Limits, SeenFrom, SessionStore, StoreMethod } from '../../store.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'

export interface Trial {
  store: TrialStore
  clock: ManualClock
}

/** A store whose calls may omit `app`, `limits` and `now`. */
export type TrialStore = Pick<SessionStore, 'presence' | 'announcements'> & {
  [M in StoreMethod]: (call: WithUsual<CallOf<M>>) => ReturnType<SessionStore[M]>
}
type WithUsual<Call> = Omit<Call, Usual> & Partial<Pick<Call, Usual & keyof Call>>
type Usual = 'app' | 'limits' | 'now'

export function trialOf(store: SessionStore, clock = manualClock()): Trial {
  const usual = () => ({ app: APP, limits: NO_LIMITS, now: clock.now() })
  return {
    clock,
    store: new Proxy(store, {
      get(_, name) {
        const member = Reflect.get(store, name)
        return typeof member === 'function' ? (call: object) => member.call(store, { ...usual(), ...call }) : member
      },
    }) as TrialStore,
  }
}

export interface StorePromise {
  claim: string
  /** Rejects when the store breaks the promise. */
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

export async function stored({ store, clock }: Trial, fields: Partial<SessionRecord> = {}) {
  const record = session(clock, fields)
  const cookie = credential(clock)
  await store.create({ session: record, credential: cookie })
  return { record, cookie }
}

/** Returns 'live', 'unknown', or the reason of the end. */
export async function stateOf({ store }: Trial, id: string, hash: string): Promise<string> {
  return stateText(await store.find({ id, hash }))
}

function stateText(found: Found | undefined): string {
  return found === undefined ? 'unknown' : found.state === 'live' ? 'live' : found.reason
}

export function atOnce<T>(call: (caller: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)))
}

export async function rounds(play: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await play(round)
}
