import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { sessionIdsOfHost, sessionIdsOfVisitor } from '../public-demo/visitor-sessions.ts'
import type { EndFilter, ListFilter, SessionDescription } from '../session/index.ts'
import { Problem } from '../web/problem.ts'
import type { CrmSessions } from './crm-session.ts'

/** Staff have numbers as userIds. On a public demo, all visitors share these accounts. */
export function isSharedAccount(userId: string | undefined): boolean {
  return userId !== undefined && /^\d{1,9}$/.test(userId)
}

const FOREIGN =
  'This session belongs to another visitor of the public demo, so nothing was done. You can end only what you began: logins in this browser or in one that opened a one-time link of yours, and API tokens.'

type Refused = 'shared accounts' | 'all'

/**
 * The sessions of a public demo for pages that list and end sessions: only those that the visitor's browser began. With
 * `shared accounts`, users see and end all sessions of an account that they signed up themselves.
 */
export function sessionsOfVisitor(sessions: CrmSessions, database: Kysely<Database>, refused: Refused): CrmSessions {
  const ownIds = ownSessionIds(
    refused === 'all' ? () => sessionIdsOfHost(database) : () => sessionIdsOfVisitor(database),
  )
  const isForeign = async ({ id, userId }: SessionDescription) =>
    (refused === 'all' || isSharedAccount(userId)) && !(await ownIds()).has(id)

  const own = async ({ userId, kind, via, exceptId }: ListFilter & EndFilter) => {
    const found = await Promise.all([...(await ownIds())].map((id) => sessions.get(id)))
    return found
      .filter((session) => session !== undefined)
      .filter((session) => session.state === 'live' && session.id !== exceptId)
      .filter(
        (session) => (userId === undefined || session.userId === userId) && (kind ?? session.kind) === session.kind,
      )
      .filter(({ devices }) => via === undefined || devices.some((device) => device.via === via))
      .sort((one, other) => Number(other.startTime) - Number(one.startTime))
  }
  const isOpen = ({ userId }: { userId?: string }) =>
    refused === 'shared accounts' && userId !== undefined && !isSharedAccount(userId)
  const refuseForeign = async (id: string) => {
    const found = await sessions.get(id)
    if (found !== undefined && (await isForeign(found))) throw new Problem(403, FOREIGN)
    return found
  }

  return {
    ...sessions,
    get: refuseForeign,
    async list(filter = {}, page) {
      return isOpen(filter) ? sessions.list(filter, page) : { sessions: await own(filter) }
    },
    async count(filter = {}) {
      return isOpen(filter) ? sessions.count(filter) : (await own(filter)).length
    },
    async end(id, ...by) {
      await refuseForeign(id)
      return sessions.end(id, ...by)
    },
    async detach(id, ...by) {
      await refuseForeign(id)
      return sessions.detach(id, ...by)
    },
    async removeWithMessage(id, ...by) {
      await refuseForeign(id)
      return sessions.removeWithMessage(id, ...by)
    },
    async endMany(filter, ...by) {
      if (isOpen(filter)) return sessions.endMany(filter, ...by)
      const ended = await Promise.all((await own(filter)).map(({ id }) => sessions.end(id, ...by)))
      return ended.filter(Boolean).length
    },
  }
}

/** The sessions of a public demo for the console. It hides who the other visitors are. */
export function maskedSessions(sessions: CrmSessions, database: Kysely<Database>): CrmSessions {
  const ownIds = ownSessionIds(() => sessionIdsOfHost(database))
  return {
    ...sessions,
    async get(id) {
      const [found, own] = [await sessions.get(id), await ownIds()]
      return found && (own.has(id) ? found : masked(found))
    },
    async list(filter, page) {
      const [{ sessions: found, ...rest }, own] = [await sessions.list(filter, page), await ownIds()]
      return { ...rest, sessions: found.map((session) => (own.has(session.id) ? session : masked(session))) }
    },
  }
}

const maskedOnes = new WeakSet<SessionDescription>()

/** Whether `maskedSessions` returned this description, for a session of another visitor. */
export function isMasked(session: SessionDescription): boolean {
  return maskedOnes.has(session)
}

function masked(session: SessionDescription): SessionDescription {
  const known = isSharedAccount(session.userId) ? {} : { userId: undefined, userName: session.userName && 'A visitor' }
  const devices = session.devices.map((device) => ({ ...device, device: null, address: null, name: '' }))
  const description = { ...session, ...known, devices }
  maskedOnes.add(description)
  return description
}

/** The session of the request is the visitor's own, even if the browser has lost the visitor's cookie. */
function ownSessionIds(select: () => ReturnType<typeof sessionIdsOfVisitor>): () => Promise<Set<string>> {
  return async () => {
    const rows = await select().execute()
    const current = currentVisit()?.sessionId
    return new Set([...rows.map((row) => row.session_id), ...(current ? [current] : [])])
  }
}
