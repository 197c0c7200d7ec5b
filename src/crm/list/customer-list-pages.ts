import { Readable } from 'node:stream'
import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Notes } from '../../audit/index.ts'
import { actorOf } from '../../crm-session/actor.ts'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { Clock } from '../../session/index.ts'
import { csvOf } from '../../web/csv.ts'
import { dayOf } from '../../web/day.ts'
import { formatCount, formatDay, formatTime, formatWholeMoney } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { type Choice, choices, describeParameters, redirectedFromEmptyFields } from '../../web/query-parameters.ts'
import { type SortableColumn, type SortHead, sortHead } from '../../web/sort-heads.ts'
import type { Viewer } from '../customers/customers-visible-to.ts'
import { removalsBy } from '../customers/remove-customer.ts'
import { ownerChoices } from '../customers/salespersons.ts'
import { viewerOf } from '../customers/viewer-of.ts'
import { takeNotice } from './customer-notices.ts'
import { EXPORT_HEADS, exportCustomers } from './export-customers.ts'
import { listCustomers } from './list-customers.ts'
import { cachedFilters } from './list-filters.ts'
import {
  CUSTOMERS_PATH,
  customerAddress,
  customerAddresses,
  type ListQuery,
  listAddress,
  readListQuery,
} from './list-query.ts'
import type { Sort } from './page-key.ts'

interface CustomersPage extends PageModel {
  notice: string
  count: string
  search: string
  filters: { id: string; label: string; choices: Choice[] }[]
  /** For example "26–50 of 132". */
  shown: string
  heads: Record<keyof typeof SORTABLE, SortHead>
  showsSalesperson: boolean
  filtered: boolean
  customers: {
    href: string
    name: string
    place: string
    industry: string
    salesperson: string
    since: string
    total: string
    step: string
    isDue: boolean
  }[]
  previous: string | undefined
  next: string | undefined
  csv: string
  /** The address of the form for a new customer. `undefined` for users who may not edit. */
  add: string | undefined
  /** The customers that the user has removed, while the removal can be undone. */
  removals: Removal[]
  /** Removals before these, which the page folds. */
  older: { label: string; removals: Removal[] } | undefined
}

interface Removal {
  name: string
  until: string
  action: string
}

/** Throws a `Problem` (429) when the user has searched too often. */
export interface SearchLimit {
  countSearch(userId: string): Promise<void>
}

const MOST_EXPORTED = 100_000
const MOST_UNFOLDED = 3

const SORT_LABELS: Record<Sort, string> = {
  name: 'Name',
  'name-desc': 'Name, Z to A',
  total: 'Total purchases',
  'total-asc': 'Lowest total',
  since: 'Newest customer',
  'since-asc': 'Oldest customer',
}

const SORTABLE = {
  name: { label: 'Name', orders: ['name', 'name-desc'], direction: 'ascending' },
  since: { label: 'Since', orders: ['since', 'since-asc'], direction: 'descending' },
  total: { label: 'Purchases', orders: ['total', 'total-asc'], direction: 'descending' },
} as const satisfies Record<string, SortableColumn<Sort>>

const STEP_LABELS = [
  ['', 'Any'],
  ['due', 'Due today or overdue'],
  ['planned', 'Planned'],
  ['none', 'Nothing planned'],
] as const

interface CustomerListParts {
  database: Kysely<Database>
  usageLimit: SearchLimit
  clock: Pick<Clock, 'now'>
  audit: Notes
}

export function customerListPages({ database, usageLimit, clock, audit }: CustomerListParts) {
  const listFilters = cachedFilters(database)
  return {
    async list(ctx: Context) {
      const viewer = viewerOf(ctx)
      const query = readListQuery(ctx.query)
      if (redirectedFromEmptyFields(ctx, listAddress(query))) return
      if (query.search !== '') await usageLimit.countSearch(String(viewer.userId))
      const today = dayOf(clock.now())
      const { customers, count, position, previous, next } = await listCustomers(database, viewer, query, today)
      const { search, sort } = query
      const firstPage = { ...query, after: undefined, before: undefined }
      // The customers of this page were removed or assigned to others, or the user removed the only one.
      if (customers.length === 0 && count > 0) return ctx.redirect(listAddress(firstPage))
      const addressOf = customerAddresses(query)
      const head = (column: SortableColumn<Sort>) =>
        sortHead(column, sort, (one) => listAddress({ ...firstPage, sort: one }))
      const mayEdit = signedIn(ctx).session.hasPrivilege('editCustomers')
      ctx.show<CustomersPage>('customers/list', {
        title: viewer.seesAll ? 'All customers' : 'Your customers',
        notice: await takeNotice(ctx),
        count: formatCount(count, 'customer', 'customers'),
        shown: shownOf(await position(), customers.length, count),
        search,
        filters: await filtersOf(viewer, query),
        heads: { name: head(SORTABLE.name), since: head(SORTABLE.since), total: head(SORTABLE.total) },
        showsSalesperson: viewer.seesAll,
        filtered: listAddress({ ...firstPage, sort: 'name' }) !== CUSTOMERS_PATH,
        customers: customers.map((customer) => ({
          href: addressOf(customer.id),
          name: customer.name,
          place: `${customer.city}, ${customer.country}`,
          industry: customer.industry,
          salesperson: customer.salesperson,
          since: formatDay(customer.customerSince),
          total: formatWholeMoney(customer.totalPurchase),
          step: customer.nextStepOn === null ? '' : formatDay(customer.nextStepOn),
          isDue: customer.nextStepOn !== null && customer.nextStepOn <= today,
        })),
        previous: previous && listAddress({ ...firstPage, before: previous }),
        next: next && listAddress({ ...firstPage, after: next }),
        csv: listAddress(firstPage, `${CUSTOMERS_PATH}.csv`),
        add: mayEdit ? `${CUSTOMERS_PATH}/new` : undefined,
        ...(mayEdit ? await removalsOf(ctx, viewer) : { removals: [], older: undefined }),
      })
    },

    /** The customers of the list, on all its pages, as a file. */
    async csv(ctx: Context) {
      const viewer = viewerOf(ctx)
      const query = readListQuery(ctx.query)
      if (ctx.method === 'GET') {
        await usageLimit.countSearch(String(viewer.userId))
        const detail = describeParameters(listAddress(query)) || 'all'
        audit.note({ event: 'customers-exported', ...actorOf(ctx), detail })
      }
      const today = dayOf(clock.now())
      ctx.attachment(`customers-${today}.csv`)
      ctx.type = 'text/csv; charset=utf-8; header=present'
      const rows = exportCustomers(database, viewer, query, { today, most: MOST_EXPORTED })
      ctx.body = Readable.from(csvOf(EXPORT_HEADS, rows))
    },
  }

  async function filtersOf(viewer: Viewer, { country, industry, salesperson, step, sort }: ListQuery) {
    const { countries, industries } = await listFilters(viewer)
    return [
      { id: 'country', label: 'Country', choices: filterChoices('All countries', countries, country) },
      { id: 'industry', label: 'Industry', choices: filterChoices('All industries', industries, industry) },
      ...(viewer.seesAll
        ? [
            {
              id: 'salesperson',
              label: 'Salesperson',
              choices: choices([['', 'All'], ...(await ownerChoices(database))], salesperson),
            },
          ]
        : []),
      { id: 'step', label: 'Next step', choices: choices(STEP_LABELS, step) },
      { id: 'sort', label: 'Sort by', choices: choices(Object.entries(SORT_LABELS), sort) },
    ]
  }

  async function removalsOf(ctx: Context, viewer: Viewer): Promise<Pick<CustomersPage, 'removals' | 'older'>> {
    const all = (await removalsBy(database, viewer, clock.now())).map(({ id, name, until }) => ({
      name,
      until: formatTime(until),
      action: customerAddress(id, { list: ctx.querystring }, '/restore'),
    }))
    const removals = all.splice(0, MOST_UNFOLDED)
    const label = formatCount(all.length, 'earlier removal', 'earlier removals')
    return { removals, older: all.length === 0 ? undefined : { label, removals: all } }
  }
}

function shownOf(first: number, shown: number, all: number): string {
  return `${formatCount(first)}–${formatCount(first + shown - 1)} of ${formatCount(all)}`
}

function filterChoices(all: string, values: string[], selected: string): Choice[] {
  // A filter value that no customer has is added, so that the page shows it as selected.
  const known = selected === '' || values.includes(selected) ? values : [...values, selected]
  return choices([['', all], ...known.map((value) => [value, value] as const)], selected)
}
