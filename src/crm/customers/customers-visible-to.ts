import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { Problem } from '../../web/problem.ts'

export interface Viewer {
  userId: number
  seesAll: boolean
}

/**
 * Every list, search, count and detail page of customers starts from this query. `visitor` is the visitor of a public
 * demo. A prepared query passes a slot, because its text is the same for all visitors.
 */
export function customersVisibleTo(database: Kysely<Database>, viewer: Viewer, visitor = currentVisit()?.visitor) {
  const customers = database
    .selectFrom('customers')
    .where('customers.removed_at', 'is', null)
    .$if(visitor !== undefined, (all) => all.where((row) => isVisibleToVisitor(row, visitor)))
  return viewer.seesAll ? customers : customers.where('customers.sales_person', '=', viewer.userId)
}

/** On a public demo, a customer that a visitor has created is visible to this visitor only. */
export function isVisibleToVisitor(row: ExpressionBuilder<Database, 'customers'>, visitor = currentVisit()?.visitor) {
  return visitor === undefined ? row.lit(true) : row('customers.visitor', 'in', ['', visitor])
}

/** @throws Problem 403 on a public demo, for a customer that all visitors see. */
export function refuseSharedCustomer(customer: { visitor: string }): void {
  if (isShared(customer))
    throw new Problem(
      403,
      'All visitors of the public demo see this customer, so it cannot be changed or removed. Create a customer of your own: only you see it, and you may change and remove it.',
    )
}

/** Whether this is a customer of a public demo that all visitors see. */
export function isShared({ visitor }: { visitor: string }): boolean {
  return currentVisit() !== undefined && visitor === ''
}

/** Returns the condition of `customersVisibleTo`, for updates. `versions` adds a check of the version. */
export function reachableBy(viewer: Viewer, versions?: readonly number[]) {
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      row('customers.removed_at', 'is', null),
      belongsTo(viewer)(row),
      ...(versions === undefined ? [] : [isOneOf(row, versions)]),
    ])
}

/** Returns the condition that the viewer may change a customer, which may be removed. */
export function belongsTo(viewer: Viewer) {
  const visit = currentVisit()
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.and([
      ...(visit === undefined ? [] : [row('customers.visitor', '=', visit.visitor)]),
      ...(viewer.seesAll ? [] : [row('customers.sales_person', '=', viewer.userId)]),
    ])
}

function isOneOf(row: ExpressionBuilder<Database, 'customers'>, versions: readonly number[]) {
  // An empty list becomes `false`, because not every database accepts an empty list after `in`.
  return versions.length === 0 ? row.lit(false) : row('customers.version', 'in', versions)
}
