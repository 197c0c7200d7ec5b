import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import type { Mail, MailTransport } from './mail.ts'

const MOST_KEPT = 200

interface KeptMail extends Mail {
  id: number
  sentAt: string
}

/** Stores mails in the database instead of sending them. Keeps the newest 200 mails. */
export function mailboxTransport(database: Kysely<Database>, now: () => number): MailTransport {
  return {
    async send({ to, subject, text, html, links }) {
      const sent_at = new Date(now()).toISOString()
      await inTurn(database, { only: 'the mailbox' }, async (transaction) => {
        await transaction
          .insertInto('mailbox')
          .values({ recipient: to, subject, text, html, links: JSON.stringify(links), sent_at })
          .execute()
        const oldest = await newestFirst(transaction).select('id').offset(MOST_KEPT).limit(MOST_KEPT).execute()
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

export async function keptMail(database: Kysely<Database>): Promise<KeptMail[]> {
  const rows = await newestFirst(database).selectAll().execute()
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
