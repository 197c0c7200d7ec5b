import type { AuditRow } from '../../db/tables.ts'
import type { Demo } from './demo.ts'

/** Oldest first. */
export async function auditRowsOf({ parts }: Pick<Demo, 'parts'>): Promise<AuditRow[]> {
  await parts.audit.written()
  return parts.database.selectFrom('audit_events').selectAll().orderBy('id').execute()
}

/** Oldest first. */
export async function auditOf(demo: Pick<Demo, 'parts'>, event: string): Promise<AuditRow[]> {
  return (await auditRowsOf(demo)).filter((row) => row.event === event)
}
