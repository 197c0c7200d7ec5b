import { type Kysely, sql } from 'kysely'
import { runPrepared } from '../../../db/prepared-queries.ts'
import type { Database } from '../../../db/tables.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { customersVisibleTo, type Viewer } from '../customers/customers-visible-to.ts'

const MOST_LISTED = 5

export interface PlannedSteps {
  /** The number of all next steps until that day. */
  count: number
  /** Those with the earliest days. */
  first: { id: number; name: string; step: string; on: string | null }[]
}

/** Returns the next steps that are planned for the day `until` or earlier. */
export async function plannedSteps(
  database: Kysely<Database>,
  { userId, seesAll }: Viewer,
  until: string,
): Promise<PlannedSteps> {
  const visitor = currentVisit()?.visitor
  const shape = `planned steps ${seesAll} ${visitor !== undefined}`
  const rows = await runPrepared(database, shape, { userId, visitor, until }, (slot) =>
    customersVisibleTo(database, { userId: slot('userId'), seesAll }, visitor && slot('visitor'))
      .where('customers.next_step_on', '<=', slot('until'))
      .select([
        'customers.id as id',
        'customers.name as name',
        'customers.next_step as step',
        'customers.next_step_on as on',
        sql<number>`count(*) over ()`.as('count'),
      ])
      .orderBy('customers.next_step_on')
      .orderBy('customers.id')
      .limit(MOST_LISTED),
  )
  return {
    count: Number(rows[0]?.count ?? 0),
    first: rows.map(({ id, name, step, on }) => ({ id, name, step, on })),
  }
}
