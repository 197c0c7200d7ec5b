import {
  type Credential,
  type EndedSession,
  expiryReason,
  isLive,
  PRESENCE_LIFE_MILLISECONDS,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  sweptSession,
} from '../../record.ts'
import type {
  Admission,
  CallOf,
  Found,
  FoundOTP,
  ListPage,
  Presence,
  Replaced,
  SessionStore,
  Updated,
} from '../../store.ts'
import {
  type AppData,
  accessedAt,
  addCredential,
  bury,
  end,
  endOldest,
  holds,
  insert,
  invalidate,
  isFull,
  liveOTP,
  remove,
  rotate,
  seenAt,
  sweepRemains,
  wasSeen,
} from './data.ts'
import { isListed, isMeant, listPage } from './lists.ts'

/** A store in this process's memory: for tests, and for a single process whose sessions may end with it. */
export function memoryStore(): SessionStore {
  return new MemoryStore()
}

/** Every method does its work before its first `await`, which makes it atomic. */
export class MemoryStore implements SessionStore {
  readonly #apps = new Map<string, AppData>()

  readonly presence: Presence = memoryPresence((app) => this.app(app).processes)

  async create({ app, session, credential, limits, now }: CallOf<'create'>): Promise<Admission> {
    const data = this.app(app)
    if (data.sessions.has(session.id)) throw new Error(`A session ${session.id} exists already.`)
    if (isFull(data, session, limits)) return { admitted: false }
    insert(data, session, credential)
    return { admitted: true, ended: endOldest(data, session, limits, now) }
  }

  async find({ app, id, hash, now }: CallOf<'find'>): Promise<Found | undefined> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    const credential = entry?.credentials.get(hash)
    if (entry && credential) {
      if (isLive(entry.record, now)) return { state: 'live', session: entry.record, credential }
      return {
        state: 'ended',
        reason: expiryReason(entry.record),
        endedAt: entry.record.end,
        message: false,
        successor: null,
      }
    }
    const grave = data.tombstones.get(hash)
    if (!grave || grave.id !== id || now >= grave.keepUntil) return undefined
    return {
      state: 'ended',
      reason: grave.reason,
      endedAt: grave.endedAt,
      message: grave.message !== undefined,
      successor: grave.successor,
    }
  }

  async get({ app, id }: CallOf<'get'>): Promise<SessionRecord | undefined> {
    return this.app(app).sessions.get(id)?.record
  }

  async credentials({ app, ids }: CallOf<'credentials'>): Promise<Map<SessionId, Credential[]>> {
    const { sessions } = this.app(app)
    return new Map(
      ids.map((id) => [
        id,
        [...(sessions.get(id)?.credentials.values() ?? [])].sort((a, b) => a.createdAt - b.createdAt),
      ]),
    )
  }

  async update({ app, id, expected, writeId, changes, limits, now }: CallOf<'update'>): Promise<Updated> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (entry?.writeId === writeId) return { updated: true, ended: [] }
    if (!entry || !holds(entry, expected, now)) return { updated: false, ended: [] }
    const { authenticatedAt, ...fields } = changes
    const lastAccessTime = Math.max(entry.record.lastAccessTime ?? 0, fields.lastAccessTime ?? 0)
    entry.record = { ...entry.record, ...fields, lastAccessTime, version: entry.record.version + 1 }
    entry.writeId = writeId
    const credential = entry.credentials.get(expected.by ?? '')
    if (credential && authenticatedAt !== undefined)
      entry.credentials.set(credential.hash, { ...credential, authenticatedAt, via: 'login' })
    return { updated: true, ended: fields.userId === undefined ? [] : endOldest(data, entry.record, limits, now) }
  }

  async touch({ app, id, hash, from, now }: CallOf<'touch'>): Promise<void> {
    const entry = this.app(app).sessions.get(id)
    const credential = entry?.credentials.get(hash)
    if (!entry || !credential || !isLive(entry.record, now)) return
    entry.record = accessedAt(entry.record, now)
    entry.credentials.set(hash, seenAt(credential, from, now))
  }

  async attach({ app, id, credential, by, limits, now }: CallOf<'attach'>): Promise<boolean> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, by === undefined ? {} : { by }, now)) return false
    addCredential(data, entry, credential, by, limits, now)
    return true
  }

  async detach({ app, id, handle, reason, now }: CallOf<'detach'>): Promise<boolean> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    const credential = entry && [...entry.credentials.values()].find((candidate) => candidate.handle === handle)
    if (!entry || !credential || !isLive(entry.record, now)) return false
    bury(data, entry, credential, { reason, now })
    return true
  }

  async rotate({ app, id, by, credential, others, now }: CallOf<'rotate'>): Promise<boolean> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, { by }, now)) return false
    rotate(data, entry, by, credential, others, now)
    return true
  }

  async findOTP({ app, hash, now }: CallOf<'findOTP'>): Promise<FoundOTP | undefined> {
    return liveOTP(this.app(app), hash, now)
  }

  async redeem({ app, hash, credential, limits, now }: CallOf<'redeem'>): Promise<SessionRecord | undefined> {
    const data = this.app(app)
    const found = liveOTP(data, hash, now)
    const entry = found && data.sessions.get(found.session.id)
    if (!entry) return undefined
    entry.credentials.delete(hash)
    data.otps.delete(hash)
    if (credential) addCredential(data, entry, credential, undefined, limits, now)
    return entry.record
  }

  async replace({ app, id, expected, session, credential, limits, now }: CallOf<'replace'>): Promise<Replaced> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, { ...expected, version: entry.record.version }, now)) return { state: 'gone' }
    if (expected.version !== undefined && expected.version !== entry.record.version) return { state: 'moved' }
    if (data.sessions.has(session.id)) throw new Error(`A session ${session.id} exists already.`)
    const short = isFull(data, session, limits)
    invalidate(data, entry, session.id, now)
    if (short) data.sessions.delete(id)
    insert(data, session, credential)
    return { state: 'replaced', ended: endOldest(data, session, limits, now) }
  }

  async end({ app, id, reason, now, by, unseen = false, message }: CallOf<'end'>): Promise<EndedSession | undefined> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, by === undefined ? {} : { by }, now)) return undefined
    return unseen && wasSeen(entry) ? undefined : end(data, entry, reason, now, message)
  }

  async endMany({ app, filter, reason, now, message }: CallOf<'endMany'>): Promise<EndedSession[]> {
    const data = this.app(app)
    const meant = [...data.sessions.values()].filter((entry) => isMeant(entry, filter, now))
    return meant.map((entry) => end(data, entry, reason, now, message))
  }

  async remove({ app, id, now, message }: CallOf<'remove'>): Promise<EndedSession | undefined> {
    const data = this.app(app)
    const entry = data.sessions.get(id)
    return entry && remove(data, entry, now, message)
  }

  async takeMessage({ app, hash, now }: CallOf<'takeMessage'>): Promise<string | undefined> {
    const grave = this.app(app).tombstones.get(hash)
    if (!grave || now >= grave.keepUntil) return undefined
    const { message } = grave
    grave.message = undefined
    return message
  }

  async list({ app, filter, page, now }: CallOf<'list'>): Promise<ListPage> {
    return listPage([...this.app(app).sessions.values()], filter, page, now)
  }

  async count({ app, filter, now }: CallOf<'count'>): Promise<number> {
    const all = [...this.app(app).sessions.values()]
    return Object.keys(filter).length === 0 ? all.length : all.filter((entry) => isListed(entry, filter, now)).length
  }

  async sweep({ app, now, limit }: CallOf<'sweep'>): Promise<EndedSession[]> {
    const data = this.app(app)
    sweepRemains(data, now)
    const over = [...data.sessions.values()]
      .filter(({ record }) => record.end <= now - SWEEP_MARGIN_MILLISECONDS)
      .slice(0, limit)
    return over.map((entry) => {
      data.sessions.delete(entry.record.id)
      for (const hash of entry.credentials.keys()) data.otps.delete(hash)
      return sweptSession(entry.record)
    })
  }

  protected app(name: string): AppData {
    const known = this.#apps.get(name)
    if (known) return known
    const data: AppData = { sessions: new Map(), otps: new Map(), tombstones: new Map(), processes: new Map() }
    this.#apps.set(name, data)
    return data
  }
}

/** Presence among managers of one process: `processesOf` answers when each of them was last heard of. */
function memoryPresence(processesOf: (app: string) => Map<string, number>): Presence {
  return {
    beat: async ({ app, processId, now }) => void processesOf(app).set(processId, now),
    async leave({ app, processId, now }) {
      const processes = processesOf(app)
      processes.delete(processId)
      return ![...processes.values()].some((beat) => beat > now - PRESENCE_LIFE_MILLISECONDS)
    },
  }
}
