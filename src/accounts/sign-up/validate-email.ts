import type { Context, Next } from 'koa'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { DatabaseUnavailable } from '../../../db/errors.ts'
import type { Database, User } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import { bestEffort, type CrmSession, type CrmSessions, currentSession } from '../../crm-session/crm-session.ts'
import { confirmAction, type LinkFacts, linkFacts } from '../../crm-session/link-confirmation.ts'
import type { Clock, LinkOffer } from '../../session/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { mailedLink } from '../mail/mailed-link.ts'
import { newPasswordProblem, SHORTEST_PASSWORD } from '../people/new-password.ts'
import type { Passwords } from '../people/passwords.ts'
import { findPendingUser, removePendingUser, validateUser } from '../people/users.ts'
import { asksForPassword, endLinks, linkPurpose } from './sign-up.ts'

interface ConfirmValidationPage extends PageModel {
  /** The signed-in user whose session the link would replace. Undefined for a guest. */
  instead: string | undefined
  /** The URL for the POST request. If `instead` is set, the URL includes the consent to replace that user's session. */
  action: string
  /** Undefined when the user has pressed the button before, and has to correct the form. */
  link: LinkFacts | undefined
  shortestPassword: number | undefined
  message: string
}

interface ValidatedPage extends PageModel {
  email: string
  sessionId: string
  userName: string
}

interface Parts {
  config: Config
  log: Logger
  database: Kysely<Database>
  passwords: Passwords
  clock: Pick<Clock, 'now'>
  sessions: Pick<CrmSessions, 'createOTP'> | null
}

/** The pages that the mailed links open. They read the account from the link's data, never from the session. */
export function validateEmailPages(parts: Parts) {
  const { config, log, database, passwords, clock } = parts
  const shortestPassword = asksForPassword(config) ? undefined : SHORTEST_PASSWORD[config.profile]

  const validate = async (ctx: Context, session: CrmSession, userId: string | undefined, password?: string) => {
    const validated = userId === undefined ? undefined : await validateUser(database, userId, clock.now(), password)
    if (validated === undefined) return showInvalid(ctx)
    const { user, removed } = validated
    await bestEffort(endLinks(parts.sessions, removed))
    const stored = session.use((storage) => {
      if (storage.status?.ID === user.id) storage.status.step = 'Email validated'
    })
    await bestEffort(stored)
    log.info({ event: 'signup.validated', session: session.id }, 'e-mail address validated')
    showValidated(ctx, session, user)
  }

  const askAgain = async (ctx: Context, session: CrmSession, userId: string, message: string, status = 422) => {
    // This request has consumed the mailed link, so the page below gets a new link.
    const data = { validates: userId }
    const terms = { ...mailedLink(config, ctx.path), confirm: true }
    const token = await session.createOTP({ ...terms, purpose: linkPurpose(userId), data })
    ctx.status = status
    showConfirm(ctx, { message, action: `${ctx.path}?$4DSID=${token}`, shortestPassword })
  }

  /** The button may replace the session of a signed-in user only if the page names that user. */
  const question = async (ctx: Context, offer: LinkOffer) => {
    const userId = userIdIn(offer.data)
    const user = userId && (await findPendingUser(database, { id: userId }, clock.now()))
    const link = linkFacts(ctx, offer, user ? user.email : '')
    return { instead: offer.instead, action: confirmAction(ctx, offer.instead), link, shortestPassword }
  }

  return {
    async open(ctx: Context) {
      const session = currentSession(ctx)
      if (session.offer === undefined) return validate(ctx, session, userIdOfLink(session))
      showConfirm(ctx, await question(ctx, session.offer))
    },

    /** Middleware around `confirm`. After an invalid form or a temporary error, shows the form with a new link. */
    async keepLink(ctx: Context, next: Next) {
      try {
        await next()
      } catch (error) {
        const session = currentSession(ctx)
        const userId = userIdOfLink(session)
        const isTemporary = error instanceof Problem || error instanceof DatabaseUnavailable
        if (!isTemporary || userId === undefined || session.offer !== undefined) throw error
        ctx.set(error.headers)
        await askAgain(ctx, session, userId, error.message, error.status)
      }
    },

    async confirm(ctx: Context) {
      const session = currentSession(ctx)
      if (session.offer !== undefined) {
        ctx.status = 409
        return showConfirm(ctx, await question(ctx, session.offer))
      }
      const userId = userIdOfLink(session)
      if (shortestPassword === undefined || userId === undefined) return validate(ctx, session, userId)
      const user = await findPendingUser(database, { id: userId }, clock.now())
      if (user === undefined) return showInvalid(ctx)
      const { password } = Object(ctx.request.body) as Record<string, unknown>
      const problem =
        typeof password === 'string'
          ? await newPasswordProblem(parts, password, [user.email])
          : 'Send the password once, as plain text.'
      if (problem !== undefined) return askAgain(ctx, session, userId, problem)
      await validate(ctx, session, userId, await passwords.hash(String(password)))
    },

    /** The page on which a recipient who did not sign up deletes the account. The mail contains a link to this page. */
    async notMe(ctx: Context) {
      const session = currentSession(ctx)
      if (session.offer !== undefined)
        return ctx.show('sign-up/not-me', {
          title: 'Was this not you?',
          action: confirmAction(ctx, session.offer.instead),
          isGone: false,
        })
      const { forgets } = Object(linkData(session)) as { forgets?: unknown }
      const isGone = typeof forgets === 'string' && (await removePendingUser(database, forgets))
      if (!isGone) return showInvalid(ctx)
      log.info({ event: 'signup.disowned' }, 'a sign-up was disowned by the owner of the address')
      ctx.show('sign-up/not-me', { title: 'The account is deleted', action: '', isGone: true })
    },
  }
}

function linkData({ restored }: CrmSession): unknown {
  return restored === false ? undefined : restored.data
}

function userIdOfLink(session: CrmSession): string | undefined {
  return userIdIn(linkData(session))
}

function userIdIn(data: unknown): string | undefined {
  const { validates } = Object(data) as { validates?: unknown }
  return typeof validates === 'string' ? validates : undefined
}

function showValidated(ctx: Context, session: CrmSession, { email }: User): void {
  ctx.show<ValidatedPage>('sign-up/validated', {
    title: 'Congratulations',
    email,
    sessionId: session.id,
    userName: session.userName,
  })
}

function showInvalid(ctx: Context): void {
  ctx.status = 400
  ctx.show('sign-up/invalid', { title: 'Invalid token' })
}

function showConfirm(ctx: Context, model: Partial<ConfirmValidationPage> & { action: string }): void {
  ctx.show<ConfirmValidationPage>('sign-up/confirm', {
    title: 'Validate your e-mail address',
    instead: undefined,
    link: undefined,
    shortestPassword: undefined,
    message: '',
    ...model,
  })
}
