import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { currentVisit } from '../public-demo/visit.ts'
import type { Mail, MailTransport } from './mail.ts'

const MOST_KEPT = 200
/** The mails of one visitor of a public demo, so that no visitor pushes out the mail of others. */
export const MOST_KEPT_OF_VISITOR = 20

interface KeptMail extends Mail {
  id: number
  sentAt: string
}

/** Stores mails in the database instead of sending them. Keeps the newest 200 mails, and 20 of each visitor. */
export function mailboxTransport(database: Kysely<Database>, now: () => number): MailTransport {
  return {
    async send({ to, subject, text, html, links, visitor = '' }) {
      const sent_at = new Date(now()).toISOString()
      const most = visitor === '' ? MOST_KEPT : MOST_KEPT_OF_VISITOR
      await inTurn(database, { only: 'the mailbox' }, async (transaction) => {
        await transaction
          .insertInto('mailbox')
          .values({ recipient: to, subject, text, html, links: JSON.stringify(links), sent_at, visitor })
          .execute()
        const ofVisitor = newestFirst(transaction).where('visitor', '=', visitor)
        const oldest = await ofVisitor.select('id').offset(most).limit(most).execute()
        if (oldest.length === 0) return
        await transaction
          .deleteFrom('mailbox')
          .where(
            'id',
            'in',
            oldest.map(({ id }) => id),
          )
          .execute()
      })
    },
    close() {},
  }
}

/** On a public demo, returns only the mail that the visitor has caused. */
export async function keptMail(database: Kysely<Database>): Promise<KeptMail[]> {
  const visit = currentVisit()
  const rows = await newestFirst(database)
    .selectAll()
    .$if(visit !== undefined, (mails) => mails.where('visitor', '=', String(visit?.visitor)))
    .execute()
  return rows.map(({ id, recipient, subject, text, html, links, sent_at }) => ({
    id,
    to: recipient,
    subject,
    text,
    html,
    links: JSON.parse(links) as string[],
    sentAt: sent_at,
  }))
}

function newestFirst(database: Kysely<Database>) {
  return database.selectFrom('mailbox').orderBy('id', 'desc')
}
