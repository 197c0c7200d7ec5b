import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { Problem } from '../web/problem.ts'

export interface Viewer {
  userId: number
  seesAll: boolean
}

/** Every list, search, count and detail page of customers starts from this query. */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer) {
  const customers = database
    .selectFrom('customers')
    .$if(currentVisit() !== undefined, (all) => all.where(isVisibleToVisitor))
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/** On a public demo, a customer that a visitor has created is visible to this visitor only. */
export function isVisibleToVisitor(row: ExpressionBuilder<Database, 'customers'>) {
  const visit = currentVisit()
  return visit === undefined ? row.lit(true) : row('customers.visitor', 'in', ['', visit.visitor])
}

/** @throws Problem 403 on a public demo, for a customer that all visitors see. */
export function refuseSharedCustomer(customer: { visitor: string } | undefined): void {
  if (customer !== undefined && currentVisit() !== undefined && customer.visitor === '')
    throw new Problem(
      403,
      'All visitors of the public demo see this customer, so it cannot be changed or removed. Create a customer of your own: only you see it, and you may change and remove it.',
    )
}

/** Returns the condition of `customersVisibleTo`, for updates and deletes. `versions` adds a check of the version. */
export function reachableBy(viewer: Viewer, versions?: readonly number[]) {
  const visit = currentVisit()
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      ...(visit === undefined ? [] : [row('customers.visitor', '=', visit.visitor)]),
      ...(viewer.seesAll ? [] : [row('customers.sales_person', '=', viewer.userId)]),
      ...(versions === undefined ? [] : [isOneOf(row, versions)]),
    ])
}

function isOneOf(row: ExpressionBuilder<Database, 'customers'>, versions: readonly number[]) {
  // An empty list becomes `false`, because not every database accepts an empty list after `in`.
  return versions.length === 0 ? row.lit(false) : row('customers.version', 'in', versions)
}
