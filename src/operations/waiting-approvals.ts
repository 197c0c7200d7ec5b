import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { formatTime } from '../web/format.ts'
import { titleOf } from './operation-text.ts'

interface WaitingApproval {
  href: string
  what: string
  customer: string
  until: string
}

/** Returns the requests of this user that wait for a decision. There are at most five of them. */
export async function waitingApprovals(
  database: Kysely<Database>,
  userId: number,
  now: number,
): Promise<WaitingApproval[]> {
  const rows = await database
    .selectFrom('operations')
    .innerJoin('customers', 'customers.id', 'operations.customer_id')
    .select(['operations.id', 'operations.percent', 'operations.expires_at', 'customers.name as customer'])
    .where('operations.user_id', '=', userId)
    .where('operations.state', '=', 'asked')
    .where('operations.expires_at', '>', new Date(now).toISOString())
    .orderBy('operations.expires_at')
    .execute()
  return rows.map(({ id, customer, ...operation }) => ({
    href: `/operations/${id}`,
    what: titleOf(operation),
    customer,
    until: formatTime(operation.expires_at),
  }))
}
