import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { Config } from '../config/config.ts'
import { formatExactMoment } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { keptMail } from './mailbox.ts'
import { type QrCode, qrCodeOf } from './qr-code.ts'
import { MAIL_STYLE_SOURCE } from './render-mail.ts'

interface MailboxPage extends PageModel {
  /** False when mail is sent over SMTP. */
  isUsed: boolean
  mails: {
    id: number
    to: string
    subject: string
    sentAt: string
    sent: string
    text: string
    html: string
    link: string | undefined
    /** Undefined for a link that a phone cannot open. */
    qr: QrCode | undefined
    isOneTime: boolean
    isNewest: boolean
  }[]
}

// The number of mails on the HTML page. The JSON response contains all mails.
const SHOWN = 6

/** Returns the path of the mailbox page. Returns '' when mail is sent over SMTP or the profile is not `demo`. */
export function mailboxPath({ profile, smtpUrl }: Pick<Config, 'profile' | 'smtpUrl'>): string {
  return profile === 'demo' && smtpUrl === undefined ? '/dev/mailbox' : ''
}

/** The page at `/dev/mailbox` shows the mail that the demo stored instead of sending it. It requires no login. */
export function mailboxPage({ database, isUsed }: { database: Kysely<Database>; isUsed: boolean }) {
  return async function mailboxPage(ctx: Context) {
    ctx.set('Vary', `${ctx.response.get('Vary') || 'Cookie'}, Accept`)
    const kept = await keptMail(database)
    if (ctx.accepts('html', 'json') === 'json') {
      ctx.body = kept
      return
    }
    allowStyleOfMails(ctx)
    ctx.show<MailboxPage>('mail/mailbox', {
      title: 'Mailbox',
      isUsed,
      mails: kept.slice(0, SHOWN).map(({ links: [link], ...mail }, index) => ({
        ...mail,
        sent: formatExactMoment(mail.sentAt),
        link,
        qr: link === undefined ? undefined : qrCodeOf(link),
        isOneTime: link?.includes('$4DSID') === true,
        isNewest: index === 0,
      })),
    })
  }
}

/** The frames of the mails have the policy of this page. */
function allowStyleOfMails(ctx: Context): void {
  const policy = ctx.response.get('Content-Security-Policy')
  ctx.set('Content-Security-Policy', policy.replace('style-src', `style-src ${MAIL_STYLE_SOURCE}`))
}
