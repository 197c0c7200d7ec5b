import { LARGEST_USER_ID } from '../../../db/tables.ts'
import { Problem } from '../../web/problem.ts'
import { readParameter, writeAddress } from '../../web/query-parameters.ts'
import { ROW_NUMBER } from '../../web/row-number.ts'
import { LONGEST_PAGE_KEY, type PageKey, readPageKey, SORTS, type Sort, writePageKey } from './page-key.ts'

/** `due`: the day of the next step is today or earlier. `planned`: there is a next step. `none`: there is none. */
const STEPS = ['due', 'planned', 'none'] as const

/** The search, filters, order and page of a customer list. An empty text means no restriction. */
export interface ListQuery {
  search: string
  country: string
  industry: string
  /** A userId. Only viewers who see all customers have this filter. */
  salesperson?: string
  step?: (typeof STEPS)[number] | ''
  sort: Sort
  after: PageKey | undefined
  before: PageKey | undefined
  /** The number of customers on a page. Default: 25. */
  size?: number
}

export const CUSTOMERS_PATH = '/customers'
const LONGEST_TEXT = 80

/**
 * Reads the URL parameters of the list. A repeated or too long parameter is answered with 400. An unknown sort order is
 * replaced by the order by name. An invalid page key selects the first page.
 */
export function readListQuery(query: Record<string, unknown>): ListQuery {
  const read = (name: string, longest = LONGEST_TEXT) => readParameter(query, name, longest)
  const [search, country, industry] = [read('q'), read('country'), read('industry')]
  const [someone, planned] = [read('salesperson'), read('step')]
  const salesperson = ROW_NUMBER.test(someone) && Number(someone) <= LARGEST_USER_ID ? someone : ''
  const step = STEPS.find((known) => known === planned) ?? ''
  const wanted = read('sort', Number.POSITIVE_INFINITY)
  const sort = SORTS.find((known) => known === wanted) ?? 'name'
  const list = { list: 'customers', sort } as const
  const after = readPageKey(read('after', LONGEST_PAGE_KEY), list)
  const before = readPageKey(read('before', LONGEST_PAGE_KEY), list)
  return { search, country, industry, salesperson, step, sort, after, before }
}

export function listAddress(
  { search, country, industry, salesperson, step, sort, after, before }: ListQuery,
  path = CUSTOMERS_PATH,
): string {
  const list = { list: 'customers', sort } as const
  return writeAddress(path, {
    q: search,
    country,
    industry,
    salesperson,
    step,
    sort: sort === 'name' ? '' : sort,
    after: after && writePageKey(after, list),
    before: before && writePageKey(before, list),
  })
}

const PAGE_OF_LIST = 'list'

type Parameters = Record<string, string | undefined>

/** Returns the URLs of customers. They contain the query of the list, so that the page can link back to it. */
export function customerAddresses(query: ListQuery): (id: number) => string {
  const behind = behindOf(listAddress(query))
  return (id) => `${CUSTOMERS_PATH}/${id}${behind}`
}

/** Returns the URL of the list that the user came from. An unreadable query leads to the whole list. */
export function listBehind({ [PAGE_OF_LIST]: list }: Record<string, unknown>): string {
  if (typeof list !== 'string') return CUSTOMERS_PATH
  try {
    return listAddress(readListQuery(Object.fromEntries(new URLSearchParams(list))))
  } catch (error) {
    if (error instanceof Problem) return CUSTOMERS_PATH
    throw error
  }
}

/** Returns the URL of a customer's page, or of a path `below` it, with the list of the current request behind it. */
export function customerAddress(id: number, query: Record<string, unknown>, below = '', more: Parameters = {}): string {
  return `${CUSTOMERS_PATH}/${id}${below}${behindOf(listBehind(query), more)}`
}

function behindOf(address: string, more: Parameters = {}): string {
  const [, list] = address.split('?')
  return writeAddress('', { [PAGE_OF_LIST]: list, ...more })
}
