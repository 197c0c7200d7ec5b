import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

/** A user, and whether the user sees customers of other portfolios. */
export interface Viewer {
  userId: number
  seesAll: boolean
}

/**
 * Returns a query for the customers that the viewer may see. Lists, searches, counts and detail pages start from this
 * query.
 */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer) {
  const customers = database.selectFrom('customers')
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/**
 * Returns the condition of `customersVisibleTo` for updates and deletes. With `versions`, the customer must also have
 * one of these versions.
 */
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
