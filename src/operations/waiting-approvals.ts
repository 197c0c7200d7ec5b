import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { Viewer } from '../crm/index.ts'
import { formatTime } from '../web/format.ts'
import { titleOf } from './operation-text.ts'
import { waitingOperations } from './operations.ts'

interface WaitingApproval {
  href: string
  what: string
  customer: string
  until: string
}

/** Returns the requests of this user that wait for a decision, for the welcome page. */
export async function waitingApprovals(
  database: Kysely<Database>,
  viewer: Viewer,
  now: number,
): Promise<WaitingApproval[]> {
  const operations = await waitingOperations(database, viewer, now)
  return operations.map((operation) => ({
    href: `/operations/${operation.id}`,
    what: titleOf(operation),
    customer: operation.customer,
    until: formatTime(operation.expires_at),
  }))
}
