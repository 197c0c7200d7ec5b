import type { CrmSession } from '../crm-session/crm-session.ts'
import { formatExactMoment } from '../web/format.ts'
import { shownValue } from './stored-values.ts'

const MOST_VALUES = 30

// A frozen storage never changes, and the requests of a session share it until a write.
const shownStorages = new WeakMap<CrmSession['storage'], [string, string][]>()

/** What a session contained at one moment: a text or a time for each label. */
export type SessionState = ReadonlyMap<string, string | Date>

export interface Comparison {
  label: string
  before: string
  after: string
  /** '' for a value that the request did not change. */
  change: '' | 'new' | 'changed' | 'gone'
}

/** Returns `undefined` for a session that is not stored, and for a session that the request has only by a link. */
export function stateOf(session: CrmSession | null | undefined): SessionState | undefined {
  if (!session || session.deviceHandle === undefined) return undefined
  const { id, userName, userId, deviceHandle, authenticatedAt, binding, lastAccessTime, expirationDate } = session
  return new Map([
    ['Session ID', id],
    ['User', userId === undefined ? 'a guest' : `${userName} (${userId})`],
    ['Privileges', session.getPrivileges().join(', ') || 'none'],
    ['Device', deviceHandle],
    ['Password entered', authenticatedAt ?? 'not on this device'],
    ['Bound to a key of the browser', binding ? `since ${formatExactMoment(binding.since)}` : 'no'],
    ['Last access', lastAccessTime ?? 'unknown'],
    ['Expires', expirationDate === null ? 'never' : new Date(expirationDate)],
    ...storedValues(session),
  ])
}

/** Every label of both states. Undefined: there was no session. */
export function compare(before: SessionState | undefined, after: SessionState | undefined): Comparison[] {
  const labels = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])
  return [...labels].map((label) => {
    const [old, now] = [textOf(before?.get(label)), textOf(after?.get(label))]
    return { label, before: old, after: now, change: changeOf(old, now) }
  })
}

function textOf(value: string | Date = ''): string {
  return typeof value === 'string' ? value : formatExactMoment(value)
}

function changeOf(before: string, after: string): Comparison['change'] {
  if (before === after) return ''
  if (before === '') return 'new'
  return after === '' ? 'gone' : 'changed'
}

function storedValues(session: CrmSession): [string, string][] {
  try {
    const { storage } = session
    const known = shownStorages.get(storage)
    if (known !== undefined) return known
    const values = Object.entries(storage).slice(0, MOST_VALUES)
    const shown = values.map(([name, value]): [string, string] => [`Stored: ${name}`, shownValue(name, value)])
    shownStorages.set(storage, shown)
    return shown
  } catch {
    return [['Stored', 'cannot be read']]
  }
}
