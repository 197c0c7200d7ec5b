/**
 * The parts for a store of your own.
 *
 * A store whose rows can be read and written synchronously needs only `embeddedStore`, which contains all rules of
 * `SessionStore`, and an `EmbeddedRows` for its rows. `memoryRows` keeps the rows in memory and reports each change.
 * Any other store implements `SessionStore` and uses the rules and constants below.
 */
export {
  type Credential,
  type EndedSession,
  type EndReason,
  endAfter,
  endedSession,
  expiryReason,
  isGuestRecord,
  isLive,
  isUnusedLogin,
  MESSAGE_MILLISECONDS,
  MOST_UNUSED_LOGINS,
  markNothingWritten,
  NEVER,
  PRESENCE_BEAT_MILLISECONDS,
  PRESENCE_LIFE_MILLISECONDS,
  removedSession,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  sweptSession,
  TOMBSTONE_MILLISECONDS,
  TOUCH_GRACE_MILLISECONDS,
  UNUSED_APP_MILLISECONDS,
  wasSeen,
} from '../record.ts'
export type * from '../store.ts'
export { CALL_MILLISECONDS, withinDeadline } from './shared/deadline.ts'
export { embeddedStore } from './shared/embedded.ts'
export type { EmbeddedRows, SessionRow, Tombstone, Writes } from './shared/embedded-rows.ts'
export { evictedBy } from './shared/eviction.ts'
export { missingSteps } from './shared/layout.ts'
export { isSelected, listedCount, listPage } from './shared/memory-lists.ts'
export type { MemoryRow } from './shared/memory-row.ts'
export { type MemoryRows, memoryRows, type RowListener } from './shared/memory-rows.ts'
export { type PerApp, perApp } from './shared/per-app.ts'
export { isPresent } from './shared/presence.ts'
