export const SORTS = ['name', 'name-desc', 'total', 'total-asc', 'since', 'since-asc'] as const
export type Sort = (typeof SORTS)[number]

/** The position of a row in the list: its sort value, and its id as a tie-breaker. */
export interface PageKey {
  value: string | number
  id: number
}

/** The list and the order for which a page key is valid. */
export interface PagedList {
  list: 'customers' | `purchases of ${number}`
  sort: Sort
}

/** The maximum length of a page key. The longest name fits, even in multi-byte characters. */
export const LONGEST_PAGE_KEY = 600

export function writePageKey({ value, id }: PageKey, { list, sort }: PagedList): string {
  return Buffer.from(JSON.stringify([list, sort, value, id])).toString('base64url')
}

/** Reads a page key. Returns `undefined` when the text is not a page key of the given list and order. */
export function readPageKey(text: string | undefined, { list, sort }: PagedList): PageKey | undefined {
  if (!text) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length !== 4) return undefined
    const [itsList, itsSort, value, id] = parts
    if (itsList !== list || itsSort !== sort) return undefined
    const fits = sort === 'total' || sort === 'total-asc' ? Number.isSafeInteger(value) : typeof value === 'string'
    return fits && Number.isSafeInteger(id) ? { value, id } : undefined
  } catch {
    return undefined
  }
}
