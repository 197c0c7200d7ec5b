import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { foldName } from '../../db/fold-name.ts'
import type { Database } from '../../db/tables.ts'
import { customersVisibleTo, type Viewer } from './customers-visible-to.ts'
import type { ListQuery } from './list-query.ts'
import type { PageKey, Sort } from './page-key.ts'

const PAGE_SIZE = 25

interface ListedCustomer {
  id: number
  name: string
  city: string
  country: string
  industry: string
  totalPurchase: number
  customerSince: string
  salespersonId: number
  salesperson: string
  /** The day of the next step, or null. */
  nextStepOn: string | null
}

interface CustomerList {
  customers: ListedCustomer[]
  count: number
  /** The place of the first listed customer among all matching customers, beginning with 1. */
  position: () => Promise<number>
  /** `previous` is `undefined` on the first page, and `next` is `undefined` on the last page. */
  previous: PageKey | undefined
  next: PageKey | undefined
}

const ORDER = {
  name: { column: 'customers.name_folded', direction: 'asc' },
  'name-desc': { column: 'customers.name_folded', direction: 'desc' },
  total: { column: 'customers.total_purchase', direction: 'desc' },
  'total-asc': { column: 'customers.total_purchase', direction: 'asc' },
  since: { column: 'customers.customer_since', direction: 'desc' },
  'since-asc': { column: 'customers.customer_since', direction: 'asc' },
} as const satisfies Record<Sort, { column: string; direction: 'asc' | 'desc' }>

/**
 * Returns one page of customers. Keyset pagination makes the last page as fast as the first page. `today` is a day, for
 * the filter of due steps.
 */
export async function listCustomers(
  database: Kysely<Database>,
  viewer: Viewer,
  query: ListQuery,
  today = '',
): Promise<CustomerList> {
  const matching = matchingCustomers(database, viewer, query, today)
  const countAll = matching.select((row) => row.fn.countAll().as('count'))
  const { size = PAGE_SIZE, sort } = query
  const { column, direction } = ORDER[sort]
  const backwards = query.after === undefined && query.before !== undefined
  const from = query.after ?? query.before
  const descending = (direction === 'desc') !== backwards
  let page = matching
    .innerJoin('sales_persons', 'sales_persons.user_id', 'customers.sales_person')
    .select([
      'customers.id as id',
      'customers.name as name',
      'city',
      'country',
      'industry',
      'total_purchase as totalPurchase',
      'customer_since as customerSince',
      'customers.sales_person as salespersonId',
      'next_step_on as nextStepOn',
      'sales_persons.firstname as firstname',
      'sales_persons.lastname as lastname',
      `${column} as key`,
    ])
    .select(countAll.as('count'))
    .orderBy(column, descending ? 'desc' : 'asc')
    .orderBy('customers.id', descending ? 'desc' : 'asc')
    .limit(size + 1)
  const beyond = (one: PageKey, sign: '<' | '>') => (row: ExpressionBuilder<Database, 'customers'>) =>
    row.or([row(column, sign, one.value), row.and([row(column, '=', one.value), row('customers.id', sign, one.id)])])
  if (from !== undefined) page = page.where(beyond(from, descending ? '<' : '>'))

  const rows = await page.execute()
  const more = rows.length > size
  const shown = rows.slice(0, size)
  if (backwards) shown.reverse()
  const first = shown.at(0)
  const last = shown.at(-1)
  return {
    customers: shown.map(({ firstname, lastname, key: _key, count: _count, ...customer }) => ({
      ...customer,
      salesperson: `${firstname} ${lastname}`,
    })),
    count: Number((first ?? (from && (await countAll.executeTakeFirst())))?.count ?? 0),
    async position() {
      if (first === undefined || (!backwards && from === undefined)) return 1
      const { before } = await matching
        .where(beyond({ value: first.key, id: first.id }, direction === 'desc' ? '>' : '<'))
        .select((row) => row.fn.countAll().as('before'))
        .executeTakeFirstOrThrow()
      return Number(before) + 1
    },
    previous: first && (backwards ? more : from !== undefined) ? { value: first.key, id: first.id } : undefined,
    next: last && (backwards || more) ? { value: last.key, id: last.id } : undefined,
  }
}

function matchingCustomers(
  database: Kysely<Database>,
  viewer: Viewer,
  { search, country, industry, salesperson = '', step = '' }: ListQuery,
  today: string,
) {
  // A search text that is empty after folding, such as a single accent, matches no name.
  const folded = foldName(search).trim()
  const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`
  return customersVisibleTo(database, viewer)
    .$if(search !== '' && folded === '', (query) => query.where((row) => row.lit(false)))
    .$if(folded !== '', (query) => query.where(sql<boolean>`customers.name_folded like ${pattern} escape '\\'`))
    .$if(country !== '', (query) => query.where('country', '=', country))
    .$if(industry !== '', (query) => query.where('industry', '=', industry))
    .$if(salesperson !== '', (query) => query.where('customers.sales_person', '=', Number(salesperson)))
    .$if(step === 'due', (query) => query.where('next_step_on', '<=', today))
    .$if(step === 'planned', (query) => query.where('next_step', '<>', ''))
    .$if(step === 'none', (query) => query.where('next_step', '=', ''))
}
