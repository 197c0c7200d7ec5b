import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

export interface Viewer {
  userId: number
  seesAll: boolean
}

/** Every list, search, count and detail page of customers starts from this query. */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer) {
  const customers = database.selectFrom('customers').where('customers.removed_at', 'is', null)
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/** Returns the condition of `customersVisibleTo`, for updates. `versions` adds a check of the version. */
export function reachableBy(viewer: Viewer, versions?: readonly number[]) {
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      row('customers.removed_at', 'is', null),
      ...(viewer.seesAll ? [] : [row('customers.sales_person', '=', viewer.userId)]),
      ...(versions === undefined ? [] : [isOneOf(row, versions)]),
    ])
}

function isOneOf(row: ExpressionBuilder<Database, 'customers'>, versions: readonly number[]) {
  // An empty list becomes `false`, because not every database accepts an empty list after `in`.
  return versions.length === 0 ? row.lit(false) : row('customers.version', 'in', versions)
}
