import type { Context } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../../config/config.ts'
import { mailboxPath } from '../../mail/index.ts'
import { formatLongMoment } from '../../web/format.ts'
import { maskEmail } from '../../web/mask-email.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { newPasswordProblem, SHORTEST_PASSWORD } from '../people/new-password.ts'
import { consumeReset, findReset, type RequestedReset, wasConsumed } from '../people/password-resets.ts'
import { readSignUpForm } from '../sign-up/sign-up-form.ts'
import { type ResetLimit, tooManyResets } from './reset-limit.ts'
import { type ResetParts, requestReset, resetPassword } from './reset-password.ts'

export const RESET_PATH = '/password/reset'

interface AskPage extends PageModel {
  email: string
  isSent: boolean
  /** The path of the demo's mailbox page. '' when mail is sent over SMTP. */
  mailbox: string
  message: string
}

interface NewPasswordPage extends PageModel {
  token: string
  /** The masked e-mail address of the account. */
  owner: string
  askedAt: string
  device: string
  shortestPassword: number
  message: string
}

interface ResultPage extends PageModel {
  result: 'changed' | 'used' | 'invalid' | 'declined'
}

interface Parts extends ResetParts {
  config: Pick<Config, 'profile' | 'smtpUrl' | 'appName'>
  log: Logger
  resetLimit: ResetLimit
}

/** The pages on which users who forgot their password request a link, and the page that the link opens. */
export function resetPages(parts: Parts) {
  const { config, database, clock, log, resetLimit } = parts
  const shortestPassword = SHORTEST_PASSWORD[config.profile]

  return {
    async form(ctx: Context) {
      showAsk(ctx, { isSent: ctx.query.sent === '1' })
    },

    /** The response is the same whether or not an account has the address. */
    async ask(ctx: Context) {
      const form = await readSignUpForm(ctx.request.body)
      if (!form.ok) {
        ctx.status = form.status
        return showAsk(ctx, { email: form.typedEmail, message: form.message })
      }
      const seconds = await resetLimit.takeRequest(form.email, ctx.ip)
      if (seconds !== undefined) return showAsk(ctx, { email: form.email, message: refuse(ctx, seconds) })
      await requestReset(parts, form.email, originOf(ctx))
      ctx.status = 303
      ctx.redirect(`${RESET_PATH}?sent=1`)
    },

    /** Opening the link redeems nothing, because programs that check mail open all links. */
    async open(ctx: Context) {
      protectToken(ctx)
      const found = await findReset(database, ctx.query.token, clock.now())
      if (found === undefined) return showResult(ctx, 'invalid')
      showForm(ctx, found, String(ctx.query.token))
    },

    async change(ctx: Context) {
      protectToken(ctx)
      const { token, newPassword } = Object(ctx.request.body) as Record<string, unknown>
      const seconds = await resetLimit.takeAttempt(ctx.ip)
      const found = await findReset(database, token, clock.now())
      const showOver = async () =>
        showResult(ctx, (await wasConsumed(database, token, 'used', clock.now())) ? 'used' : 'invalid')
      if (found === undefined) return showOver()
      if (seconds !== undefined) return showForm(ctx, found, String(token), refuse(ctx, seconds))
      const problem =
        typeof newPassword === 'string'
          ? await newPasswordProblem(parts, newPassword, [found.account.userName, found.account.email])
          : 'Send the new password once, as plain text.'
      if (problem !== undefined) {
        ctx.status = 422
        return showForm(ctx, found, String(token), problem)
      }
      if (!(await resetPassword(parts, found, String(newPassword), originOf(ctx)))) return showOver()
      log.info({ event: 'password.reset', userId: found.account.userId, ip: ctx.ip }, 'password reset')
      ctx.status = 303
      ctx.redirect(`${RESET_PATH}/done`)
    },

    /** "This was not me": makes the link invalid. */
    async decline(ctx: Context) {
      protectToken(ctx)
      const { token } = Object(ctx.request.body) as Record<string, unknown>
      const found = await findReset(database, token, clock.now())
      if (found === undefined || !(await consumeReset(database, found.reset, 'declined'))) {
        const isRepeated = await wasConsumed(database, token, 'declined', clock.now())
        return showResult(ctx, isRepeated ? 'declined' : 'invalid')
      }
      log.info({ event: 'password.reset-declined', userId: found.account.userId }, 'password reset declined')
      showResult(ctx, 'declined')
    },

    async done(ctx: Context) {
      showResult(ctx, 'changed')
    },
  }

  function refuse(ctx: Context, seconds: number): string {
    log.warn({ event: 'password.reset-limited', ip: ctx.ip }, 'password reset limited')
    ctx.status = 429
    ctx.set('Retry-After', String(seconds))
    return tooManyResets(seconds)
  }

  function showAsk(ctx: Context, model: Partial<AskPage>): void {
    ctx.show<AskPage>('password-reset/ask', {
      title: 'Reset your password',
      email: '',
      isSent: false,
      mailbox: mailboxPath(config),
      message: '',
      ...model,
    })
  }

  function showForm(ctx: Context, { account, reset }: RequestedReset, token: string, message = ''): void {
    ctx.show<NewPasswordPage>('password-reset/form', {
      title: 'Choose a new password',
      token,
      owner: maskEmail(account.email),
      askedAt: formatLongMoment(reset.asked_at),
      device: reset.device,
      shortestPassword,
      message,
    })
  }
}

function showResult(ctx: Context, result: ResultPage['result']): void {
  if (result === 'invalid' || result === 'used') ctx.status = 400
  const title = {
    changed: 'Your password is changed',
    used: 'The password was changed before',
    invalid: 'Invalid token',
    declined: 'The link is invalid now',
  }
  ctx.show<ResultPage>('password-reset/result', { title: title[result], result })
}

/** Keeps the token out of the `Referer` header and out of search engines. */
function protectToken(ctx: Context): void {
  ctx.set('Referrer-Policy', 'strict-origin')
  ctx.set('X-Robots-Tag', 'noindex')
}
