import { passwordProblem } from './passwords.ts'

/** The fewest characters of a new password. The production profile has no second factor, so there it has to be long. */
export const SHORTEST_PASSWORD = { demo: 8, production: 15 }

/** Why somebody may not choose this password, or `undefined`. Characters are counted as people see them. */
export function newPasswordProblem(password: string, shortest: number): string | undefined {
  const length = [...password.normalize('NFC')].length
  if (length < shortest) return `The password has ${length} characters; at least ${shortest} are needed.`
  return passwordProblem(password)
}
