/** The orders that the list can be in. */
export const SORTS = ['name', 'total', 'since'] as const
export type Sort = (typeof SORTS)[number]

/** Where a page of the list begins or ends: the row's place in the order, and its id where several share that place. */
export interface PageKey {
  value: string | number
  id: number
}

/** Which list a key is of: a key of one list, or of one order, is none of another. */
interface PagedList {
  list: 'customers' | `purchases of ${number}`
  sort: Sort
}

/** How long a key can be: a name as long as its column, in the longest characters that there are. */
export const LONGEST_PAGE_KEY = 600

/** Packs a key into an address. It holds nothing that is not on the page. */
export function writePageKey({ value, id }: PageKey, { list, sort }: PagedList): string {
  return Buffer.from(JSON.stringify([list, sort, value, id])).toString('base64url')
}

/** Unpacks a key; anything that is not a key of this list in this order is `undefined`. What that means is the caller's to say. */
export function readPageKey(text: string | undefined, { list, sort }: PagedList): PageKey | undefined {
  if (text === undefined) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length !== 4) return undefined
    const [itsList, itsSort, value, id] = parts
    if (itsList !== list || itsSort !== sort) return undefined
    const fits = sort === 'total' ? Number.isSafeInteger(value) : typeof value === 'string'
    return fits && Number.isSafeInteger(id) ? { value, id } : undefined
  } catch {
    return undefined
  }
}
