import type { Context, Next } from 'koa'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { DatabaseUnavailable } from '../../../db/errors.ts'
import type { Database, User } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import { bestEffort, type CrmSession, currentSession } from '../../crm-session/crm-session.ts'
import { confirmAction } from '../../crm-session/link-confirmation.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { newPasswordProblem, SHORTEST_PASSWORD } from '../people/new-password.ts'
import type { Passwords } from '../people/passwords.ts'
import { findPendingUser, removePendingUser, validateUser } from '../people/users.ts'
import { linkPurpose } from './sign-up.ts'
import { asksForPassword } from './sign-up-pages.ts'

export interface ConfirmValidationPage extends PageModel {
  /** Who is signed in here and would be left; undefined for nobody. */
  instead: string | undefined
  /** Where the button posts to: this very address, saying that the other session may be left. */
  action: string
  shortestPassword: number | undefined
  message: string
}

export interface ValidatedPage extends PageModel {
  email: string
  sessionId: string
  /** Whose session this browser is in now: '' for a guest's. */
  userName: string
}

interface Parts {
  config: Config
  log: Logger
  database: Kysely<Database>
  passwords: Passwords
  clock: { now(): number }
}

/** `/validateEmail`: where the mailed link leads. What it trusts is the link alone, never what the session says of itself. */
export function validateEmailPages(parts: Parts) {
  const { config, log, database, passwords, clock } = parts
  const shortestPassword = asksForPassword(config) ? undefined : SHORTEST_PASSWORD[config.profile]

  const validate = async (ctx: Context, session: CrmSession, userId: string | undefined, password?: string) => {
    const user = userId === undefined ? undefined : await validateUser(database, userId, clock.now(), password)
    if (user === undefined) return showInvalid(ctx)
    const noted = session.use((storage) => {
      if (storage.status?.ID === user.id) storage.status.step = 'Email validated'
    })
    await bestEffort(noted)
    log.info({ event: 'signup.validated', session: session.id }, 'e-mail address validated')
    showValidated(ctx, session, user)
  }

  const askAgain = async (ctx: Context, session: CrmSession, userId: string, message: string, status = 422) => {
    // The link is spent; this one takes its place and goes to nobody but this page.
    const data = { validates: userId }
    const token = await session.createOTP({ purpose: linkPurpose(userId), confirm: true, data })
    ctx.status = status
    showConfirm(ctx, { message, action: `${ctx.path}?$4DSID=${token}`, shortestPassword })
  }

  return {
    async open(ctx: Context) {
      const session = currentSession(ctx)
      if (session.offer === undefined) return validate(ctx, session, validatedBy(session))
      showConfirm(ctx, { ...question(ctx, session.offer), shortestPassword })
    },

    /** Around the button: a form that cannot be read, or a server or database that is busy, has spent the link; another takes its place. */
    async keepLink(ctx: Context, next: Next) {
      try {
        await next()
      } catch (error) {
        const session = currentSession(ctx)
        const userId = validatedBy(session)
        const isPassing = error instanceof Problem || error instanceof DatabaseUnavailable
        if (!isPassing || userId === undefined || session.offer !== undefined) throw error
        ctx.set(error.headers)
        await askAgain(ctx, session, userId, error.message, error.status)
      }
    },

    /** The button on the page that `open` shows. */
    async confirm(ctx: Context) {
      const session = currentSession(ctx)
      if (session.offer !== undefined) {
        ctx.status = 409
        return showConfirm(ctx, { ...question(ctx, session.offer), shortestPassword })
      }
      const userId = validatedBy(session)
      if (shortestPassword === undefined || userId === undefined) return validate(ctx, session, userId)
      if ((await findPendingUser(database, { id: userId }, clock.now())) === undefined) return showInvalid(ctx)
      const { password } = Object(ctx.request.body) as Record<string, unknown>
      const problem =
        typeof password === 'string'
          ? newPasswordProblem(password, shortestPassword)
          : 'Send the password once, as plain text.'
      if (problem !== undefined) return askAgain(ctx, session, userId, problem)
      await validate(ctx, session, userId, await passwords.hash(String(password)))
    },

    /** Whoever got a mail that he did not ask for: the account goes. */
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
      log.info({ event: 'signup.disowned' }, 'a sign-up was disowned by whoever has the address')
      ctx.show('sign-up/not-me', { title: 'The account is gone', action: '', isGone: true })
    },
  }
}

/** The button leaves another user's session only where the page has named it. */
function question(ctx: Context, { instead }: { instead: string | undefined }) {
  return { instead, action: confirmAction(ctx, instead) }
}

/** What the link that brought this request was made with. */
function linkData({ restored }: CrmSession): unknown {
  return restored === false ? undefined : restored.data
}

/** Whom the link of this request validates; `undefined` when it came without a good one. */
function validatedBy(session: CrmSession): string | undefined {
  const { validates } = Object(linkData(session)) as { validates?: unknown }
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
    shortestPassword: undefined,
    message: '',
    ...model,
  })
}
