import { passwordProblem } from './passwords.ts'

/** The limits count characters. Production requires long passwords, because users have no second factor. */
export const SHORTEST_PASSWORD = { demo: 8, production: 15 }

/** Returns why a new password is refused. The length is counted in code points after NFC normalization. */
export function newPasswordProblem(password: string, shortest: number): string | undefined {
  const length = [...password.normalize('NFC')].length
  if (length < shortest) return `The password has ${length} characters; at least ${shortest} are needed.`
  return passwordProblem(password)
}
