import type { Transaction } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { AuditEntry } from './audit-entry.ts'
import { auditRowOf } from './audit-row.ts'

/**
 * Writes an entry in the transaction of the change that it describes, so neither exists without the other. `AuditTrail`
 * writes the entries of events that have no transaction.
 */
export async function insertEntry(transaction: Transaction<Database>, entry: AuditEntry, now: number): Promise<void> {
  await transaction.insertInto('audit_events').values(auditRowOf(entry, now)).execute()
}
