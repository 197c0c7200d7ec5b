import {
  GUEST,
  hasUser,
  isGuestRecord,
  type LinkTerms,
  type Model,
  type ModelCredential,
  type ModelLink,
  type ModelSession,
} from './model.ts'
import type { Arrival, Keep, Outcome, View } from './model-visit.ts'
import { everythingIn, type User } from './users.ts'

const JUST_ENDED = 60_000
const ORIGIN_IS_KNOWN = 90_000

/** Predicts the outcome of one browser request. Each step gets the id of the real session after that step. */
export class ModelRequest {
  /** The credential that the response sets. `null`: the response deletes the cookie. */
  given: ModelCredential | null | undefined
  #model: Model
  #arrival: Arrival
  #credential: ModelCredential | undefined
  #borrowed: ModelSession | undefined
  #refusal: 'SESSION_ENDED' | 'GUEST_NOT_STARTED' | undefined
  #origin: string | undefined
  #rotated: ModelSession | undefined
  #message: ModelCredential | undefined
  #restored: unknown = false
  #offer: string | undefined
  #begunHere = false
  #cameLive: boolean

  constructor(model: Model, arrival: Arrival, link?: { link: ModelLink | undefined }) {
    this.#model = model
    this.#arrival = arrival
    this.#arrive(arrival)
    if (link) this.restore(link.link)
    this.#cameLive = this.#session !== undefined
  }

  view(seen: View): View {
    const { id, userName, userId, privileges, storage } = this.#session ?? {
      ...GUEST,
      id: this.#model.sessions.some(({ id }) => id === seen.id) ? 'a new id' : seen.id,
    }
    const all = everythingIn(privileges)
    return {
      id,
      userName,
      userId,
      privileges: all,
      isGuest: all.length === 0,
      storage,
      authenticatedAt: this.#credential?.authenticatedAt ?? null,
      restored: this.#restored,
      hasMessage: this.#tells(seen.hasMessage) !== undefined,
      offer: this.#offer,
    }
  }

  /** The users whose data this request may show. `undefined`: the request uses the session of a request-only link. */
  get mayBe(): Set<string> | undefined {
    return this.#borrowed ? undefined : (this.#credential?.mayBe ?? new Set())
  }

  write(key: string, id: string): Outcome {
    const session = this.#session
    if (session) session.storage = { ...session.storage, [key]: (session.storage[key] ?? 0) + 1 }
    return session ? 'done' : this.#beginAsGuest(id, { [key]: 1 })
  }

  setUser(user: User, login: boolean | undefined, keep: Keep, id: string): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const session = this.#session
    const isOther = (session ?? GUEST).userId !== user.userId || (session ?? GUEST).userName !== user.userName
    const isLogin = login ?? isOther
    if (!isLogin && session && !isOther && !this.#gains(user.privileges)) {
      session.privileges = user.privileges
      this.#model.endOldestOf(session)
      return 'done'
    }
    const afresh = login ?? (isLogin && isGuestRecord(session ?? GUEST))
    return this.#raise(
      { ...user, isLogin, afresh, keep: keep ?? (session && hasUser(session) && !isOther), keepAsked: keep },
      id,
    )
  }

  setPrivileges(privileges: readonly string[], id: string): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const session = this.#session
    if (!this.#gains(privileges)) {
      if (session) session.privileges = privileges
      return 'done'
    }
    const { userName, userId } = session ?? GUEST
    const keep = session && hasUser(session)
    return this.#raise({ userName, userId, privileges, isLogin: false, afresh: false, keep, keepAsked: undefined }, id)
  }

  clearPrivileges(): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    if (this.#session) this.#session.privileges = []
    return 'done'
  }

  secure(keep: Keep, id: string): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const session = this.#session
    const isLogin = isGuestRecord(session ?? GUEST)
    const { userName, userId, privileges } = session ?? GUEST
    const outcome = session
      ? this.#replace(session, { userName, userId, privileges, isLogin, keep: keep ?? false }, id)
      : this.#begin({ userName, userId, privileges }, true, id)
    if (outcome !== 'done') return outcome
    this.#cameLive = true // the request no longer has a new visitor's session
    this.#restored = false
    this.#message = undefined
    this.#offer = undefined
    return outcome
  }

  close(): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const session = this.#session ?? this.#rotated
    if (!session || !this.#model.isLive(session)) return 'done'
    this.#model.end(session, 'closed')
    this.#credential = undefined
    this.#refusal = this.#arrival.navigates ? undefined : 'GUEST_NOT_STARTED'
    this.given = null
    return 'done'
  }

  renew(login: boolean, others: 'keep' | 'end'): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const old = this.#credential
    if (!old) return 'SESSION_ENDED'
    const { session } = old
    for (const other of session.credentials)
      if (other.ended === undefined && (other === old || others === 'end'))
        other.ended = { at: this.#model.now, rotated: other === old }
    if (others === 'end') for (const link of this.#model.links) if (link.session === session) link.over = true
    const { via, authenticatedAt } = login ? { via: 'login', authenticatedAt: this.#model.now } : old
    this.#begunHere = false
    this.#hold(this.#model.give(session, { via, authenticatedAt }))
    return 'done'
  }

  setIdleTimeout(minutes: number, id: string): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const begun = this.#session ? 'done' : this.#beginAsGuest(id)
    const session = this.#session
    if (!session) return begun
    session.idle = Math.max(minutes, 60) * 60_000
    // In a session that began in this request, the browser has not sent a request yet.
    if (!this.#begunHere) session.lastUse = this.#model.now
    return begun
  }

  createOTP(terms: LinkTerms, id: string): Outcome {
    if (this.#borrowed) return 'FEATURE_NOT_AVAILABLE'
    const begun = this.#session ? 'done' : this.#beginAsGuest(id)
    if (this.#session) this.#model.link(this.#session, terms)
    return begun
  }

  restore(link: ModelLink | undefined): Outcome {
    const { path, method, replacesUser } = this.#arrival
    if (!this.#model.opens(link, path)) return 'false'
    const mine = this.#credential?.session
    const isOwn = mine === link.session
    if (link.terms.confirm) {
      const displaced = mine && !isOwn && !isGuestRecord(mine) ? mine.userName : undefined
      if (method === 'GET' || (displaced !== undefined && !replacesUser)) {
        this.#offer = `${link.session.userName} instead of ${displaced}`
        return 'false'
      }
    }
    link.over = true
    this.#offer = undefined
    this.#restored = { data: link.terms.data }
    if (isOwn) return 'true'
    this.#begunHere = false
    if (link.terms.requestOnly) {
      this.#credential = undefined
      this.#borrowed = link.session
    } else {
      this.#borrowed = undefined
      const credential = this.#model.give(link.session, { via: 'link', authenticatedAt: null })
      this.#hold(credential)
      if (!this.#arrival.quiet) this.#model.present(credential)
    }
    return 'true'
  }

  takeMessage(): Outcome {
    const text = this.#tells(false)
    if (this.#message) this.#message.message = undefined
    this.#message = undefined
    return text ?? ''
  }

  leave(id: string): void {
    const stays = this.#session !== undefined || this.#refusal !== undefined || this.#cameLive
    if (this.#model.rules.guests === 'first-request' && !stays && this.#tells(false) === undefined)
      this.#beginAsGuest(id)
  }

  get #session(): ModelSession | undefined {
    return this.#borrowed ?? this.#credential?.session
  }

  #arrive({ credential, navigates, quiet }: Arrival): void {
    const { now } = this.#model
    if (this.#model.works(credential)) {
      this.#credential = credential
      this.#origin = credential.loginOrigin ?? credential.session.id
      if (!quiet) this.#model.present(credential)
      return
    }
    if (!navigates) this.#refusal = 'GUEST_NOT_STARTED'
    if (!credential) return
    const { at, loginOrigin, rotatedIn } = this.#model.endOf(credential)
    if (now - at < JUST_ENDED) {
      this.#refusal = 'SESSION_ENDED'
      this.#rotated = rotatedIn
    }
    if (now - at < ORIGIN_IS_KNOWN) this.#origin = loginOrigin
    if (navigates) this.#message = credential
  }

  /** The message for this device. `seen` is whether the layer showed a message, for messages that may be lost. */
  #tells(seen: boolean): string | undefined {
    const device = this.#message
    if (device?.message && (this.#model.now >= device.message.until || (!device.message.certain && !seen)))
      device.message = undefined
    if (device?.message) device.message.certain = true
    return device?.message?.text
  }

  #gains(privileges: readonly string[]): boolean {
    const has = everythingIn(this.#session?.privileges ?? [])
    return everythingIn(privileges).some((name) => !has.includes(name))
  }

  #raise(raise: Raise & { afresh: boolean; keepAsked: Keep }, id: string): Outcome {
    const session = this.#session
    if (!session) {
      if (!raise.afresh && this.#refusal) return this.#refusal
      return this.#begin(raise, raise.isLogin, id)
    }
    // No browser has the cookie of a guest's session that began in this request, so a login may keep that session.
    const isOwn = this.#begunHere && isGuestRecord(session) && (raise.keepAsked ?? true) === true
    const links = this.#model.links.some((link) => link.session === session && !link.over)
    if (!isOwn || links) return this.#replace(session, raise, id)
    const { userName, userId, privileges } = raise
    Object.assign(session, { userName, userId, privileges })
    if (userId !== null) this.#credential?.mayBe.add(userId)
    if (raise.isLogin) Object.assign(this.#credential ?? {}, { via: 'login', authenticatedAt: this.#model.now })
    this.#model.endOldestOf(session)
    return 'done'
  }

  #replace(old: ModelSession, { userName, userId, privileges, isLogin, keep = false }: Raise, id: string): Outcome {
    const kept = Object.entries(old.storage).filter(([key]) => (typeof keep === 'boolean' ? keep : keep.includes(key)))
    const storage = Object.fromEntries(kept)
    const limit = isLogin ? {} : { absoluteEnd: old.absoluteEnd, idle: old.idle }
    const fresh = { via: 'login', authenticatedAt: this.#model.now, loginOrigin: this.#origin }
    const origin = isLogin || !this.#credential ? fresh : this.#credential
    this.#begunHere = true
    this.#hold(this.#model.replace(old, id, { userName, userId, privileges, storage, ...limit }, origin))
    return 'done'
  }

  #beginAsGuest(id: string, storage: Record<string, number> = {}): Outcome {
    if (this.#refusal) return this.#refusal
    return this.#begin({ storage }, false, id)
  }

  #begin(beginning: Partial<Raise> & { storage?: Record<string, number> }, login: boolean, id: string): Outcome {
    const { userName = '', userId = null, privileges = [], storage = {} } = beginning
    const origin = login
      ? { via: 'login', authenticatedAt: this.#model.now, loginOrigin: this.#origin }
      : { via: 'visit', authenticatedAt: null }
    const isRepeated = this.#model.unusedLogins(origin.loginOrigin).length > 0
    if (!isRepeated && this.#model.isFull()) return 'SESSION_LIMIT'
    this.#begunHere = true
    this.#hold(this.#model.begin(id, { userName, userId, privileges, storage }, origin))
    return 'done'
  }

  #hold(credential: ModelCredential): void {
    this.#credential = credential
    this.given = credential
  }
}

interface Raise {
  userName: string
  userId: string | null
  privileges: readonly string[]
  isLogin: boolean
  keep: Keep
}
