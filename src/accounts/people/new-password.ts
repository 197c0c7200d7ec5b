import type { Config } from '../../config/config.ts'
import { APPLICATION_WORDS } from './application-words.ts'
import type { Weakness } from './password-strength.ts'
import { type Passwords, passwordProblem } from './passwords.ts'

/** The limits count characters. Production requires long passwords, because users have no second factor. */
export const SHORTEST_PASSWORD = { demo: 8, production: 15 }

const REASONS: Record<Weakness, string> = {
  common: 'This password is common, or consists of common ones.',
  user: 'This password consists mainly of your name or your e-mail address.',
  application: 'This password consists mainly of words of this application.',
  repeated: 'This password repeats the same characters.',
  sequence: 'This password is a sequence, such as “abcd”, “1234” or neighbouring keys.',
  guessable: 'This password is easy to guess.',
}
const ADVICE = 'Choose several words that have nothing to do with each other.'

/**
 * Returns why a new password is refused, and what to do. Call this function wherever a password is set. `user` is the
 * user's names and e-mail address. The length is counted in code points after NFC normalization.
 * @throws Problem 503 with `Retry-After` when too many passwords wait.
 */
export async function newPasswordProblem(
  { config, passwords }: { config: Pick<Config, 'profile' | 'appName'>; passwords: Pick<Passwords, 'weaknessOf'> },
  password: string,
  user: readonly string[],
): Promise<string | undefined> {
  const length = [...password.normalize('NFC')].length
  const shortest = SHORTEST_PASSWORD[config.profile]
  if (length < shortest) return `The password has ${length} characters; at least ${shortest} are needed.`
  const problem = passwordProblem(password)
  if (problem !== undefined) return problem
  const weakness = await passwords.weaknessOf(password, { application: [...APPLICATION_WORDS, config.appName], user })
  return weakness && `${REASONS[weakness]} ${ADVICE}`
}
