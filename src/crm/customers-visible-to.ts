import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

/** Who looks at customers: the one place that decides whose customers a person reaches. */
export interface Viewer {
  userId: number
  seesAll: boolean
}

/** Every question about customers starts here, so that nobody's list, search, count or detail can reach beyond his own. */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer) {
  const customers = database.selectFrom('customers')
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/** The same for a change or a removal: only what this person reaches and, when versions are named, what has one of them. */
export function reachableBy(viewer: Viewer, versions?: readonly number[]) {
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      ...(viewer.seesAll ? [] : [row('customers.sales_person', '=', viewer.userId)]),
      ...(versions === undefined ? [] : [isOneOf(row, versions)]),
    ])
}

function isOneOf(row: ExpressionBuilder<Database, 'customers'>, versions: readonly number[]) {
  // An empty list is not for every database.
  return versions.length === 0 ? row.lit(false) : row('customers.version', 'in', versions)
}
