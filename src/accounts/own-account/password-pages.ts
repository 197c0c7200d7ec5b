import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Config } from '../../config/config.ts'
import { bestEffort, sessionsBehindGuard, signedIn } from '../../crm-session/crm-session.ts'
import { redirectWithFlash, wasFlashed } from '../../crm-session/flash.ts'
import { consumeFormToken, isConsumed } from '../../crm-session/form-tokens.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { accounts } from '../people/accounts.ts'
import { newPasswordProblem, SHORTEST_PASSWORD } from '../people/new-password.ts'
import { checkPassword } from '../sign-in/check-password.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { readFormToken } from '../sign-up/sign-up-form.ts'
import { changePassword } from './change-password.ts'
import type { SessionsOfDevices } from './own-devices.ts'

const PAGE = '/account/password'

interface PasswordPage extends PageModel {
  shortestPassword: number
  isChanged: boolean
  /** The random token of this form. */
  once: string
  message: string
  wrongField: 'password' | 'newPassword' | ''
}

interface PasswordParts extends Omit<SignInParts, 'config'> {
  config: Pick<Config, 'profile' | 'appName'>
  sessions: SessionsOfDevices | null
}

/** The pages at `/account/password`. Mount them behind `requireUser`. */
export function passwordPages(parts: PasswordParts) {
  const shortestPassword = SHORTEST_PASSWORD[parts.config.profile]

  return {
    async form(ctx: Context) {
      showForm(ctx, { isChanged: await wasFlashed(ctx, 'password-changed') })
    },

    async change(ctx: Context) {
      const request = { ...signedIn(ctx), origin: originOf(ctx) }
      const once = readFormToken(ctx.request.body)
      if (once !== undefined && isConsumed(request.session, once)) return showRepeated(ctx)
      const { email = '' } = (await accounts.findById(parts.database, request.userId)) ?? {}
      const { password, newPassword } = Object(ctx.request.body) as Record<string, unknown>
      const problem =
        typeof newPassword === 'string'
          ? await newPasswordProblem(parts, newPassword, [request.session.userName, email])
          : 'Send the new password once, as plain text.'
      if (problem !== undefined) return refuse(ctx, 422, { message: problem, wrongField: 'newPassword' })
      const check = await checkPassword(parts, ctx)
      if (check.is === 'refused') return showForm(ctx, { message: check.message, wrongField: 'password' })
      if (isSame(String(password), String(newPassword))) {
        const message = 'This is your current password. Choose another one.'
        return refuse(ctx, 422, { message, wrongField: 'newPassword' })
      }
      const change = { account: check.account, password: String(newPassword), browser: parts.deviceCookie(ctx) }
      if (!(await changePassword(parts, sessionsBehindGuard(parts.sessions, 'passwordPages()'), request, change))) {
        const current = await accounts.findById(parts.database, request.userId)
        // A second click has changed the password to the same new password.
        if (await parts.passwords.verify(change.password, current?.passwordHash))
          return redirectWithFlash(ctx, PAGE, 'password-changed')
        const message =
          'Your password was changed at the same moment, on another device or by a second click. This change was not made.'
        return refuse(ctx, 409, { message, wrongField: '' })
      }
      if (once !== undefined) await bestEffort(consumeFormToken(request.session, once))
      await redirectWithFlash(ctx, PAGE, 'password-changed')
    },
  }

  /** If the user has corrected the new password and sends the form again, the first one is stored, and not this one. */
  async function showRepeated(ctx: Context): Promise<void> {
    const check = await checkPassword(parts, ctx, 'newPassword')
    if (check.is === 'right') return redirectWithFlash(ctx, PAGE, 'password-changed')
    if (ctx.status === 429) return showForm(ctx, { message: check.message, wrongField: '' })
    const message =
      'This form has changed your password before, to another new password. What you entered now was not stored.'
    refuse(ctx, 409, { message, wrongField: '' })
  }

  function refuse(ctx: Context, status: number, model: Pick<PasswordPage, 'message' | 'wrongField'>): void {
    ctx.status = status
    showForm(ctx, model)
  }

  function showForm(ctx: Context, model: Partial<PasswordPage>): void {
    ctx.show<PasswordPage>('account/password', {
      title: 'Change your password',
      shortestPassword,
      isChanged: false,
      once: randomUUID(),
      message: '',
      wrongField: '',
      ...model,
    })
  }
}

function isSame(one: string, other: string): boolean {
  return one.normalize('NFC') === other.normalize('NFC')
}
