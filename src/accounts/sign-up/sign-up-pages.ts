import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../../config/config.ts'
import { type CrmSession, currentSession } from '../../crm-session/crm-session.ts'
import { consumeFormToken, releaseFormToken } from '../../crm-session/form-tokens.ts'
import { mailboxPath } from '../../mail/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { newPasswordProblem, SHORTEST_PASSWORD } from '../people/new-password.ts'
import { rollback } from '../people/rollback.ts'
import { readSignUpProgress, type SignUpProgress } from './pending-sign-up.ts'
import { asksForPassword, type SignUpParts, sendAgain, signUp } from './sign-up.ts'
import { readFormToken, readSignUpForm } from './sign-up-form.ts'
import type { SignUpLimit } from './sign-up-limit.ts'

const WAITING_PAGE = '/signup/waiting'

interface SignUpPage extends PageModel {
  email: string
  message: string
  wrongField: 'email' | 'password' | ''
  /** Undefined when the user chooses the password on the page of the mailed link. */
  shortestPassword: number | undefined
  /** The random token of this form. */
  once: string
}

interface WaitingPage extends PageModel {
  sessionId: string
  progress: SignUpProgress | undefined
  message: string
  /** The random token of the form "Send again". */
  once: string
  /** The path of the demo's mailbox page. '' when mail is sent over SMTP. */
  mailbox: string
  hasCookie: boolean
}

/** The pages at `/signup` and `/signup/waiting`. */
export function signUpPages(parts: SignUpParts & { config: Config; log: Logger; signUpLimit: SignUpLimit }) {
  const { config, log, signUpLimit } = parts
  const shortestPassword = asksForPassword(config) ? SHORTEST_PASSWORD[config.profile] : undefined
  const passwordProblem = asksForPassword(config)
    ? (password: string, email: string) => newPasswordProblem(parts, password, [email])
    : undefined

  const showForm = (ctx: Context, model: Partial<SignUpPage> = {}) =>
    ctx.show<SignUpPage>('sign-up/form', {
      title: 'Sign up',
      email: '',
      message: '',
      wrongField: '',
      shortestPassword,
      once: randomUUID(),
      ...model,
    })

  const showWaiting = async (ctx: Context, session: CrmSession, message = '') => {
    const progress = await readSignUpProgress(parts, session.storage.status)
    ctx.show<WaitingPage>('sign-up/waiting', {
      title: progress?.step ?? 'No sign-up here',
      sessionId: session.id,
      progress,
      message,
      once: randomUUID(),
      mailbox: mailboxPath(config),
      hasCookie: ctx.get('Cookie') !== '',
    })
  }

  const refuse = async (ctx: Context, email: string): Promise<string | undefined> => {
    const message = await signUpLimit.refuse(ctx, email)
    if (message !== undefined) log.warn({ event: 'signup.limited', ip: ctx.ip }, 'sign-up limited')
    return message
  }

  return {
    async form(ctx: Context) {
      if (isSignedIn(currentSession(ctx))) return showSignedIn(ctx)
      showForm(ctx)
    },

    async signUp(ctx: Context) {
      const session = currentSession(ctx)
      if (isSignedIn(session)) return showSignedIn(ctx)
      const form = await readSignUpForm(ctx.request.body, passwordProblem)
      if (!form.ok) {
        ctx.status = form.status
        return showForm(ctx, { email: form.typedEmail, message: form.message, wrongField: form.field })
      }
      const message = await refuse(ctx, form.email)
      if (message !== undefined) return showForm(ctx, { email: form.email, message })
      await signUp(parts, session, form)
      log.info({ event: 'signup', session: session.id, ip: ctx.ip }, 'signed up')
      ctx.status = 303
      ctx.redirect(WAITING_PAGE)
    },

    async waiting(ctx: Context) {
      await showWaiting(ctx, currentSession(ctx))
    },

    async again(ctx: Context) {
      const session = currentSession(ctx)
      if (isSignedIn(session)) return showSignedIn(ctx)
      const { status } = session.storage
      const token = readFormToken(ctx.request.body)
      const isRepeated = token !== undefined && !(await consumeFormToken(session, token))
      if (status?.step === 'Waiting for validation email' && !isRepeated) {
        const message = await refuse(ctx, status.email)
        if (message !== undefined) return showWaiting(ctx, session, message)
        await sendAgain(parts, session, status).catch((error) =>
          rollback(log, error, async () => token !== undefined && releaseFormToken(session, token)),
        )
      }
      ctx.status = 303
      ctx.redirect(WAITING_PAGE)
    },
  }
}

/** Only guests may sign up, because the mailed link opens the session in which it was requested. */
function isSignedIn(session: CrmSession): boolean {
  return session.userId !== undefined || !session.isGuest()
}

function showSignedIn(ctx: Context): void {
  const { userName } = currentSession(ctx)
  const text = `You are logged in as ${userName}. Log out before you sign up another address.`
  const page = { title: 'You are logged in', text, action: { label: 'Go to the start page', href: '/' } }
  ctx.status = 409
  ctx.show('error', { title: page.title, page, status: 409, requestId: '' })
}
