import type { AuditRow } from '../../db/tables.ts'
import type { Demo } from './demo.ts'

/** All rows of the audit trail, oldest first. */
export async function auditRowsOf({ parts }: Pick<Demo, 'parts'>): Promise<AuditRow[]> {
  await parts.audit.written()
  return parts.database.selectFrom('audit_events').selectAll().orderBy('id').execute()
}

/** The rows of one kind of event, oldest first. */
export async function auditOf(demo: Pick<Demo, 'parts'>, event: string): Promise<AuditRow[]> {
  return (await auditRowsOf(demo)).filter((row) => row.event === event)
}
