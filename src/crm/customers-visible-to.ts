import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

/** Who looks at customers, and whether beyond their own portfolio. */
export interface Viewer {
  userId: number
  seesAll: boolean
}

/** The one place that limits queries to the customers a viewer may see: every list, search, count and detail starts here. */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer) {
  const customers = database.selectFrom('customers')
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/** The same condition for updates and deletes, with the versions when they are given. */
export function reachableBy(viewer: Viewer, versions?: readonly number[]) {
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      ...(viewer.seesAll ? [] : [row('customers.sales_person', '=', viewer.userId)]),
      ...(versions === undefined ? [] : [isOneOf(row, versions)]),
    ])
}

function isOneOf(row: ExpressionBuilder<Database, 'customers'>, versions: readonly number[]) {
  // Not every database accepts an empty list.
  return versions.length === 0 ? row.lit(false) : row('customers.version', 'in', versions)
}
