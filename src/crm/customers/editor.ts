import type { Context } from 'koa'
import type { Transaction } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { type AuditEvent, insertEntry } from '../../audit/index.ts'
import { type Actor, actorOf } from '../../crm-session/actor.ts'
import type { Viewer } from './customers-visible-to.ts'
import { viewerOf } from './viewer-of.ts'

/** A viewer who changes customers. */
export interface Editor extends Viewer {
  actor: Actor
}

export function editorOf(ctx: Context): Editor {
  return { ...viewerOf(ctx), actor: actorOf(ctx) }
}

/**
 * Writes a change of a customer to the audit trail. Call it in the transaction of the change. The entry has numbers and
 * names of fields, because administrators read the trail and may not see customers.
 */
export function auditChange(
  transaction: Transaction<Database>,
  { actor }: Editor,
  event: AuditEvent,
  customerId: number,
  now: number,
  detail = '',
): Promise<void> {
  const about = `customer ${customerId}${detail && `: ${detail}`}`
  return insertEntry(transaction, { event, ...actor, detail: about }, now)
}
