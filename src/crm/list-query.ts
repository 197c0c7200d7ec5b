import { z } from 'zod'
import { Problem } from '../web/problem.ts'
import { LONGEST_PAGE_KEY, type PageKey, readPageKey, SORTS, type Sort } from './page-key.ts'

/** '' means no restriction. */
export interface ListQuery {
  search: string
  country: string
  industry: string
  sort: Sort
  after: PageKey | undefined
  before: PageKey | undefined
  /** Customers on a page. Default 25. */
  size?: number
}

const LONGEST_TEXT = 80

const text = z.string().trim().max(LONGEST_TEXT).optional()
const address = z.object({
  q: text,
  country: text,
  industry: text,
  sort: z.string().optional(),
  after: z.string().max(LONGEST_PAGE_KEY).optional(),
  before: z.string().max(LONGEST_PAGE_KEY).optional(),
})

/**
 * A repeated or too long parameter is answered with 400. An unknown sort order means the order by name. An invalid page
 * key selects the first page.
 */
export function readListQuery(query: Record<string, unknown>): ListQuery {
  const read = address.safeParse(query)
  if (!read.success) throw new Problem(400, explain(read.error.issues))
  const { q = '', country = '', industry = '', after, before } = read.data
  const sort = SORTS.find((known) => known === read.data.sort) ?? 'name'
  const list = { list: 'customers', sort } as const
  return { search: q, country, industry, sort, after: readPageKey(after, list), before: readPageKey(before, list) }
}

export function listAddress(
  query: Partial<Record<'q' | 'country' | 'industry' | 'sort' | 'after' | 'before', string>>,
): string {
  const set = Object.entries(query).filter(([name, value]) => value !== '' && !(name === 'sort' && value === 'name'))
  const parameters = new URLSearchParams(set as [string, string][]).toString()
  return parameters === '' ? '/customers' : `/customers?${parameters}`
}

function explain(issues: z.core.$ZodIssue[]): string {
  const [issue] = issues
  const name = String(issue?.path[0])
  return issue?.code === 'too_big'
    ? `“${name}” is too long: at most ${issue.maximum} characters.`
    : `The address gives “${name}” more than once. Give it once.`
}
