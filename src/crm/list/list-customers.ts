import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { foldName } from '../../../db/fold-name.ts'
import { runPrepared, type Slot } from '../../../db/prepared-queries.ts'
import type { Database } from '../../../db/tables.ts'
import { currentVisit, currentVisitor } from '../../public-demo/visit.ts'
import { customersVisibleTo, type Viewer } from '../customers/customers-visible-to.ts'
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
  const { size = PAGE_SIZE, sort, salesperson = '' } = query
  const backwards = query.after === undefined && query.before !== undefined
  const from = query.after ?? query.before
  const folded = foldName(query.search).trim()
  const filters: Filters = {
    seesAll: viewer.seesAll,
    isPublic: currentVisit() !== undefined,
    // A search text that is empty after folding, such as a single accent, matches no name.
    search: folded !== '' ? 'text' : query.search === '' ? '' : 'nothing',
    country: query.country !== '',
    industry: query.industry !== '',
    salesperson: salesperson !== '',
    step: query.step ?? '',
  }
  const values = {
    userId: viewer.userId,
    visitor: currentVisitor(),
    pattern: `%${folded.replace(/[\\%_]/g, '\\$&')}%`,
    country: query.country,
    industry: query.industry,
    salesperson: Number(salesperson),
    today,
    limit: size + 1,
  }
  const shape = JSON.stringify(filters)
  const rows = await runPrepared(
    database,
    `page ${shape} ${sort} ${backwards} ${from !== undefined}`,
    { ...values, key: from?.value, id: from?.id },
    (slot) => pageQuery(database, filters, { sort, backwards, isFirst: from === undefined }, slot),
  )
  const more = rows.length > size
  const shown = rows.slice(0, size)
  if (backwards) shown.reverse()
  const first = shown.at(0)
  const last = shown.at(-1)
  const countOf = async () => {
    const countAll = (slot: Slot) => countQuery(matchingCustomers(database, filters, slot))
    return (await runPrepared(database, `count ${shape}`, values, countAll))[0]?.count
  }
  return {
    customers: shown.map(({ firstname, lastname, key: _key, count: _count, ...customer }) => ({
      ...customer,
      salesperson: `${firstname} ${lastname}`,
    })),
    count: Number(first?.count ?? (from && (await countOf())) ?? 0),
    async position() {
      if (first === undefined || (!backwards && from === undefined)) return 1
      const before = (slot: Slot) => {
        const sign = ORDER[sort].direction === 'desc' ? '>' : '<'
        return countQuery(matchingCustomers(database, filters, slot).where(beyond(sort, sign, slot)))
      }
      const key = { ...values, key: first.key, id: first.id }
      return Number((await runPrepared(database, `before ${shape} ${sort}`, key, before))[0]?.count ?? 0) + 1
    },
    previous: first && (backwards ? more : from !== undefined) ? { value: first.key, id: first.id } : undefined,
    next: last && (backwards || more) ? { value: last.key, id: last.id } : undefined,
  }
}

/** Which conditions a query has. The values follow when the query runs. */
interface Filters {
  seesAll: boolean
  /** Whether the server is a public demo, on which a visitor sees only the own new customers. */
  isPublic: boolean
  search: '' | 'text' | 'nothing'
  country: boolean
  industry: boolean
  salesperson: boolean
  step: NonNullable<ListQuery['step']>
}

type Matching = ReturnType<typeof matchingCustomers>

function pageQuery(
  database: Kysely<Database>,
  filters: Filters,
  { sort, backwards, isFirst }: { sort: Sort; backwards: boolean; isFirst: boolean },
  slot: Slot,
) {
  const { column, direction } = ORDER[sort]
  const descending = (direction === 'desc') !== backwards
  const matching = matchingCustomers(database, filters, slot)
  return matching
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
    .select(countQuery(matching).as('count'))
    .$if(!isFirst, (query) => query.where(beyond(sort, descending ? '<' : '>', slot)))
    .orderBy(column, descending ? 'desc' : 'asc')
    .orderBy('customers.id', descending ? 'desc' : 'asc')
    .limit(slot('limit'))
}

function countQuery(matching: Matching) {
  return matching.select((row) => row.fn.countAll().as('count'))
}

function beyond(sort: Sort, sign: '<' | '>', slot: Slot) {
  const { column } = ORDER[sort]
  return (row: ExpressionBuilder<Database, 'customers'>) =>
    row.or([
      row(column, sign, slot('key')),
      row.and([row(column, '=', slot('key')), row('customers.id', sign, slot('id'))]),
    ])
}

function matchingCustomers(database: Kysely<Database>, filters: Filters, slot: Slot) {
  const { seesAll, isPublic, search, country, industry, salesperson, step } = filters
  return customersVisibleTo(database, { userId: slot('userId'), seesAll }, isPublic ? slot('visitor') : undefined)
    .$if(search === 'nothing', (query) => query.where((row) => row.lit(false)))
    .$if(search === 'text', (query) =>
      query.where(sql<boolean>`customers.name_folded like ${slot('pattern')} escape '\\'`),
    )
    .$if(country, (query) => query.where('country', '=', slot('country')))
    .$if(industry, (query) => query.where('industry', '=', slot('industry')))
    .$if(salesperson, (query) => query.where('customers.sales_person', '=', slot('salesperson')))
    .$if(step === 'due', (query) => query.where('next_step_on', '<=', slot('today')))
    .$if(step === 'planned', (query) => query.where('next_step', '<>', ''))
    .$if(step === 'none', (query) => query.where('next_step', '=', ''))
}
