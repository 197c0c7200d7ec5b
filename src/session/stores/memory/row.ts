import type { Credential, SessionRecord } from '../../record.ts'
import type { SessionRow } from '../shared/embedded-rows.ts'

/** A session in memory, with its credentials by hash. */
export interface MemoryRow extends SessionRow {
  record: SessionRecord
  writeId: string | null
  readonly credentials: Map<string, Credential>
}
