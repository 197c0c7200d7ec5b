import { AccountError, newPasswordProblem } from '../accounts/index.ts'
import type { Parts } from '../parts/parts.ts'
import type { Questions } from './questions.ts'

/** Asks for a new password twice. `user` is the user's names and e-mail address. Throws an `AccountError`. */
export async function askForNewPassword(questions: Questions, parts: Parts, user: readonly string[]): Promise<string> {
  const password = await questions.askSecretly('Password (not shown): ')
  const problem = await newPasswordProblem(parts, password, user)
  if (problem !== undefined) throw new AccountError(problem)
  if ((await questions.askSecretly('The password again: ')) !== password)
    throw new AccountError('The two passwords differ; nothing was changed.')
  return password
}
