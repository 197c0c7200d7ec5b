import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import { keepTop3, topCustomersOf } from '../crm/index.js'
import { currentSession } from '../crm-session.js'
import type { Database } from '../database.js'
import type { PageModel } from '../web/pages.js'
import { safeNext } from '../web/safe-next.js'
import { type Account, authenticate, isUnchanged } from './authenticate.js'
import { DEMO_PASSWORD } from './demo-accounts.js'
import { readLoginForm } from './login-form.js'
import type { LoginLimit } from './login-limit.js'
import type { Passwords } from './passwords.js'

const WELCOME_PAGE = '/authenticationOK.shtml'
const CUSTOMERS_PAGE = '/account'

export interface LoginPage extends PageModel {
  userId: string
  /** Only ever the demo's public one. */
  password: string
  next: string
  /** What was wrong with the last try, and with which field; '' when there was none. */
  message: string
  wrongField: 'userId' | 'password' | ''
  /** The password fits, but the address was not validated: the page offers to send the mail again. */
  isPending: boolean
  /** Who is signed in already; '' for nobody. */
  userName: string
}

interface LoginParts {
  config: Config
  log: Logger
  database: Kysely<Database>
  passwords: Passwords
  loginLimit: LoginLimit
  clock: { now(): number }
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

      const name = 'userId' in form.account ? form.account.userId : form.account.email
      const attempt = await loginLimit.take(name, ctx.ip)
      if (!attempt.allowed) {
        log.warn({ event: 'login.limited', userId: name, ip: ctx.ip }, 'login limited')
        ctx.status = 429
        ctx.set('Retry-After', String(attempt.retryAfterSeconds))
        return showForm(ctx, { ...again, message: tooManyAttempts(attempt.retryAfterSeconds) })
      }

      const result = await authenticate(parts, form.account, form.password).catch(async (error) => {
        await attempt.giveBack()
        throw error
      })
      const refuse = (reason: 'unknown' | 'wrong') => {
        log.info({ event: 'login.failed', userId: name, ip: ctx.ip, reason }, 'login failed')
        ctx.status = 422
        const wrongField = config.loginText === 'documented' && reason === 'wrong' ? 'password' : 'userId'
        showForm(ctx, { ...again, message: texts[reason], wrongField })
      }
      if (!result.ok && result.reason === 'pending') {
        await attempt.giveBack()
        const { email, id } = result.user
        await session.use((storage) => {
          storage.status = { step: 'Waiting for validation email', email, ID: id }
        })
        ctx.status = 422
        const message = 'This address was not validated yet: open the link in the mail that we sent'
        return showForm(ctx, { ...again, message, wrongField: 'userId', isPending: true })
      }
      if (!result.ok) return refuse(result.reason)
      await attempt.giveBack()

      const { account } = result
      const { userId, ...person } = describe(account)
      await session.setPrivileges({ ...person, userId }, { login: true })
      // Whoever was switched off while his password was being verified: nothing of his stays.
      const unchanged = await isUnchanged(database, account).catch(async (error) => {
        await session.close()
        throw error
      })
      if (!unchanged) {
        await session.close()
        return refuse('unknown')
      }
      log.info({ event: 'login.succeeded', userId, ip: ctx.ip, session: session.id }, 'login succeeded')
      if (account.is === 'staff') await keepTop3(session, userId, (owner) => topCustomersOf(database, owner))
      ctx.status = 302
      ctx.redirect(form.next ?? (account.is === 'staff' ? WELCOME_PAGE : CUSTOMERS_PAGE))
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
    isPending: false,
    userName: ctx.session?.userName ?? '',
    ...model,
  })
}

function describe(account: Account) {
  if (account.is === 'customer')
    return { userId: account.user.id, userName: account.user.email, roles: ['customer' as const] }
  const { user_id, firstname, lastname, role } = account.person
  return { userId: String(user_id), userName: `${firstname} ${lastname}`, roles: [role] }
}

function tooManyAttempts(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return `Too many failed attempts. Please try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
}
