import { isTime, NEVER, type SessionId } from '../../record.ts'
import type { Cursor } from '../../store.ts'

/**
 * Creates a cursor. If the sort value is damaged, the cursor contains NEVER. The next page then reads the sort value
 * from the stored record.
 */
export function cursorAt(value: unknown, id: SessionId): Cursor {
  return { value: isTime(value) ? (value as number) : NEVER, id }
}
