import { type Account, passwordOf } from '../people/authenticate.ts'
import { findAccount } from '../people/find-account.ts'
import { LONGEST_TYPED_PASSWORD } from '../people/login-form.ts'
import { undoAndThrow } from '../people/rollback.ts'
import { noteFailure, type SignInParts, tooManyAttempts } from './sign-in.ts'

/** How it went. Each message is a text for whoever tried. */
export type Proof =
  | { is: 'proved'; account: Account }
  | { is: 'wrong'; message: string }
  | { is: 'limited'; retryAfterSeconds: number; message: string }

/** Who says that he is whom, and from where. */
export interface Claim {
  userId: string
  /** The session that he is asked in: tries are counted for each. */
  sessionId: string
  password: unknown
  address: string
  requestId?: string
  device?: string | null
}

/**
 * Whether somebody who is signed in knows the password of his own account. Counted like a try at the login, and for each session: whoever
 * found a browser open must not be able to guess there.
 */
export async function provePassword(
  parts: Omit<SignInParts, 'config'>,
  { userId, sessionId, password, ...origin }: Claim,
): Promise<Proof> {
  const { database, passwords, loginLimit } = parts
  const { address } = origin
  if (typeof password !== 'string') return { is: 'wrong', message: 'Send the password once, as plain text.' }
  if (password === '') return { is: 'wrong', message: 'Please enter your password.' }
  const account = await findAccount(database, userId)
  const name = account?.is === 'customer' ? account.user.email : userId
  const attempt = await loginLimit.take(userId, address, sessionId)
  if (!attempt.allowed) {
    noteFailure(parts, name, 'limited', origin)
    const { retryAfterSeconds } = attempt
    return { is: 'limited', retryAfterSeconds, message: tooManyAttempts(retryAfterSeconds) }
  }
  const isPossible = account !== undefined && password.length <= LONGEST_TYPED_PASSWORD
  const fits =
    isPossible &&
    (await passwords
      .verify(password, passwordOf(account))
      .catch((error) => undoAndThrow(parts.log, error, () => attempt.giveBack())))
  if (!fits) {
    noteFailure(parts, name, 'wrong', origin)
    return { is: 'wrong', message: 'This is not your password.' }
  }
  await attempt.giveBack()
  return { is: 'proved', account }
}
