import type { Credential, SessionRecord } from '../../record.ts'
import type { SessionRow } from './embedded-rows.ts'

export interface MemoryRow extends SessionRow {
  record: SessionRecord
  writeId: string | null
  /** The keys are the hashes of the credentials. */
  readonly credentials: Map<string, Credential>
}
