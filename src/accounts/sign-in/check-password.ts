import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { LONGEST_TYPED_PASSWORD } from '../people/login-form.ts'
import { rollback } from '../people/rollback.ts'
import { type Origin, recordFailure, type SignInParts, tooManyAttempts } from './sign-in.ts'

export type PasswordCheck =
  | { is: 'right'; account: Account }
  | { is: 'wrong'; message: string }
  | { is: 'limited'; retryAfterSeconds: number; message: string }

interface Claim extends Origin {
  userId: string
  /** The current session. It has its own limit of failures. */
  sessionId: string
  password: unknown
}

/** Failures also count per session, which stops password guessing in an unattended browser. */
export async function checkPassword(
  parts: Omit<SignInParts, 'config'>,
  { userId, sessionId, password, ...origin }: Claim,
): Promise<PasswordCheck> {
  const { database, log, passwords, loginLimit } = parts
  if (typeof password !== 'string') return { is: 'wrong', message: 'Send the password once, as plain text.' }
  if (password === '') return { is: 'wrong', message: 'Please enter your password.' }
  const account = await accounts.findById(database, userId)
  const name = account?.loginName ?? userId
  const attempt = await loginLimit.take(userId, origin.address, sessionId)
  if (!attempt.allowed) {
    recordFailure(parts, name, 'limited', origin)
    const { retryAfterSeconds } = attempt
    return { is: 'limited', retryAfterSeconds, message: tooManyAttempts(retryAfterSeconds) }
  }
  const fits =
    account !== undefined &&
    password.length <= LONGEST_TYPED_PASSWORD &&
    (await passwords
      .verify(password, account.passwordHash)
      .catch((error) => rollback(log, error, () => attempt.refund())))
  if (!fits) {
    recordFailure(parts, name, 'wrong', origin)
    return { is: 'wrong', message: 'This is not your password.' }
  }
  await attempt.refund()
  return { is: 'right', account }
}
