import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { Config } from '../config/config.ts'
import type { SearchLimit } from '../crm/index.ts'
import { sessionsBehindGuard, signedIn } from '../crm-session/crm-session.ts'
import type { Clock, SessionDescription, Sessions } from '../session/index.ts'
import { formatCount } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { type Choice, choices, redirectedFromEmptyFields } from '../web/query-parameters.ts'
import { noticeOf } from './action-notices.ts'
import { type FoundPerson, findPeople, tooManyPeople } from './find-people.ts'
import type { SessionChanges } from './session-changes.ts'
import {
  headsOf,
  KIND_LABELS,
  listAddress,
  readSessionQuery,
  SESSIONS_PATH,
  type SessionHeads,
  SORT_LABELS,
  STATE_LABELS,
  toList,
} from './session-query.ts'
import { type DescribeDevice, type DeviceRow, deviceRow, type SessionRow, sessionRow } from './session-rows.ts'

interface SessionsPage extends PageModel {
  notice: string
  /** For example "12 of 100 licences in use". */
  licences: string
  user: string
  kinds: Choice[]
  states: Choice[]
  sorts: Choice[]
  heads: SessionHeads
  filtered: boolean
  people: { name: string; href: string }[]
  /** A note that more people match than the page shows. '' when the page shows all of them. */
  morePeople: string
  /** The user whose sessions are shown. `undefined`: the list is not limited to one user. */
  person: Pick<FoundPerson, 'userId' | 'userName'> | undefined
  sessions: SessionRow[]
  here: string
  /** The page is up to date while the console's event stream reports this version. */
  version: string
  first: string | undefined
  next: string | undefined
  longestMessage: number
}

interface SessionPage extends PageModel {
  notice: string
  session: SessionRow
  version: string
  privileges: string
  devices: DeviceRow[]
  storage: string[]
  isInvalidated: boolean
  longestMessage: number
}

export const LONGEST_MESSAGE = 200

/** Limits the searches of a user, and the refreshes of an open console. */
export interface ConsoleLimit extends SearchLimit {
  countRefresh(userId: string): Promise<void>
}

interface ConsoleParts {
  config: Pick<Config, 'maxSessions'>
  database: Kysely<Database>
  sessions: Pick<Sessions, 'list' | 'count' | 'get' | 'bindingEndpoints'> | null
  changes: Pick<SessionChanges, 'versionOfPage'> | null
  clock: Pick<Clock, 'now'>
  usageLimit: ConsoleLimit
  describeDevice: DescribeDevice
}

export function sessionPages(parts: ConsoleParts) {
  const { config, database, sessions, changes, clock, usageLimit, describeDevice } = parts
  const rows = (ctx: Context) => ({ now: clock.now(), mine: signedIn(ctx).session.id, describeDevice })

  return {
    async list(ctx: Context) {
      const manager = sessionsBehindGuard(sessions, 'sessionPages()')
      const version = changes?.versionOfPage() ?? ''
      const query = readSessionQuery(ctx.query)
      if (redirectedFromEmptyFields(ctx, listAddress(query, query.after))) return
      if (query.user !== '') {
        const { userId } = signedIn(ctx)
        // An open console requests the page again after each session change.
        await (ctx.query.refresh === undefined ? usageLimit.countSearch(userId) : usageLimit.countRefresh(userId))
      }
      const meant = await findPeople(database, query.user)
      const { people } = meant
      const ambiguous = people.length > 1
      // A session may belong to a user without an account, so any userId is accepted.
      const userId = query.user === '' ? undefined : (people[0]?.userId ?? query.user)
      const { filter, page } = toList(query, userId)
      const { sessions: found, next } = ambiguous ? { sessions: [] } : await manager.list(filter, page)
      ctx.show<SessionsPage>('admin/sessions', {
        title: 'Sessions',
        notice: noticeOf(ctx.query),
        licences: licencesUsed(await manager.count(), config.maxSessions),
        user: query.user,
        kinds: choices(Object.entries(KIND_LABELS), query.kind),
        states: choices(Object.entries(STATE_LABELS), query.state),
        sorts: choices(Object.entries(SORT_LABELS), query.sort),
        heads: headsOf(query),
        filtered: Boolean(query.user || query.kind || query.state !== 'user'),
        people: ambiguous
          ? people.map((person) => ({
              name: `${person.userName} (${person.userId})`,
              href: listAddress({ ...query, user: person.userId }),
            }))
          : [],
        morePeople: meant.more ? tooManyPeople(meant) : '',
        person: personOf(people, userId, found),
        sessions: found.map((session) => sessionRow(session, rows(ctx))),
        here: listAddress(query, query.after),
        version,
        first: query.after && listAddress(query),
        next: next && listAddress(query, next),
        longestMessage: LONGEST_MESSAGE,
      })
    },

    async show(ctx: Context) {
      const version = changes?.versionOfPage() ?? ''
      const session = await existing(sessionsBehindGuard(sessions, 'sessionPages()'), ctx.params.id)
      const bindsDevices = sessions?.bindingEndpoints !== undefined
      const shown = { now: clock.now(), describeDevice, bindsDevices }
      const row = sessionRow(session, rows(ctx))
      ctx.show<SessionPage>('admin/session', {
        title: `Session of ${row.who}`,
        notice: noticeOf(ctx.query),
        session: row,
        version,
        privileges: session.privileges.join(', ') || 'none',
        devices: session.devices.map((device) => deviceRow(device, shown)),
        storage: session.storageKeys,
        isInvalidated: session.state === 'invalidated',
        longestMessage: LONGEST_MESSAGE,
      })
    },
  }
}

/** Returns the session with this public handle. An unknown handle is answered with 404. */
async function existing(sessions: Pick<Sessions, 'get'>, id: unknown): Promise<SessionDescription> {
  const session = typeof id === 'string' ? await sessions.get(id) : undefined
  if (session === undefined) throw new Problem(404, 'There is no such session any more. It has ended already.')
  return session
}

export function comeBackTo(ctx: Context): string {
  const id: unknown = ctx.params.id
  return typeof id === 'string' && /^[0-9A-F]{32}$/.test(id) ? `${SESSIONS_PATH}/${id}` : SESSIONS_PATH
}

function licencesUsed(used: number, most: number | undefined): string {
  return most === undefined
    ? `${formatCount(used, 'licence', 'licences')} in use; no limit is set`
    : `${formatCount(used)} of ${formatCount(most, 'licence', 'licences')} in use`
}

/** Returns the user of the list. For a user without an account, the name comes from a listed session. */
function personOf(
  people: FoundPerson[],
  userId: string | undefined,
  found: SessionDescription[],
): Pick<FoundPerson, 'userId' | 'userName'> | undefined {
  if (people.length > 1 || userId === undefined) return undefined
  const [session] = found
  return people[0] ?? (session && { userId, userName: session.userName || userId })
}
