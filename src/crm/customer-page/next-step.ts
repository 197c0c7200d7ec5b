import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { reachableBy } from '../customers/customers-visible-to.ts'
import { auditChange, type Editor } from '../customers/editor.ts'
import { insertNote } from './notes.ts'

/** `on` is a day, or null. An empty `text` means that nothing is planned. */
export interface NextStep {
  text: string
  on: string | null
}

/**
 * Replaces the next step `shown`, which the user saw, by `wanted`. If `isDone` is true, a note says that it is done.
 * Returns `false` if the customer has another next step meanwhile, or if the viewer may not see the customer.
 */
export function changeNextStep(
  database: Kysely<Database>,
  editor: Editor,
  customerId: number,
  { shown, wanted, isDone }: { shown: NextStep; wanted: NextStep; isDone: boolean },
  now: number,
): Promise<boolean> {
  return inTurn(database, { customer: customerId }, async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('customers')
      .set({ next_step: wanted.text, next_step_on: wanted.on })
      .where('id', '=', customerId)
      .where(reachableBy(editor))
      .where('next_step', '=', shown.text)
      .where('next_step_on', shown.on === null ? 'is' : '=', shown.on)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) return false
    await auditChange(transaction, editor, 'next-step-changed', customerId, now, isDone ? 'done' : '')
    if (isDone) await insertNote(transaction, editor, customerId, `Done: ${shown.text}`, now)
    return true
  })
}
