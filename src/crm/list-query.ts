import { z } from 'zod'
import { Problem } from '../web/problem.js'
import { type PageKey, readPageKey, SORTS, type Sort } from './page-key.js'

/** What the list of customers was asked for. '' means: not restricted. */
export interface ListQuery {
  search: string
  country: string
  industry: string
  sort: Sort
  after: PageKey | undefined
  before: PageKey | undefined
  /** Customers on a page; 25 when nothing is said. */
  size?: number
}

const LONGEST_TEXT = 80

const text = z.string('once').trim().max(LONGEST_TEXT, 'short').optional()
const address = z.object({
  q: text,
  country: text,
  industry: text,
  sort: z.string('once').optional(),
  after: z.string('once').max(400, 'short').optional(),
  before: z.string('once').max(400, 'short').optional(),
})

/** Reads the list's address. A repeated or oversized parameter is a 400; an unknown sort or page is the first page by name. */
export function readListQuery(query: Record<string, unknown>): ListQuery {
  const read = address.safeParse(query)
  if (!read.success) throw new Problem(400, explain(read.error.issues))
  const { q = '', country = '', industry = '', after, before } = read.data
  const sort = SORTS.find((known) => known === read.data.sort) ?? 'name'
  return { search: q, country, industry, sort, after: readPageKey(after, sort), before: readPageKey(before, sort) }
}

/** The address of the list with these settings; what is not set is left out. */
export function listAddress(
  query: Partial<Record<'q' | 'country' | 'industry' | 'sort' | 'after' | 'before', string>>,
): string {
  const set = Object.entries(query).filter(([name, value]) => value !== '' && !(name === 'sort' && value === 'name'))
  const parameters = new URLSearchParams(set as [string, string][]).toString()
  return parameters === '' ? '/customers' : `/customers?${parameters}`
}

function explain(issues: { message: string; path: PropertyKey[] }[]): string {
  const [issue] = issues
  const name = String(issue?.path[0])
  return issue?.message === 'once'
    ? `The address gives “${name}” more than once. Give it once.`
    : `“${name}” is too long: at most ${LONGEST_TEXT} characters.`
}
