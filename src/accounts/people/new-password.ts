import { passwordProblem } from './passwords.ts'

/** In characters. The production profile has no second factor, so its passwords have to be long. */
export const SHORTEST_PASSWORD = { demo: 8, production: 15 }

/** Why this new password is refused, or `undefined`. Counts characters as people see them. */
export function newPasswordProblem(password: string, shortest: number): string | undefined {
  const length = [...password.normalize('NFC')].length
  if (length < shortest) return `The password has ${length} characters; at least ${shortest} are needed.`
  return passwordProblem(password)
}
