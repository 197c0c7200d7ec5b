import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Viewer } from '../customers/customers-visible-to.ts'
import { listCustomers } from './list-customers.ts'
import type { ListQuery } from './list-query.ts'

const STEP = 500

export const EXPORT_HEADS = [
  'Number',
  'Name',
  'Country',
  'City',
  'Industry',
  'Contact',
  'E-mail',
  'Telephone',
  'Customer since',
  'Salesperson',
  'Purchases in EUR',
  'Next step',
  'Next step on',
] as const

/** Yields the matching customers in the order of the list, at most `most`. Reads them in steps, while they are sent. */
export async function* exportCustomers(
  database: Kysely<Database>,
  viewer: Viewer,
  query: ListQuery,
  { today, most }: { today: string; most: number },
): AsyncGenerator<(string | number | null)[]> {
  let after: ListQuery['after']
  for (let left = most; left > 0; left -= STEP) {
    const page = await listCustomers(
      database,
      viewer,
      { ...query, after, before: undefined, size: Math.min(STEP, left) },
      today,
    )
    const ids = page.customers.map(({ id }) => id)
    if (ids.length === 0) return
    const details = await database
      .selectFrom('customers')
      .select(['id', 'contact', 'email', 'phone', 'next_step'])
      .where('id', 'in', ids)
      .execute()
    const byId = new Map(details.map((row) => [row.id, row]))
    for (const {
      id,
      name,
      country,
      city,
      industry,
      customerSince,
      salesperson,
      totalPurchase,
      nextStepOn,
    } of page.customers) {
      const { contact = '', email = '', phone = '', next_step = '' } = byId.get(id) ?? {}
      const total = (totalPurchase / 100).toFixed(2)
      yield [
        id,
        name,
        country,
        city,
        industry,
        contact,
        email,
        phone,
        customerSince,
        salesperson,
        total,
        next_step,
        nextStepOn,
      ]
    }
    after = page.next
    if (after === undefined) return
  }
}
