import type { Cursor, ListFilter, Page } from '../session/index.ts'
import { readChoice, readParameter, writeAddress } from '../web/query-parameters.ts'
import { type SortableColumn, type SortHead, sortHead } from '../web/sort-heads.ts'

export const SESSIONS_PATH = '/admin/sessions'

export const KIND_LABELS = { '': 'Web and API', web: 'Web', rest: 'API' }
export const STATE_LABELS = {
  user: 'Signed in',
  guest: 'Guest',
  restored: 'Restored by a link',
  invalidated: 'Invalidated',
  any: 'Any state',
}
export const SORT_LABELS = {
  created: 'Newest first',
  oldest: 'Oldest first',
  seen: 'Last seen first',
  unseen: 'Longest unseen first',
  end: 'Ending soonest',
  latest: 'Ending last',
}

const ORDERS: Record<keyof typeof SORT_LABELS, Pick<Page, 'sort' | 'direction'>> = {
  created: { sort: 'created', direction: 'desc' },
  oldest: { sort: 'created', direction: 'asc' },
  seen: { sort: 'seen', direction: 'desc' },
  unseen: { sort: 'seen', direction: 'asc' },
  end: { sort: 'end', direction: 'asc' },
  latest: { sort: 'end', direction: 'desc' },
}

/** The order by end has no heading, because it is the order of the earlier one of two columns. */
const SORTABLE = {
  created: { label: 'Created', orders: ['created', 'oldest'], direction: 'descending' },
  seen: { label: 'Last seen', orders: ['seen', 'unseen'], direction: 'descending' },
} as const satisfies Record<string, SortableColumn<keyof typeof SORT_LABELS>>

export type SessionHeads = Record<keyof typeof SORTABLE, SortHead>

interface SessionQuery {
  /** A userId, an e-mail address or a name, as entered. */
  user: string
  kind: 'web' | 'rest' | undefined
  /** Default: `user`, because a list of all sessions would begin with ended sessions. */
  state: keyof typeof STATE_LABELS
  sort: keyof typeof SORT_LABELS
  after: Cursor | undefined
}

/** Reads the filters and the sort order. An unknown value or a repeated parameter is answered with 400. */
export function readSessionQuery(query: Record<string, unknown>): SessionQuery {
  return {
    user: readParameter(query, 'user'),
    kind: readChoice(query, 'kind', ['web', 'rest']),
    state: readChoice(query, 'state', Object.keys(STATE_LABELS) as (keyof typeof STATE_LABELS)[]) ?? 'user',
    sort: readChoice(query, 'sort', Object.keys(ORDERS) as (keyof typeof ORDERS)[]) ?? 'created',
    after: readCursor(readParameter(query, 'after')),
  }
}

export function toList({ kind, state, sort, after }: SessionQuery, userId: string | undefined) {
  const filter: ListFilter = {
    ...(userId !== undefined && { userId }),
    ...(kind && { kind }),
    ...(state !== 'any' && { state }),
  }
  const page: Page = { ...ORDERS[sort], ...(after && { after }) }
  return { filter, page }
}

/** Returns the URL of a page of the list. Without `after`, it is the URL of the first page. */
export function listAddress({ user, kind, state, sort }: SessionQuery, after?: Cursor): string {
  return writeAddress(SESSIONS_PATH, {
    user,
    kind,
    state: state === 'user' ? undefined : state,
    sort: sort === 'created' ? undefined : sort,
    after: after && writeCursor(after),
  })
}

export function headsOf(query: SessionQuery): SessionHeads {
  const head = (column: SortableColumn<SessionQuery['sort']>) =>
    sortHead(column, query.sort, (sort) => listAddress({ ...query, sort }))
  return { created: head(SORTABLE.created), seen: head(SORTABLE.seen) }
}

function writeCursor({ value, id }: Cursor): string {
  return `${value.toString(36)}-${id}`
}

function readCursor(text: string): Cursor | undefined {
  const [, value, id] = /^([0-9a-z]{1,11})-([0-9A-F]{32})$/.exec(text) ?? []
  if (value === undefined || id === undefined) return undefined
  const number = Number.parseInt(value, 36)
  return Number.isSafeInteger(number) ? { value: number, id } : undefined
}
