import { AccountError, newPasswordProblem, SHORTEST_PASSWORD } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import type { Questions } from './questions.ts'

/** Asks for a new password twice. Throws an `AccountError` for a password that is refused. */
export async function askForNewPassword(questions: Questions, profile: Config['profile']): Promise<string> {
  const password = await questions.askSecretly('Password (not shown): ')
  const problem = newPasswordProblem(password, SHORTEST_PASSWORD[profile])
  if (problem !== undefined) throw new AccountError(problem)
  if ((await questions.askSecretly('The password again: ')) !== password)
    throw new AccountError('The two passwords differ; nothing was changed.')
  return password
}
