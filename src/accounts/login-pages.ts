import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import { keepTop3, topCustomersOf } from '../crm/index.js'
import { currentSession } from '../crm-session.js'
import type { Database } from '../database.js'
import type { PageModel } from '../web/pages.js'
import { safeNext } from '../web/safe-next.js'
import { authenticate, isUnchanged } from './authenticate.js'
import { DEMO_PASSWORD } from './demo-accounts.js'
import { readLoginForm } from './login-form.js'
import type { LoginLimit } from './login-limit.js'
import type { Passwords } from './passwords.js'

const WELCOME_PAGE = '/authenticationOK.shtml'

export interface LoginPage extends PageModel {
  userId: string
  /** Only ever the demo's public one. */
  password: string
  next: string
  /** What was wrong with the last try, and with which field; '' when there was none. */
  message: string
  wrongField: 'userId' | 'password' | ''
  /** Who is signed in already; '' for nobody. */
  userName: string
}

interface LoginParts {
  config: Config
  log: Logger
  database: Kysely<Database>
  passwords: Passwords
  loginLimit: LoginLimit
}

/** The login as documented: `/authenticate.shtml` posts to `/4DACTION/authenticate`. */
export function loginPages(parts: LoginParts) {
  const { config, log, database, loginLimit } = parts
  const texts =
    config.loginText === 'documented'
      ? { unknown: 'This userId is unknown', wrong: 'This password is wrong' }
      : { unknown: 'This userId or this password is wrong', wrong: 'This userId or this password is wrong' }

  return {
    async form(ctx: Context) {
      const { userId, next } = ctx.query
      const filledIn = config.profile === 'demo' && typeof userId === 'string' && /^[1-6]$/.test(userId)
      showForm(ctx, {
        userId: filledIn ? userId : '',
        password: filledIn ? DEMO_PASSWORD : '',
        next: safeNext(next) ?? '',
      })
    },

    async logIn(ctx: Context) {
      const session = currentSession(ctx)
      const form = readLoginForm(ctx.request.body)
      const again = { userId: form.typedUserId, next: form.next ?? '' }
      if (!form.ok) {
        ctx.status = form.status
        return showForm(ctx, { ...again, message: form.message, wrongField: form.field })
      }

      const attempt = await loginLimit.take(form.userId, ctx.ip)
      if (!attempt.allowed) {
        log.warn({ event: 'login.limited', userId: form.userId, ip: ctx.ip }, 'login limited')
        ctx.status = 429
        ctx.set('Retry-After', String(attempt.retryAfterSeconds))
        return showForm(ctx, { ...again, message: tooManyAttempts(attempt.retryAfterSeconds) })
      }

      const result = await authenticate(parts, form.userId, form.password).catch(async (error) => {
        await attempt.giveBack()
        throw error
      })
      const refuse = (reason: 'unknown' | 'wrong') => {
        log.info({ event: 'login.failed', userId: form.userId, ip: ctx.ip, reason }, 'login failed')
        ctx.status = 422
        const wrongField = config.loginText === 'documented' && reason === 'wrong' ? 'password' : 'userId'
        showForm(ctx, { ...again, message: texts[reason], wrongField })
      }
      if (!result.ok) return refuse(result.reason)
      await attempt.giveBack()

      const { person } = result
      const userId = String(person.user_id)
      await session.setPrivileges(
        { roles: [person.role], userName: `${person.firstname} ${person.lastname}`, userId },
        { login: true },
      )
      // Whoever was switched off while his password was being verified: nothing of his stays.
      const unchanged = await isUnchanged(database, person).catch(async (error) => {
        await session.close()
        throw error
      })
      if (!unchanged) {
        await session.close()
        return refuse('unknown')
      }
      log.info({ event: 'login.succeeded', userId: person.user_id, ip: ctx.ip, session: session.id }, 'login succeeded')
      await keepTop3(session, userId, (owner) => topCustomersOf(database, owner))
      ctx.status = 302
      ctx.redirect(form.next ?? WELCOME_PAGE)
    },

    async logOut(ctx: Context) {
      const session = currentSession(ctx)
      const { id, userId } = session
      await session.close()
      if (userId !== undefined) log.info({ event: 'logout', userId, session: id }, 'logged out')
      // An extra for what browsers keep by themselves. Not "cookies": that would take the next one away too.
      ctx.set('Clear-Site-Data', '"cache", "storage"')
      ctx.status = 303
      ctx.redirect('/')
    },
  }
}

function showForm(ctx: Context, model: Partial<LoginPage>): void {
  ctx.show<LoginPage>('login', {
    title: 'Log in',
    userId: '',
    password: '',
    next: '',
    message: '',
    wrongField: '',
    userName: ctx.session?.userName ?? '',
    ...model,
  })
}

function tooManyAttempts(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return `Too many failed attempts. Please try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
}
