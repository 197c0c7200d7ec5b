import { type Credential, isGuestRecord, isLive, type SessionRecord } from '../../record.ts'
import type { CallOf, Cursor, EndFilter, ListFilter, ListPage, Page } from '../../store.ts'
import type { MemoryRow } from './memory-row.ts'

export function listPage(all: readonly MemoryRow[], { filter, page, now }: CallOf<'list'>): ListPage {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const sign = direction === 'asc' ? 1 : -1
  const compare = (a: Cursor, b: Cursor) => sign * (a.value - b.value || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const rows = all
    .filter((row) => isListed(row, filter, now))
    .map(({ record }) => ({ value: sortKey(record, sort), id: record.id, record }))
    .filter((row) => after === undefined || compare(row, after) > 0)
    .sort(compare)
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  const sessions = shown.map(({ record }) => record)
  return rows.length > size && last ? { sessions, next: { value: last.value, id: last.id } } : { sessions }
}

export function listedCount(all: readonly MemoryRow[], { filter, now }: CallOf<'count'>): number {
  return Object.keys(filter).length === 0 ? all.length : all.filter((row) => isListed(row, filter, now)).length
}

export function isSelected({ record }: MemoryRow, { userId, kind, exceptId }: EndFilter, now: number): boolean {
  return (
    isLive(record, now) &&
    (userId === undefined || record.userId === userId) &&
    (kind === undefined || record.kind === kind) &&
    record.id !== exceptId
  )
}

function sortKey(record: SessionRecord, sort: NonNullable<Page['sort']>): number {
  return sort === 'created' ? (record.startTime ?? 0) : sort === 'seen' ? (record.lastAccessTime ?? 0) : record.end
}

function isListed({ record, credentials }: MemoryRow, { userId, kind, state, via }: ListFilter, now: number): boolean {
  if (now >= record.end) return false
  if (userId !== undefined && record.userId !== userId) return false
  if (kind !== undefined && record.kind !== kind) return false
  const hasVia = (wanted: Credential['via']) =>
    [...credentials.values()].some((credential) => credential.via === wanted && credential.kind !== 'otp')
  if (via !== undefined && !(isLive(record, now) && hasVia(via))) return false
  if (state === undefined) return true
  if (state === 'invalidated') return record.startTime === null
  if (!isLive(record, now)) return false
  if (state === 'restored') return hasVia('link')
  return (state === 'guest') === isGuestRecord(record)
}
