import { readParameter, writeAddress } from '../web/query-parameters.ts'
import { LONGEST_PAGE_KEY, type PageKey, readPageKey, SORTS, type Sort } from './page-key.ts'

/** The search, filters, order and page of a customer list. An empty text means no restriction. */
export interface ListQuery {
  search: string
  country: string
  industry: string
  sort: Sort
  after: PageKey | undefined
  before: PageKey | undefined
  /** The number of customers on a page. Default: 25. */
  size?: number
}

const LONGEST_TEXT = 80

/**
 * Reads the URL parameters of the list. A repeated or too long parameter is answered with 400. An unknown sort order is
 * replaced by the order by name. An invalid page key selects the first page.
 */
export function readListQuery(query: Record<string, unknown>): ListQuery {
  const read = (name: string, longest = LONGEST_TEXT) => readParameter(query, name, longest)
  const [search, country, industry] = [read('q'), read('country'), read('industry')]
  const wanted = read('sort', Number.POSITIVE_INFINITY)
  const sort = SORTS.find((known) => known === wanted) ?? 'name'
  const list = { list: 'customers', sort } as const
  const after = readPageKey(read('after', LONGEST_PAGE_KEY), list)
  const before = readPageKey(read('before', LONGEST_PAGE_KEY), list)
  return { search, country, industry, sort, after, before }
}

export function listAddress(
  query: Partial<Record<'q' | 'country' | 'industry' | 'sort' | 'after' | 'before', string>>,
): string {
  return writeAddress('/customers', { ...query, sort: query.sort === 'name' ? '' : query.sort })
}
