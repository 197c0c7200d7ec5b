import { isTime, NEVER, type SessionId } from '../../record.ts'
import type { Cursor } from '../../store.ts'

/** Creates a cursor. NEVER stands for a damaged sort value, which the next page reads from the stored record. */
export function cursorAt(value: unknown, id: SessionId): Cursor {
  return { value: isTime(value) ? (value as number) : NEVER, id }
}
