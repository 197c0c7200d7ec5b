import { z } from 'zod'
import { MOST_SEARCHES_A_MINUTE } from '../accounts/index.ts'
import { listCustomers, listPurchases, type PagedList, readPageKey, SORTS, writePageKey } from '../crm/index.ts'
import { plainLine } from '../web/plain-text.ts'
import { Problem } from '../web/problem.ts'
import type { ApiParts } from './api-parts.ts'
import { noSuchCustomer, oneCustomer } from './customer-endpoints.ts'
import { customerList, purchaseList } from './customer-shapes.ts'
import { endpoint } from './endpoint.ts'
import { paging } from './shapes.ts'

const LONGEST_FILTER = 80

const filter = plainLine(LONGEST_FILTER).optional()
const listQuery = z.strictObject({
  search: filter.meta({ description: 'Part of the name; neither case nor accents matter.' }),
  country: filter.meta({ description: 'The whole name of the country, as customers have it.' }),
  industry: filter,
  sort: z.enum(SORTS).default('name').meta({
    description:
      'By name, by total (highest first), or by since (newest first). name-desc, total-asc and since-asc are the reverse orders.',
  }),
  ...paging,
})

export function customerListEndpoints({ database, usageLimit }: ApiParts) {
  return [
    endpoint({
      name: 'listCustomers',
      method: 'GET',
      path: '/customers',
      tag: 'Customers',
      summary: 'The customers that you may see',
      description: 'A salesperson sees their own customers, a manager all.',
      needs: 'viewCustomers',
      query: listQuery,
      answers: { 200: { description: 'One page of them.', schema: customerList } },
      problems: { 429: `A user may search ${MOST_SEARCHES_A_MINUTE} times a minute.` },
      async handle({ account, viewer, query: { search = '', country = '', industry = '', sort, limit, after } }) {
        if (search !== '') await usageLimit.countSearch(account.userId)
        const list = { list: 'customers', sort } as const
        const { customers, count, next } = await listCustomers(database, viewer, {
          search,
          country,
          industry,
          sort,
          size: limit,
          after: keyOf(after, list),
          before: undefined,
        })
        const listed = customers.map(({ salespersonId, salesperson, nextStepOn: _, ...customer }) => ({
          ...customer,
          salesperson: salespersonId,
          salespersonName: salesperson,
        }))
        return { status: 200, body: { customers: listed, count, next: next ? writePageKey(next, list) : null } }
      },
    }),

    endpoint({
      name: 'listPurchases',
      method: 'GET',
      path: '/customers/{id}/purchases',
      tag: 'Customers',
      summary: 'What a customer bought, newest first',
      needs: 'viewCustomers',
      params: oneCustomer,
      query: z.strictObject(paging),
      answers: { 200: { description: 'One page of it.', schema: purchaseList } },
      async handle({ viewer, params: { id }, query: { limit, after } }) {
        const list = { list: `purchases of ${id}`, sort: 'since' } as const
        const page = await listPurchases(database, viewer, id, { size: limit, after: keyOf(after, list) })
        if (page === undefined) throw noSuchCustomer()
        const { count, next } = page
        const purchases = page.purchases.map((purchase) => ({
          id: purchase.id,
          date: purchase.purchased_on,
          description: purchase.description,
          amount: purchase.amount,
        }))
        return { status: 200, body: { purchases, count, next: next ? writePageKey(next, list) : null } }
      },
    }),
  ]
}

function keyOf(after: string | undefined, list: PagedList) {
  const key = readPageKey(after, list)
  if (after === undefined || key !== undefined) return key
  throw new Problem(422, 'after: is not a page key of this list. Give the `next` of the previous page.')
}
