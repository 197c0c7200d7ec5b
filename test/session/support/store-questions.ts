import { type Credential, endAfter, NEVER, type SessionRecord } from '../../../src/session/record.ts'
import type {
  EndOptions,
  Expected,
  Limits,
  ListFilter,
  Page,
  SessionChanges,
  StoreMethod,
} from '../../../src/session/store.ts'
import type { Chance } from './random.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const TEXTS = ['', '{}', 'ü€😀', 'a\nb', '\u0000x', '"q"\\', 'null'] as const
export const USERS = ['1', '2', '', 'null', 'a:b}{', 'ü'] as const
const WAYS = ['visit', 'login', 'link', 'sign-in', 'token'] as const
const KINDS = ['web', 'web', 'rest'] as const

/** A random call of a store method. */
export interface Question {
  name: StoreMethod
  call: object
}

/** Makes random calls. Most of them concern something that an earlier call created. */
export class Questions {
  now = Date.UTC(2026, 0, 5, 9)
  readonly ids: string[] = []
  /** Maps each hash to its session. */
  readonly hashes = new Map<string, string>()
  readonly #chance: Chance
  readonly #otps: string[] = []
  readonly #absoluteEnds = new Map<string, number>()
  readonly #handles: string[] = []
  #made = 0

  constructor(chance: Chance) {
    this.#chance = chance
  }

  next(): Question {
    const { below, in: happens } = this.#chance
    this.now += happens(0.02) ? below(2 * HOUR) : happens(0.1) ? below(2 * MINUTE) : 1 + below(10)
    let lot = below(ALL)
    for (const [name, share] of SHARES) {
      lot -= share
      if (lot < 0) return { name, call: this.#callOf(name) }
    }
    throw new Error('The shares do not add up.')
  }

  filter(): ListFilter {
    const { in: happens, oneOf } = this.#chance
    return {
      ...(happens(0.3) && { userId: oneOf(USERS) }),
      ...(happens(0.3) && { kind: oneOf(KINDS) }),
      ...(happens(0.4) && { state: oneOf(['guest', 'user', 'restored', 'invalidated'] as const) }),
      ...(happens(0.3) && { via: oneOf(WAYS) }),
    }
  }

  #callOf(name: StoreMethod): object {
    const { in: happens, oneOf, below } = this.#chance
    const { now } = this
    const id = this.#id()
    switch (name) {
      case 'create': {
        const session = this.#session()
        return { session, credential: this.#credential(session.id), limits: this.#limits(), now }
      }
      case 'find':
        return { id, hash: this.#hashOf(id), now }
      case 'get':
        return { id }
      case 'credentials':
        return { ids: [...new Set([id, this.#id(), this.#id()])] }
      case 'update': {
        const writeId = `w${++this.#made}`
        return { id, expected: this.#expected(id), writeId, changes: this.#changes(id), limits: this.#limits(), now }
      }
      case 'touch': {
        const from = { device: this.#textOrNull(), address: this.#textOrNull() }
        return { id, hash: this.#hashOf(id), from, now: now - (happens(0.2) ? 5000 : 0) }
      }
      case 'attach': {
        const credential = happens(0.5) ? this.#otp(id) : this.#credential(id)
        return { id, credential, ...(happens(0.5) && { by: this.#hashOf(id) }), limits: this.#limits(), now }
      }
      case 'detach':
        return { id, handle: this.#handles.at(-1 - below(12)) ?? 'none', reason: 'revoked', now }
      case 'rotate':
        return { id, by: this.#hashOf(id), credential: this.#credential(id), others: oneOf(['end', 'keep']), now }
      case 'setDetails': {
        const from = oneOf([null, 'O-1', 'O-2', 'O-3', ...TEXTS] as const)
        return { id, hash: this.#hashOf(id), from, to: oneOf(['O-1', ...TEXTS]), now }
      }
      case 'findOTP':
        return { hash: this.#anyOTP(), now }
      case 'redeem': {
        const hash = this.#anyOTP()
        const credential = this.#credential(this.hashes.get(hash) ?? id)
        return { hash, ...(happens(0.7) && { credential }), limits: this.#limits(), now }
      }
      case 'replace': {
        const session = this.#session()
        const credential = this.#credential(session.id)
        return { id, expected: this.#expected(id), session, credential, limits: this.#limits(), now }
      }
      case 'end':
        return { id, reason: oneOf(['closed', 'revoked']), ...this.#endOptions(id), now }
      case 'endMany': {
        const filter = this.#some({ userId: oneOf(USERS), kind: oneOf(KINDS), exceptId: id })
        return { filter, reason: 'revoked', message: oneOf([undefined, ...TEXTS]), now }
      }
      case 'remove':
        return { id, message: oneOf([undefined, ...TEXTS]), now }
      case 'takeMessage': {
        const [hash, id] = [...this.hashes].at(-1 - below(20)) ?? ['none', 'none']
        return { id, hash, now }
      }
      case 'list':
        return { filter: this.filter(), page: this.#page(), now }
      case 'count':
        return { filter: happens(0.2) ? {} : this.filter(), now }
      case 'sweep':
        return { limit: 10_000, now }
    }
  }

  /** Returns a session id: often the id of a recent session, rarely an unknown id. */
  #id(): string {
    const { in: happens, below } = this.#chance
    const known = happens(0.6) ? this.ids.at(-1 - below(8)) : this.ids[below(this.ids.length)]
    return (happens(0.05) ? undefined : known) ?? this.#newId()
  }

  #newId(): string {
    const front = this.#chance.below(2 ** 30).toString(16)
    return `${front}${(++this.#made).toString(16).padStart(24, '0')}`.padStart(32, '0').toUpperCase()
  }

  #hashOf(id: string): string {
    const own = [...this.hashes].filter(([, owner]) => owner === id || this.#chance.in(0.01)).map(([hash]) => hash)
    return own[this.#chance.below(own.length)] ?? 'none'
  }

  #anyOTP(): string {
    return this.#otps.at(-1 - this.#chance.below(6)) ?? 'none'
  }

  #textOrNull(): string | null {
    return this.#chance.in(0.4) ? null : this.#chance.oneOf(TEXTS)
  }

  #session(): SessionRecord {
    const { in: happens, oneOf } = this.#chance
    const id = this.#newId()
    this.ids.push(id)
    // Many sessions begin in the same millisecond.
    const startTime = this.now - (this.now % 1000)
    const idleMilliseconds = oneOf([0, HOUR, HOUR / 2, MINUTE])
    const absoluteEnd = oneOf([NEVER, startTime + 2 * HOUR, startTime + 10 * MINUTE])
    this.#absoluteEnds.set(id, absoluteEnd)
    const isGuest = happens(0.4)
    return {
      id,
      kind: oneOf(KINDS),
      userName: oneOf(TEXTS),
      userId: isGuest || happens(0.2) ? null : oneOf(USERS),
      grants: isGuest || happens(0.5) ? '' : oneOf(TEXTS),
      storage: oneOf(TEXTS),
      startTime,
      lastAccessTime: startTime,
      idleMilliseconds,
      absoluteEnd,
      end: endAfter(startTime, idleMilliseconds, absoluteEnd),
      version: 1,
    }
  }

  #credential(id: string): Credential {
    const made = ++this.#made
    const credential: Credential = {
      handle: made.toString(16).padStart(16, '0'),
      hash: `hash-${this.#chance.below(1000)}-${made}`,
      kind: 'cookie',
      via: this.#chance.oneOf(WAYS),
      createdAt: this.now,
      lastSeenAt: this.#chance.in(0.5) ? null : this.now,
      authenticatedAt: this.#chance.in(0.5) ? null : this.now,
      device: this.#textOrNull(),
      address: this.#textOrNull(),
      expiresAt: NEVER,
      purpose: null,
      details: this.#chance.in(0.5) ? null : this.#chance.oneOf(['O-1', 'O-2', 'O-3']),
    }
    this.hashes.set(credential.hash, id)
    this.#handles.push(credential.handle)
    return credential
  }

  #otp(id: string): Credential {
    const { oneOf } = this.#chance
    const expiresAt = this.now + oneOf([10_000, 10 * MINUTE, HOUR])
    const otp = {
      ...this.#credential(id),
      kind: 'otp' as const,
      via: 'link' as const,
      expiresAt,
      purpose: oneOf([null, 'mail', '']),
      details: this.#textOrNull(),
    }
    this.#otps.push(otp.hash)
    return otp
  }

  #expected(id: string): Expected {
    return this.#some({ version: 1 + this.#chance.below(3), by: this.#hashOf(id) })
  }

  #changes(id: string): SessionChanges {
    const { in: happens, oneOf, below } = this.#chance
    if (happens(0.4)) return { storage: oneOf(TEXTS) }
    return this.#some({
      storage: oneOf(TEXTS),
      userName: oneOf(TEXTS),
      userId: oneOf(USERS),
      grants: oneOf(TEXTS),
      lastAccessTime: this.now - below(100),
      idleMilliseconds: 2 * HOUR,
      end: Math.min(this.now + below(HOUR), this.#absoluteEnds.get(id) ?? NEVER),
      authenticatedAt: this.now,
    })
  }

  #endOptions(id: string): EndOptions {
    return this.#some({ by: this.#hashOf(id), unseen: true, message: this.#chance.oneOf(TEXTS) })
  }

  #limits(): Limits {
    const { below } = this.#chance
    return this.#some({
      sessions: 3 + below(15),
      guests: 1 + below(6),
      sessionsPerUser: 1 + below(3),
      credentials: 1 + below(4),
      otps: 1 + below(3),
    })
  }

  #page(): Page {
    const { oneOf, below } = this.#chance
    return this.#some({
      sort: oneOf(['created', 'seen', 'end'] as const),
      direction: oneOf(['asc', 'desc'] as const),
      size: 1 + below(6),
    })
  }

  #some<T extends object>(all: T): Partial<T> {
    return Object.fromEntries(Object.entries(all).filter(() => this.#chance.in(0.4))) as Partial<T>
  }
}

const SHARES: readonly [Question['name'], number][] = [
  ['create', 20],
  ['find', 16],
  ['get', 4],
  ['credentials', 4],
  ['update', 16],
  ['touch', 12],
  ['attach', 16],
  ['detach', 6],
  ['rotate', 6],
  ['setDetails', 8],
  ['findOTP', 6],
  ['redeem', 8],
  ['replace', 8],
  ['end', 6],
  ['endMany', 1],
  ['remove', 4],
  ['takeMessage', 8],
  ['list', 12],
  ['count', 10],
  ['sweep', 2],
]
const ALL = SHARES.reduce((sum, [, share]) => sum + share, 0)
