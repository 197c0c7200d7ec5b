import type { Credential, SessionRecord } from '../../record.ts'
import type { SessionRow } from '../shared/embedded-rows.ts'

/** A session in memory. The keys of `credentials` are hashes. */
export interface MemoryRow extends SessionRow {
  record: SessionRecord
  writeId: string | null
  readonly credentials: Map<string, Credential>
}
