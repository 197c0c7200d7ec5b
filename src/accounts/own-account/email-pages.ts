import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Config } from '../../config/config.ts'
import { currentSession, hideSession, sessionsBehindGuard, signedIn } from '../../crm-session/crm-session.ts'
import { redirectWithFlash, wasFlashed } from '../../crm-session/flash.ts'
import { consumeFormToken, releaseFormToken } from '../../crm-session/form-tokens.ts'
import { confirmAction, type LinkFacts, linkFacts } from '../../crm-session/link-confirmation.ts'
import { mailboxPath } from '../../mail/index.ts'
import type { LinkOffer } from '../../session/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { MAILED_LINK_SECONDS } from '../mail/mailed-link.ts'
import { accounts } from '../people/accounts.ts'
import { readEmailChange } from '../people/email-changes.ts'
import { rollback } from '../people/rollback.ts'
import { checkPassword } from '../sign-in/check-password.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { readSignUpForm } from '../sign-up/sign-up-form.ts'
import type { SignUpLimit } from '../sign-up/sign-up-limit.ts'
import { changeEmail, type EmailChanged, requestEmailChange } from './change-email.ts'
import type { SessionsOfDevices } from './own-devices.ts'

const PAGE = '/account/email'

interface EmailPage extends PageModel {
  current: string
  linkMinutes: number
  typed: string
  /** The id of the form. A form that is sent twice mails one link. */
  once: string
  isSent: boolean
  /** The path of the demo's mailbox page. '' when mail is sent over SMTP. */
  mailbox: string
  message: string
  wrongField: 'email' | 'password' | ''
}

interface ConfirmEmailPage extends PageModel {
  link: LinkFacts
  email: string
  action: string
}

interface EmailParts extends Omit<SignInParts, 'config'> {
  config: Pick<Config, 'profile' | 'smtpUrl'>
  signUpLimit: SignUpLimit
  sessions: SessionsOfDevices | null
}

/** The pages at `/account/email` and the page of the mailed link. Mount `form` and `ask` behind `requireUser`. */
export function emailPages(parts: EmailParts) {
  const { config, database, log, signUpLimit } = parts
  const mailbox = mailboxPath(config)

  return {
    async form(ctx: Context) {
      await showForm(ctx, { isSent: await wasFlashed(ctx, 'email-asked') })
    },

    async ask(ctx: Context) {
      const { session, userId } = signedIn(ctx)
      const form = await readSignUpForm(ctx.request.body)
      if (!form.ok) {
        ctx.status = form.status
        return showForm(ctx, { typed: form.typedEmail, message: form.message, wrongField: 'email' })
      }
      const { email } = form
      const check = await checkPassword(parts, ctx)
      if (check.is === 'refused') return showForm(ctx, { typed: email, message: check.message, wrongField: 'password' })
      if (email === check.account.email) {
        ctx.status = 422
        return showForm(ctx, { typed: email, message: 'This is your address already.', wrongField: 'email' })
      }
      const once = onceOf(ctx, email)
      if (once !== '' && !(await consumeFormToken(session, once))) return redirectWithFlash(ctx, PAGE, 'email-asked')
      const ask = async () => {
        const message = await signUpLimit.refuse(ctx, email)
        if (message !== undefined) return message
        await session.renew({ login: true, proof: 'password' })
        await requestEmailChange(parts, { session, userId }, email)
        return undefined
      }
      const message = await ask().catch((error) => rollback(log, error, () => releaseFormToken(session, once)))
      if (message !== undefined) {
        await releaseFormToken(session, once)
        log.warn({ event: 'email.limited', userId, ip: ctx.ip }, 'change of e-mail address limited')
        return showForm(ctx, { typed: email, message })
      }
      log.info({ event: 'email.asked', userId, session: session.id }, 'change of e-mail address requested')
      await redirectWithFlash(ctx, PAGE, 'email-asked')
    },

    async open(ctx: Context) {
      const { offer } = currentSession(ctx)
      if (offer !== undefined) return showButton(ctx, offer)
      await finish(ctx)
    },

    async confirm(ctx: Context) {
      const { offer } = currentSession(ctx)
      if (offer === undefined) return finish(ctx)
      ctx.status = 409
      await showButton(ctx, offer)
    },

    /** Shows the result once, on the device that requested the change. */
    async changed(ctx: Context) {
      if (await wasFlashed(ctx, 'email-changed')) return showResult(ctx, 'changed')
      ctx.status = 303
      ctx.redirect(PAGE)
    },
  }

  async function finish(ctx: Context): Promise<void> {
    const session = currentSession(ctx)
    const { changesEmail, askedBy } = Object(session.restored === false ? undefined : session.restored.data) as {
      changesEmail?: unknown
      askedBy?: string
    }
    const { userId } = session
    const result: EmailChanged =
      typeof changesEmail !== 'string' || userId === undefined
        ? { is: 'over' }
        : await changeEmail(parts, required(), { session, userId, origin: originOf(ctx) }, { changesEmail, askedBy })
    if (result.is === 'changed' && result.here) return redirectWithFlash(ctx, `${PAGE}/changed`, 'email-changed')
    // The page must not show the user name, because the session has ended or was restored for this request only.
    if (session.deviceHandle === undefined || result.is === 'changed') hideSession(ctx)
    ctx.status = { changed: 200, taken: 409, over: 400 }[result.is]
    showResult(ctx, result.is)
  }

  async function showButton(ctx: Context, offer: LinkOffer): Promise<void> {
    const { changesEmail } = Object(offer.data) as { changesEmail?: unknown }
    const change = typeof changesEmail === 'string' ? await readEmailChange(database, changesEmail) : undefined
    ctx.show<ConfirmEmailPage>('account/email-confirm', {
      title: 'Use this e-mail address?',
      action: confirmAction(ctx, offer.instead),
      link: linkFacts(ctx, offer),
      email: change?.email ?? '',
    })
  }

  async function showForm(ctx: Context, model: Partial<EmailPage>): Promise<void> {
    const account = await accounts.findById(database, signedIn(ctx).userId)
    ctx.show<EmailPage>('account/email', {
      title: 'Change your e-mail address',
      current: account?.email ?? '',
      linkMinutes: MAILED_LINK_SECONDS / 60,
      typed: '',
      once: randomUUID(),
      isSent: false,
      mailbox,
      message: '',
      wrongField: '',
      ...model,
    })
  }

  function required(): SessionsOfDevices {
    return sessionsBehindGuard(parts.sessions, 'emailPages()')
  }
}

/** Returns '' for a form without an id. A form that is sent again with another address is another form. */
function onceOf(ctx: Context, email: string): string {
  const { once } = Object(ctx.request.body) as Record<string, unknown>
  return typeof once === 'string' && once !== '' ? `${once.slice(0, 36)} ${email}` : ''
}

function showResult(ctx: Context, result: EmailChanged['is']): void {
  const title = result === 'changed' ? 'Your e-mail address is changed' : 'Your e-mail address was not changed'
  ctx.show('account/email-changed', { title, result })
}
