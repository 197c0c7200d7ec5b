type Direction = 'ascending' | 'descending'

/** A column heading that sorts a list. The first click selects the first order, and the next click reverses it. */
export interface SortableColumn<Sort extends string> {
  label: string
  orders: readonly [first: Sort, reverse: Sort]
  /** The direction of the first order. */
  direction: Direction
}

/** A heading for `partials/sort-head`. */
export interface SortHead {
  label: string
  /** The direction in which the heading sorts the list at the moment. '' if another column sorts the list. */
  sorted: Direction | ''
  href: string
  /** The direction that the link selects. */
  next: Direction
}

/** `addressOf` returns the first page of the list in an order. */
export function sortHead<Sort extends string>(
  { label, orders, direction }: SortableColumn<Sort>,
  current: Sort,
  addressOf: (sort: Sort) => string,
): SortHead {
  const [first, reverse] = orders
  const opposite = direction === 'ascending' ? 'descending' : 'ascending'
  const selectsFirst = { href: addressOf(first), next: direction }
  if (current === first) return { label, sorted: direction, href: addressOf(reverse), next: opposite }
  return { label, sorted: current === reverse ? opposite : '', ...selectsFirst }
}
