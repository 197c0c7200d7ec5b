import { randomBytes } from 'node:crypto'
import type { AuditRow } from '../../db/tables.ts'
import { maskTokens } from '../web/mask-secrets.ts'
import type { AuditEntry } from './audit-entry.ts'

// The maximum lengths of the columns, in characters.
const LONGEST = { name: 120, id: 64, session: 32, address: 64, device: 200, detail: 300 }

const SEQUENCE = 36 ** 5
let made = 0

/** Creates a row. The ids of rows sort by time, and those of this process also sort by creation order. */
export function auditRowOf(entry: AuditEntry, at: number, times = 1): AuditRow {
  made = (made + 1) % SEQUENCE
  return {
    id: `${firstIdAt(at)}${made.toString(36).padStart(5, '0')}${randomBytes(4).toString('hex')}`,
    at: new Date(at).toISOString(),
    event: entry.event,
    user_id: cleanOrNull(entry.userId, LONGEST.id),
    user_name: clean(entry.userName, LONGEST.name),
    by_user_id: cleanOrNull(entry.byUserId, LONGEST.id),
    by_user_name: clean(entry.byUserName, LONGEST.name),
    session_id: cleanOrNull(entry.sessionId, LONGEST.session),
    address: cleanOrNull(entry.address, LONGEST.address),
    device: cleanOrNull(entry.device, LONGEST.device),
    request_id: cleanOrNull(entry.requestId, LONGEST.id),
    detail: clean(entry.detail, LONGEST.detail),
    times,
  }
}

/** Returns a text that sorts before the ids of all rows of this time or later. */
export function firstIdAt(milliseconds: number): string {
  return Math.max(0, milliseconds).toString(36).padStart(9, '0')
}

/** Masks tokens. Replaces control characters, line breaks and direction marks with spaces. */
function clean(text: string | null | undefined, longest: number): string {
  const visible = maskTokens((text ?? '').slice(0, longest * 4)).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
  return [...visible.trim()].slice(0, longest).join('')
}

function cleanOrNull(text: string | null | undefined, longest: number): string | null {
  return clean(text, longest) || null
}
