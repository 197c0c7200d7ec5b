import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import { DEMO_PASSWORD } from '../../../db/demo/demo-accounts.ts'
import type { Config } from '../../config/config.ts'
import { keepTop3, portfolioOf } from '../../crm/index.ts'
import { bestEffort, type CrmSessions, currentSession } from '../../crm-session/crm-session.ts'
import { privilegesOf } from '../../crm-session/privileges.ts'
import { ENDED_PARAMETER, WITHOUT_KEY } from '../../crm-session/session-ended.ts'
import { keptTheme, restoreTheme, themeOf } from '../../crm-session/theme.ts'
import { keepUnsentForm, readUnsentForm, UNSENT_FORM_PAGE } from '../../crm-session/unsent-form.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { safeNext } from '../../session/http/index.ts'
import type { Tour } from '../../tour/index.ts'
import { formatCount } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { type Account, identityOf } from '../people/account.ts'
import { readLoginForm } from '../people/login-form.ts'
import { stampsOf } from '../people/security-stamp.ts'
import { COOKIES_BLOCKED, cookieCheckAddress, endUnusedSession, mayBlockCookies } from './cookie-check.ts'
import { type DemoLogins, demoLogins } from './demo-logins.ts'
import { type SignInParts, signIn } from './sign-in.ts'
import { startPageOf } from './start-pages.ts'

/** How long the session lives if the user checks "Stay logged in". */
export const REMEMBER_DAYS = 30

interface LoginPage extends PageModel {
  userId: string
  /** The password that the form already contains for a demo account. '' for other accounts. */
  password: string
  next: string
  /** The form that the user filled in before the login, as JSON. '' if there is none. */
  unsentForm: string
  message: string
  wrongField: 'userId' | 'password' | ''
  /** Whether the box "Stay logged in" is checked. */
  remember: boolean
  /** True if the e-mail address is not validated yet. The page then offers to send the mail again. */
  isPending: boolean
  /** Why this browser is signed out. `undefined` when it had no session. */
  ended: { title: string; text: string } | undefined
  demo: DemoLogins | undefined
  /** The random token of the form that sends the mail again. */
  once: string
  /** The name of the user who is already signed in. '' for a guest. */
  userName: string
}

interface LoginParts extends SignInParts {
  config: Config
  sessions: Pick<CrmSessions, 'get' | 'end'> | null
  tour: Pick<Tour, 'afterLogin'> | undefined
}

/** The login and logout pages that 4D documents. */
export function loginPages(parts: LoginParts) {
  const { config, log, database, sessions, clock } = parts

  return {
    async form(ctx: Context) {
      const { userId, next, began } = ctx.query
      if (typeof began === 'string') return afterLogin(ctx, began)
      const filledIn = config.profile === 'demo' && typeof userId === 'string' && /^[1-6]$/.test(userId)
      await showForm(ctx, {
        userId: filledIn ? userId : '',
        password: filledIn ? DEMO_PASSWORD : '',
        next: safeNext(next) ?? '',
        ended: whySignedOut(ctx.query[ENDED_PARAMETER], config),
      })
    },

    async logIn(ctx: Context) {
      const session = currentSession(ctx)
      const form = readLoginForm(ctx.request.body)
      const unsentForm = readUnsentForm(ctx.request.body)
      const again = {
        userId: form.typedUserId,
        next: form.next ?? '',
        remember: form.remember,
        unsentForm: unsentForm === undefined ? '' : JSON.stringify(unsentForm),
      }
      if (!form.ok) {
        ctx.status = form.status
        return showForm(ctx, { ...again, message: form.message, wrongField: form.field })
      }

      const { account: name, password } = form
      const origin = originOf(ctx)
      let remembers = false
      const result = await signIn(
        parts,
        { ...origin, account: name, password, browser: parts.deviceCookie(ctx) },
        async (account) => {
          remembers = form.remember && mayStayLoggedIn(account)
          await session.setPrivileges(identityOf(account), {
            login: true,
            proof: 'password',
            storage: { ...stampsOf(account), ...keptTheme(session), ...parts.tour?.afterLogin(ctx.request.body) },
            ...(remembers && { remember: { days: REMEMBER_DAYS } }),
          })
          return session
        },
      )
      if (result.is === 'limited') {
        ctx.status = 429
        ctx.set('Retry-After', String(result.retryAfterSeconds))
        return showForm(ctx, { ...again, message: result.message })
      }
      if (result.is === 'refused') {
        ctx.status = 422
        const wrongField = config.loginText === 'documented' && result.reason === 'wrong' ? 'password' : 'userId'
        return showForm(ctx, { ...again, message: result.message, wrongField })
      }
      if (result.is === 'pending') {
        const { email, userId: ID } = result.account
        await session.begin()
        await session.use((storage) => {
          storage.status = { step: 'Waiting for validation email', email, ID }
        })
        ctx.status = 422
        return showForm(ctx, { ...again, message: result.message, wrongField: 'userId', isPending: true })
      }

      const { userId, userName } = result.account
      const detail = remembers ? `stays logged in for ${REMEMBER_DAYS} days` : undefined
      parts.audit.note({ event: 'sign-in', ...origin, userId, userName, sessionId: session.id, detail })
      if (session.hasPrivilege('viewPortfolio'))
        await bestEffort(keepTop3(session, userId, portfolioOf(database, Number(userId)), clock.now()))
      if (unsentForm !== undefined) await keepUnsentForm(session, unsentForm)
      ctx.status = 302
      const next = unsentForm === undefined ? (form.next ?? startPageOf(session)) : UNSENT_FORM_PAGE
      ctx.redirect(mayBlockCookies(ctx) ? cookieCheckAddress(session.id, next) : next)
    },

    async logOut(ctx: Context) {
      const session = currentSession(ctx)
      const { id, userId } = session
      const theme = themeOf(session)
      await session.close()
      if (userId !== undefined) log.info({ event: 'logout', userId, session: id }, 'logged out')
      // The value "cookies" is omitted, because the browser would also remove the cookie of the next session.
      ctx.set('Clear-Site-Data', '"cache", "storage"')
      await restoreTheme(currentSession(ctx), theme)
      ctx.status = 303
      ctx.redirect('/')
    },
  }

  /** The page after a login that came without any cookie. Checks whether the browser sends the new cookie. */
  async function afterLogin(ctx: Context, sessionId: string): Promise<void> {
    const session = currentSession(ctx)
    const next = safeNext(ctx.query.next)
    if (session.id === sessionId) {
      ctx.status = 303
      return ctx.redirect(next ?? startPageOf(session))
    }
    // On a public demo, the console shows the public handles of the sessions of other visitors.
    const mayEnd = sessions !== null && ctx.method === 'GET' && currentVisit() === undefined
    if (mayEnd) await endUnusedSession(sessions, sessionId, clock.now())
    await showForm(ctx, { next: next ?? '', message: COOKIES_BLOCKED })
  }

  async function showForm(ctx: Context, model: Partial<LoginPage>): Promise<void> {
    // With the usual headers, Back would show an error page of the browser. The browser may keep this page if the page
    // shows no data of a session. The next login changes the cookie, so the page must not depend on the cookie.
    const isKept = ctx.session?.isGuest() && !model.unsentForm && ctx.res.getHeader('Set-Cookie') === undefined
    if (ctx.method === 'POST' && isKept) {
      ctx.set('Cache-Control', 'private, no-cache')
      ctx.remove('Vary')
    }
    ctx.show<LoginPage>('login', {
      title: 'Log In',
      userId: '',
      password: '',
      next: '',
      unsentForm: '',
      message: '',
      wrongField: '',
      remember: false,
      isPending: false,
      once: randomUUID(),
      ended: undefined,
      demo: await demoLogins(parts, model.next),
      userName: ctx.session?.userName ?? '',
      ...model,
    })
  }
}

/** A forgotten device must not open the administration for a month. */
function mayStayLoggedIn({ role }: Account): boolean {
  return !privilegesOf(role).has('WebAdmin')
}

function whySignedOut(reason: unknown, { sessionIdleMinutes, sessionTimeoutMinutes }: Config): LoginPage['ended'] {
  if (reason === undefined) return undefined
  if (reason === WITHOUT_KEY)
    return {
      title: 'This browser did not prove its key.',
      text: 'Your session is bound to a key, so that a copied cookie does not open it. Please log in again.',
    }
  const minutes = sessionTimeoutMinutes ?? sessionIdleMinutes
  const idle = minutes === 0 ? '' : ` after ${formatCount(minutes, 'minute', 'minutes')} without use,`
  const text = `It ends${idle} when you log out, and when your password is changed. Please log in again.`
  return { title: 'Your session has ended.', text }
}
