/**
 * The functions, types and constants for writing your own store.
 *
 * If a store reads and writes its rows synchronously, the function `embeddedStore` creates the store from an
 * implementation of `EmbeddedRows`, and applies all rules of `SessionStore`. The function `memoryRows` implements
 * `EmbeddedRows` in memory and reports each change. Any other store implements all methods of `SessionStore` itself.
 */
export {
  type Credential,
  type EndedSession,
  type EndReason,
  endAfter,
  endedSession,
  expiryReason,
  isExpired,
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
export type { EmbeddedRows, Lookups, SessionRow, Tombstone, Writes } from './shared/embedded-rows.ts'
export { evictedBy } from './shared/eviction.ts'
export { foundState } from './shared/found.ts'
export { missingSteps } from './shared/layout.ts'
export { isSelected, listedCount, listPage } from './shared/memory-lists.ts'
export type { MemoryRow } from './shared/memory-row.ts'
export { type MemoryRows, memoryRows, type RowListener } from './shared/memory-rows.ts'
export { type PerApp, perApp } from './shared/per-app.ts'
export { isPresent } from './shared/presence.ts'
