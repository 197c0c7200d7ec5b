import { type EndReason, MOST_UNUSED_LOGINS, type SessionKind } from '../../../src/session/record.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const WEB_IDLE = 60 * MINUTE
export const REST_IDLE = 30 * MINUTE
const WEB_LONGEST = 12 * HOUR
const REST_LONGEST = 720 * HOUR
const MESSAGE_LIFE = 24 * HOUR
const DEAD_ARE_KNOWN = 90_000

export interface ModelSession {
  readonly id: string
  readonly kind: SessionKind
  userName: string
  userId: string | null
  privileges: readonly string[]
  storage: Record<string, number>
  readonly startedAt: number
  lastUse: number
  idle: number
  readonly absoluteEnd: number
  end: number
  state: 'live' | 'invalidated' | 'gone'
  readonly credentials: ModelCredential[]
}

export interface ModelCredential {
  readonly session: ModelSession
  readonly via: string
  readonly authenticatedAt: number | null
  /** The users whose data this credential may ever show. */
  readonly mayBe: Set<string>
  /** The session that the browser had before its logins. Only the cookie of a login has this field. */
  readonly loginOrigin?: string | undefined
  ended?: { at: number; loginOrigin?: string | undefined; rotated?: boolean }
  presented: boolean
  /** `certain: false`: the store may have deleted the device's tombstone, so the layer need not show the message. */
  message?: { text: string; until: number; certain: boolean } | undefined
}

export interface LinkTerms {
  path?: string
  confirm?: boolean
  requestOnly?: boolean
  purpose?: string
  lifespan?: number
  data?: number
}

export interface ModelLink {
  readonly session: ModelSession
  readonly terms: LinkTerms
  readonly expiresAt: number
  over: boolean
}

export interface Rules {
  maxSessions?: number | undefined
  maxSessionsPerUser?: number | undefined
  guests: 'first-request' | 'first-write'
}

export type Beginning = Partial<
  Pick<ModelSession, 'kind' | 'userName' | 'userId' | 'privileges' | 'storage' | 'idle' | 'absoluteEnd'>
>
export type Origin = Pick<ModelCredential, 'via' | 'authenticatedAt' | 'loginOrigin'>

/** Predicts the results of the session layer without hashes, versions or stores. */
export class Model {
  now: number
  readonly rules: Rules
  readonly sessions: ModelSession[] = []
  readonly links: ModelLink[] = []
  /** The current credentials of the browsers and the REST clients. */
  readonly browsers: (ModelCredential | undefined)[] = [undefined, undefined, undefined, undefined]
  readonly clients: (ModelCredential | undefined)[] = [undefined, undefined]
  /** All credentials that were ever issued. */
  readonly cookies: ModelCredential[] = []
  readonly tokens: ModelCredential[] = []
  /** The expected `ended` events since the last check, each as `ID REASON`. */
  reported: string[] = []

  constructor(now: number, rules: Rules) {
    this.now = now
    this.rules = rules
  }

  isLive(session: ModelSession): boolean {
    return session.state === 'live' && this.now < session.end
  }

  works(credential: ModelCredential | undefined): credential is ModelCredential {
    return credential !== undefined && credential.ended === undefined && this.isLive(credential.session)
  }

  get records(): ModelSession[] {
    return this.sessions.filter(({ state }) => state !== 'gone')
  }

  isFull(): boolean {
    const origins = this.records.flatMap((session) => unusedOriginOf(session) ?? [])
    const repeated = origins.length - new Set(origins).size
    return this.rules.maxSessions !== undefined && this.records.length - repeated >= this.rules.maxSessions
  }

  unusedLogins(loginOrigin: string | undefined): ModelSession[] {
    if (loginOrigin === undefined) return []
    return this.records
      .filter((session) => unusedOriginOf(session) === loginOrigin)
      .sort((a, b) => a.startedAt - b.startedAt)
  }

  /** The first use of a login ends the unused logins of the same origin. */
  present(credential: ModelCredential): void {
    const isFirst = !credential.presented
    credential.presented = true
    credential.session.lastUse = this.now
    if (!isFirst) return
    for (const session of this.unusedLogins(credential.loginOrigin).filter((other) => this.isLive(other))) {
      const { credentials } = session
      this.end(session, 'secured')
      for (const { ended, loginOrigin } of credentials) if (ended?.at === this.now) ended.loginOrigin = loginOrigin
    }
  }

  /** The caller must check the licence limit first. */
  begin(id: string, beginning: Beginning, origin: Origin): ModelCredential {
    if (this.sessions.some((other) => other.id === id)) throw new Error(`The id ${id} was used before.`)
    const { kind = 'web', idle = kind === 'web' ? WEB_IDLE : REST_IDLE } = beginning
    const absoluteEnd = this.now + (kind === 'web' ? WEB_LONGEST : REST_LONGEST)
    const session: ModelSession = {
      userName: '',
      userId: null,
      privileges: [],
      storage: {},
      absoluteEnd,
      ...beginning,
      id,
      kind,
      idle,
      startedAt: this.now,
      lastUse: this.now,
      end: 0,
      state: 'live',
      credentials: [],
    }
    session.end = latestEnd(session)
    this.sessions.push(session)
    const credential = this.give(session, origin)
    this.endOldestOf(session)
    const others = this.unusedLogins(origin.loginOrigin).filter((other) => other !== session && this.isLive(other))
    for (const other of others.slice(0, Math.max(0, others.length + 1 - MOST_UNUSED_LOGINS))) this.end(other, 'limit')
    return credential
  }

  give(session: ModelSession, { via, authenticatedAt, loginOrigin }: Origin): ModelCredential {
    const mayBe = new Set(session.userId === null ? [] : [session.userId])
    const credential = { session, via, authenticatedAt, loginOrigin, mayBe, presented: false }
    session.credentials.push(credential)
    return credential
  }

  /** Ends a user's oldest sessions above the limit. API tokens do not count towards the limit, and do not end. */
  endOldestOf(session: ModelSession): void {
    const { maxSessionsPerUser } = this.rules
    if (maxSessionsPerUser === undefined || session.userId === null || isToken(session)) return
    const others = this.sessions
      .filter((other) => other !== session && other.userId === session.userId && this.isLive(other) && !isToken(other))
      .sort((a, b) => a.startedAt - b.startedAt)
    const own = unusedOriginOf(session)
    const units = new Map<string, ModelSession[]>()
    for (const other of others) {
      const origin = unusedOriginOf(other)
      if (origin !== undefined && origin === own) continue
      const unit = origin === undefined ? `session ${other.id}` : `origin ${origin}`
      units.set(unit, [...(units.get(unit) ?? []), other])
    }
    const beyond = [...units.values()].slice(0, Math.max(0, units.size + 1 - maxSessionsPerUser))
    for (const other of beyond.flat()) this.end(other, 'limit')
  }

  end(session: ModelSession, reason: EndReason, message?: string): void {
    if (session.state === 'live') this.reported.push(`${session.id} ${reason}`)
    this.bury(session, message)
    session.state = 'gone'
  }

  /** Signs out a device. If the session then has neither a device nor a link, the session ends. */
  signOut(credential: ModelCredential): void {
    const { session } = credential
    credential.ended = { at: this.now }
    const hasDevice = session.credentials.some(({ ended }) => ended === undefined)
    const hasLink = this.links.some((link) => link.session === session && !link.over && this.now < link.expiresAt)
    if (!hasDevice && !hasLink) this.end(session, 'revoked')
  }

  /** The old session stays as an invalidated record if a licence is free. */
  replace(old: ModelSession, id: string, beginning: Beginning, origin: Origin): ModelCredential {
    const short = this.isFull()
    this.reported.push(`${old.id} secured`)
    const buried = this.bury(old)
    old.state = short ? 'gone' : 'invalidated'
    old.storage = {}
    const credential = this.begin(id, beginning, origin)
    for (const other of buried) if (other.ended) other.ended.loginOrigin = other.loginOrigin
    return credential
  }

  /** Removes a session. Devices that were signed out earlier also get the message. */
  remove(session: ModelSession, message: string): void {
    const before = session.credentials.filter(({ ended }) => ended !== undefined)
    this.end(session, this.isLive(session) ? 'revoked' : expiryOf(session), message)
    if (message === '') return
    for (const credential of before) {
      const certain = this.now - (credential.ended?.at ?? 0) < DEAD_ARE_KNOWN || credential.message?.certain === true
      credential.message = { text: message, until: this.now + MESSAGE_LIFE, certain }
    }
  }

  link(session: ModelSession, terms: LinkTerms): void {
    for (const other of this.links)
      if (terms.purpose !== undefined && other.session === session && other.terms.purpose === terms.purpose)
        other.over = true
    const life = Math.max((terms.lifespan ?? session.idle / 1000) * 1000, 10_000)
    this.links.push({ session, terms, expiresAt: this.now + life, over: false })
  }

  opens(link: ModelLink | undefined, path: string): link is ModelLink {
    if (!link || link.over || this.now >= link.expiresAt || !this.isLive(link.session)) return false
    return link.terms.path === undefined || path === link.terms.path || path.startsWith(`${link.terms.path}/`)
  }

  /** Removes sessions that expired more than five minutes ago. */
  sweep(): void {
    for (const session of this.records.filter(({ end }) => end <= this.now - 5 * MINUTE)) {
      if (session.state === 'live') this.reported.push(`${session.id} ${expiryOf(session)}`)
      session.state = 'gone'
    }
  }

  endOf({ ended, session }: ModelCredential) {
    const rotatedIn = ended?.rotated ? session : undefined
    return { at: ended?.at ?? session.end, loginOrigin: ended?.loginOrigin ?? session.id, rotatedIn }
  }

  /** Ends all credentials and links of a session. Returns the credentials that were live. */
  bury(session: ModelSession, message = ''): ModelCredential[] {
    for (const link of this.links) if (link.session === session) link.over = true
    const live = session.credentials.filter(({ ended }) => ended === undefined)
    for (const credential of live) {
      credential.ended = { at: this.now }
      if (message !== '') credential.message = { text: message, until: this.now + MESSAGE_LIFE, certain: true }
    }
    return live
  }
}

export function promisedEnd({ lastUse, idle, absoluteEnd }: ModelSession): number {
  return idle === 0 ? absoluteEnd : Math.min(lastUse + idle, absoluteEnd)
}

/** The latest allowed end of a session. A store may record activity up to a minute late. */
export function latestEnd({ lastUse, idle, absoluteEnd }: ModelSession): number {
  return idle === 0 ? absoluteEnd : Math.min(lastUse + idle + MINUTE, absoluteEnd)
}

/** The origin of a login that was never used. `undefined`: the session is not such a login. */
function unusedOriginOf({ state, lastUse, startedAt, credentials }: ModelSession): string | undefined {
  const present = credentials.filter(({ ended }) => ended === undefined)
  if (state !== 'live' || lastUse > startedAt || present.some(({ presented }) => presented)) return undefined
  return present.find(({ loginOrigin }) => loginOrigin !== undefined)?.loginOrigin
}

function isToken({ credentials }: ModelSession): boolean {
  return credentials.some(({ via, ended }) => via === 'token' && !ended)
}

function expiryOf({ end, absoluteEnd }: ModelSession): EndReason {
  return end >= absoluteEnd ? 'absolute' : 'idle'
}

export const GUEST = { userName: '', userId: null, privileges: [] as readonly string[], storage: {} }

export function isGuestRecord({ privileges, userId }: Pick<ModelSession, 'privileges' | 'userId'>): boolean {
  return privileges.length === 0 && userId === null
}

export function hasUser({ userId, userName }: ModelSession): boolean {
  return userId !== null || userName !== ''
}
