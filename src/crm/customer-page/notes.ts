import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Viewer } from '../customers/customers-visible-to.ts'
import { auditChange, type Editor } from '../customers/editor.ts'
import { findCustomer } from '../customers/find-customer.ts'

interface Note {
  id: number
  userId: number
  text: string
  at: string
  by: string
}

const NOTES_PER_PAGE = 20

interface NotePage {
  notes: Note[]
  /** The note after which the page with older notes begins. */
  next: number | undefined
}

/** Returns one page of notes, newest first: the newest ones, or those `after` a note. */
export async function notesOf(
  database: Kysely<Database>,
  customerId: number,
  after: number | undefined,
): Promise<NotePage> {
  const rows = await database
    .selectFrom('customer_notes')
    .innerJoin('sales_persons', 'sales_persons.user_id', 'customer_notes.user_id')
    .select(['id', 'customer_notes.user_id', 'text', 'written_at', 'firstname', 'lastname'])
    .where('customer_id', '=', customerId)
    .$if(after !== undefined, (notes) => notes.where('id', '<', Number(after)))
    .orderBy('id', 'desc')
    .limit(NOTES_PER_PAGE + 1)
    .execute()
  const notes = rows.slice(0, NOTES_PER_PAGE).map(({ id, user_id, text, written_at, firstname, lastname }) => ({
    id,
    userId: user_id,
    text,
    at: written_at,
    by: `${firstname} ${lastname}`,
  }))
  return { notes, next: rows.length > NOTES_PER_PAGE ? notes.at(-1)?.id : undefined }
}

/** Returns `false` if the viewer may not see the customer. */
export function addNote(
  database: Kysely<Database>,
  editor: Editor,
  customerId: number,
  text: string,
  now: number,
): Promise<boolean> {
  return inTurn(database, { customer: customerId }, async (transaction) => {
    if ((await findCustomer(transaction, editor, customerId)) === undefined) return false
    await insertNote(transaction, editor, customerId, text, now)
    return true
  })
}

export async function insertNote(
  transaction: Transaction<Database>,
  editor: Editor,
  customerId: number,
  text: string,
  now: number,
): Promise<void> {
  const { id } = await transaction
    .insertInto('customer_notes')
    .values({ customer_id: customerId, user_id: editor.userId, text, written_at: new Date(now).toISOString() })
    .returning('id')
    .executeTakeFirstOrThrow()
  await auditChange(transaction, editor, 'note-added', customerId, now, `note ${id}`)
}

/** Whether the viewer may delete the note: users delete their own notes, and managers every note. */
export function mayDelete({ userId, seesAll }: Viewer, note: Pick<Note, 'userId'>): boolean {
  return seesAll || note.userId === userId
}

/**
 * A note that does not exist any more counts as deleted. The customer must be one that the editor may see. `at`: when
 * the note was written, because the database may reuse the number of a deleted note. '' if the form does not say it.
 */
export function deleteNote(
  database: Kysely<Database>,
  editor: Editor,
  customerId: number,
  { id: noteId, at }: Pick<Note, 'id' | 'at'>,
  now: number,
): Promise<'deleted' | 'unknown customer' | 'not allowed'> {
  return inTurn(database, { customer: customerId }, async (transaction) => {
    if ((await findCustomer(transaction, editor, customerId)) === undefined) return 'unknown customer'
    const note = await transaction
      .selectFrom('customer_notes')
      .select('user_id')
      .where('id', '=', noteId)
      .where('customer_id', '=', customerId)
      .$if(at !== '', (notes) => notes.where('written_at', '=', at))
      .executeTakeFirst()
    if (note === undefined) return 'deleted'
    if (!mayDelete(editor, { userId: note.user_id })) return 'not allowed'
    await transaction.deleteFrom('customer_notes').where('id', '=', noteId).execute()
    await auditChange(transaction, editor, 'note-deleted', customerId, now, `note ${noteId}`)
    return 'deleted'
  })
}
