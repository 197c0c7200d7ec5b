import { passwordProblem } from './passwords.ts'

/**
 * The minimum password length in characters, by profile. Production passwords are long because there is no second
 * factor.
 */
export const SHORTEST_PASSWORD = { demo: 8, production: 15 }

/** Returns why a new password is refused, or `undefined`. The length is the number of code points in NFC. */
export function newPasswordProblem(password: string, shortest: number): string | undefined {
  const length = [...password.normalize('NFC')].length
  if (length < shortest) return `The password has ${length} characters; at least ${shortest} are needed.`
  return passwordProblem(password)
}
