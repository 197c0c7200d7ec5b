import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { originOf } from '../../web/request-origin.ts'
import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { LONGEST_TYPED_PASSWORD } from '../people/login-form.ts'
import { rollback } from '../people/rollback.ts'
import { noteDamagedHash } from '../people/stored-passwords.ts'
import { recordFailure, type SignInParts, tooManyAttempts } from './sign-in.ts'

type PasswordCheck = { is: 'right'; account: Account } | { is: 'refused'; message: string }

/**
 * Verifies the form field `password` of a signed-in user. If the password is refused, sets the response status.
 * Failures also count per session, which limits password guessing in an unattended browser.
 */
export async function checkPassword(parts: Omit<SignInParts, 'config'>, ctx: Context): Promise<PasswordCheck> {
  const { database, log, passwords, loginLimit } = parts
  const { session, userId } = signedIn(ctx)
  const { password } = Object(ctx.request.body) as Record<string, unknown>
  const origin = originOf(ctx)
  const refuse = (status: number, message: string) => {
    ctx.status = status
    return { is: 'refused', message } as const
  }
  if (typeof password !== 'string') return refuse(422, 'Send the password once, as plain text.')
  if (password === '') return refuse(422, 'Please enter your password.')
  const account = await accounts.findById(database, userId)
  const name = account?.loginName ?? userId
  const attempt = await loginLimit.take(userId, origin.address, session.id)
  if (!attempt.allowed) {
    recordFailure(parts, name, 'limited', origin)
    ctx.set('Retry-After', String(attempt.retryAfterSeconds))
    return refuse(429, tooManyAttempts(attempt.retryAfterSeconds))
  }
  noteDamagedHash(log, account)
  const fits =
    account !== undefined &&
    password.length <= LONGEST_TYPED_PASSWORD &&
    (await passwords
      .verify(password, account.passwordHash)
      .catch((error) => rollback(log, error, () => attempt.refund())))
  if (!fits) {
    recordFailure(parts, name, 'wrong', origin)
    return refuse(422, 'This is not your password.')
  }
  await attempt.refund()
  return { is: 'right', account }
}
