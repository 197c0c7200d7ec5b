import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { formatCount, formatDay, formatWholeMoney } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { type Choice, choices, redirectedFromEmptyFields } from '../web/query-parameters.ts'
import { type SortableColumn, type SortHead, sortHead } from '../web/sort-heads.ts'
import { findCustomer } from './find-customer.ts'
import { listCustomers, listFilters } from './list-customers.ts'
import { customerAddresses, listAddress, listBehind, readListQuery } from './list-query.ts'
import type { Sort } from './page-key.ts'
import { purchaseList, purchasesOf } from './purchases.ts'
import { viewerOf } from './viewer-of.ts'

interface CustomersPage extends PageModel {
  count: string
  search: string
  countries: Choice[]
  industries: Choice[]
  /** For example "26–50 of 132". */
  shown: string
  sorts: Choice[]
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
  }[]
  previous: string | undefined
  next: string | undefined
}

/** The approvals on a customer's page. */
export interface ApprovalsPanel {
  /** The id of the form. A form that is sent twice creates one operation. */
  once: string
  /** The ways in which the external platform can call back. Empty when no platform is configured. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Throws a `Problem` (429) when the user has searched too often. */
export interface SearchLimit {
  countSearch(userId: string): Promise<void>
}

/** Returns those approvals of a customer that the user of the request may see. */
type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>

interface CustomerPage extends PageModel {
  facts: { label: string; value: string; href?: string }[]
  count: string
  total: string
  purchases: { day: string; description: string; amount: string }[]
  id: number
  /** The list that the user came from, with its filters and its page. */
  back: string
  approvals: ApprovalsPanel
}

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

export function customerPages(
  { database, usageLimit }: { database: Kysely<Database>; usageLimit: SearchLimit },
  { findApprovals }: { findApprovals: FindApprovals },
) {
  return {
    async list(ctx: Context) {
      const viewer = viewerOf(ctx)
      const query = readListQuery(ctx.query)
      if (redirectedFromEmptyFields(ctx, listAddress(query))) return
      if (query.search !== '') await usageLimit.countSearch(String(viewer.userId))
      const { customers, count, position, previous, next } = await listCustomers(database, viewer, query)
      const { countries, industries } = await listFilters(database, viewer)
      const { search: q, country, industry, sort } = query
      const firstPage = { ...query, after: undefined, before: undefined }
      const addressOf = customerAddresses(query)
      const head = (column: SortableColumn<Sort>) =>
        sortHead(column, sort, (one) => listAddress({ ...firstPage, sort: one }))
      ctx.show<CustomersPage>('customers/list', {
        title: viewer.seesAll ? 'All customers' : 'Your customers',
        count: formatCount(count, 'customer', 'customers'),
        shown: shownOf(await position(), customers.length, count),
        search: q,
        countries: filterChoices('All countries', countries, country),
        industries: filterChoices('All industries', industries, industry),
        sorts: choices(Object.entries(SORT_LABELS), sort),
        heads: { name: head(SORTABLE.name), since: head(SORTABLE.since), total: head(SORTABLE.total) },
        showsSalesperson: viewer.seesAll,
        filtered: Boolean(q || country || industry),
        customers: customers.map((customer) => ({
          href: addressOf(customer.id),
          name: customer.name,
          place: `${customer.city}, ${customer.country}`,
          industry: customer.industry,
          salesperson: customer.salesperson,
          since: formatDay(customer.customerSince),
          total: formatWholeMoney(customer.totalPurchase),
        })),
        previous: previous && listAddress({ ...firstPage, before: previous }),
        next: next && listAddress({ ...firstPage, after: next }),
      })
    },

    async show(ctx: Context) {
      const customer = await findCustomer(database, viewerOf(ctx), readId(ctx.params.id))
      if (customer === undefined) throw notFound()
      const purchases = await purchasesOf(database, customer.id)
      ctx.show<CustomerPage>('customers/show', {
        title: customer.name,
        id: customer.id,
        back: listBehind(ctx.query),
        approvals: await findApprovals(ctx, customer.id),
        facts: [
          { label: 'Contact', value: customer.contact },
          { label: 'E-mail', value: customer.email, href: `mailto:${customer.email}` },
          { label: 'Telephone', value: customer.phone, href: `tel:${customer.phone.replace(/[^+\d]/g, '')}` },
          { label: 'Place', value: `${customer.city}, ${customer.country}` },
          { label: 'Industry', value: customer.industry },
          { label: 'Customer since', value: formatDay(customer.customer_since) },
          { label: 'Salesperson', value: `${customer.firstname} ${customer.lastname}` },
        ],
        ...purchaseList(customer, purchases),
      })
    },
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

/** Reads the id in a path. Accepts only the canonical form: "7", but not "07", "7.0" or "7e0". */
function readId(text: unknown): number {
  if (typeof text !== 'string' || !/^[1-9]\d{0,8}$/.test(text)) throw notFound()
  return Number(text)
}

function notFound(): Problem {
  return new Problem(404, 'There is no such customer in your portfolio.')
}
