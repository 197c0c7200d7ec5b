import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { originOf } from '../../web/request-origin.ts'
import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { LONGEST_TYPED_PASSWORD } from '../people/login-form.ts'
import { rememberBrowser } from './known-devices.ts'
import { recordFailure, type SignInParts, tooManyAttempts } from './sign-in.ts'
import { verifyPassword } from './verify-password.ts'

type PasswordCheck = { is: 'right'; account: Account } | { is: 'refused'; message: string }

/**
 * Verifies a form field of a signed-in user, by default `password`. If the password is refused, sets the response status.
 * Failures also count per session, which limits password guessing in an unattended browser.
 */
export async function checkPassword(
  parts: Omit<SignInParts, 'config'>,
  ctx: Context,
  field: 'password' | 'newPassword' = 'password',
): Promise<PasswordCheck> {
  const { database, deviceCookie } = parts
  const { session, userId } = signedIn(ctx)
  const { [field]: password } = Object(ctx.request.body) as Record<string, unknown>
  const origin = originOf(ctx)
  const refuse = (status: number, message: string) => {
    ctx.status = status
    return { is: 'refused', message } as const
  }
  if (typeof password !== 'string') return refuse(422, 'Send the password once, as plain text.')
  if (password === '') return refuse(422, 'Please enter your password.')
  const account = await accounts.findById(database, userId)
  const name = account?.loginName ?? userId
  const browser = deviceCookie(ctx)
  const verified = await verifyPassword(parts, {
    name,
    password,
    account,
    passwordHash: password.length <= LONGEST_TYPED_PASSWORD ? account?.passwordHash : undefined,
    origin,
    deviceToken: browser.token,
    session: session.id,
  })
  if (verified.is === 'limited') {
    recordFailure(parts, name, 'limited', origin)
    ctx.set('Retry-After', String(verified.retryAfterSeconds))
    return refuse(429, tooManyAttempts(verified.retryAfterSeconds))
  }
  if (account === undefined || verified.is !== 'right') {
    recordFailure(parts, name, verified.is === 'locked' ? 'locked' : 'wrong', origin)
    return refuse(422, 'This is not your password.')
  }
  await rememberBrowser(parts, account, browser)
  return { is: 'right', account }
}
