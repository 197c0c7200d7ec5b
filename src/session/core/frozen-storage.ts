import type { Hold } from './request-session.ts'
import type { SessionRecord } from '../record.ts'
import { type DeepReadonly, deepFreeze } from './storage.ts'

// A store may answer the same record to many requests; then they share one frozen storage.
const known = new WeakMap<SessionRecord, object>()

/** What a record keeps, as a snapshot that cannot be written to. */
export function frozenStorage<S extends object>({ engine, record }: Hold): DeepReadonly<S> {
  const storage = known.get(record)
  if (storage) return storage as DeepReadonly<S>
  const frozen = deepFreeze(engine.format.decode(record.storage) as S)
  // What a codec makes may not be frozen through and through, so each request gets its own.
  if (engine.policy.codecs.length === 0) known.set(record, frozen as object)
  return frozen
}
