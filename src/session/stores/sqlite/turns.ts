import type { Lookups } from '../shared/embedded-rows.ts'
import { lookupBatch, oncePerTurn } from '../shared/lookup-batch.ts'
import { type SqliteDatabase, type WriteBatch, writeBatch } from './batch.ts'
import type { FoundCache } from './found-cache.ts'

/**
 * Runs the lookups of one turn of the event loop together, and then its writes. In between, the requests of these
 * lookups go on, so their writes still belong to the transaction of this turn.
 */
export function turns(db: SqliteDatabase, cache: FoundCache): { lookups: Lookups; writes: WriteBatch } {
  function schedule(): void {
    answer()
    commit()
  }
  const lookups = lookupBatch(schedule, cache.refresh)
  const writes = writeBatch(db, schedule, cache.forgetAll)
  const answer = oncePerTurn(lookups.answer)
  const commit = oncePerTurn(writes.commit)
  return { lookups, writes }
}
