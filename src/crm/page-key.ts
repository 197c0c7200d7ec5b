/** The orders that the list can be in. */
export const SORTS = ['name', 'total', 'since'] as const
export type Sort = (typeof SORTS)[number]

/** Where a page of the list begins or ends: the row's place in the order, and its id where several share that place. */
export interface PageKey {
  value: string | number
  id: number
}

/** Packs a key into an address. It holds nothing that is not on the page. */
export function writePageKey({ value, id }: PageKey): string {
  return Buffer.from(JSON.stringify([value, id])).toString('base64url')
}

/** Unpacks a key; anything that is not a key for this order is `undefined`, which means the first page. */
export function readPageKey(text: string | undefined, sort: Sort): PageKey | undefined {
  if (text === undefined) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length !== 2) return undefined
    const [value, id] = parts
    const fits = sort === 'total' ? Number.isSafeInteger(value) : typeof value === 'string'
    return fits && Number.isSafeInteger(id) ? { value, id } : undefined
  } catch {
    return undefined
  }
}
