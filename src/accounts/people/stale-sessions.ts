import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { bestEffort, type CrmSession, type CrmSessions } from '../../crm-session/crm-session.ts'
import type { ListFilter } from '../../session/index.ts'
import { accounts, isUnchanged } from './accounts.ts'
import { CHANGED } from './current-account.ts'
import { hasStampOf, hasStampsOf } from './security-stamp.ts'

const MOST_READ = 100

/**
 * Ends the other sessions and tokens of the user that a failed store has kept after the account had changed. They are
 * refused anyway, but a list would show them as valid.
 */
export async function endStaleSessions(
  database: Kysely<Database>,
  sessions: Pick<CrmSessions, 'list' | 'storage' | 'end'>,
  { session, userId }: { session: CrmSession; userId: string },
  filter: ListFilter = {},
): Promise<void> {
  const { sessions: found } = await sessions.list({ ...filter, userId }, { sort: 'seen', size: MOST_READ })
  const others = found.filter(({ id }) => id !== session.id)
  const read = async (id: string) => ({ id, storage: await sessions.storage(id).catch(() => undefined) })
  const suspects = (await Promise.all(others.map(({ id }) => read(id)))).filter(
    ({ storage }) => storage !== undefined && !hasStampsOf({ storage }, session),
  )
  const account = suspects.length === 0 ? undefined : await accounts.findById(database, userId)
  if (account === undefined) return
  const stale = (await Promise.all(suspects.map(({ id }) => read(id)))).filter(
    ({ storage }) => storage !== undefined && !hasStampOf({ storage }, account),
  )
  // If the account has changed meanwhile, a session may have begun with its new stamp.
  if (stale.length === 0 || !(await isUnchanged(database, account))) return
  for (const { id } of stale) await bestEffort(sessions.end(id, 'revoked', { message: CHANGED }))
}
