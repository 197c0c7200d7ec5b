import { isTime, NEVER, type SessionId } from '../../record.ts'
import type { Cursor } from '../../store.ts'

/** A damaged sort value cannot be in a cursor. With NEVER in its place, the next page reads the value of the record. */
export function cursorAt(value: unknown, id: SessionId): Cursor {
  return { value: isTime(value) ? (value as number) : NEVER, id }
}
