import { z } from 'zod'
import { LONGEST_EMAIL } from '../../../db/tables.ts'
import { readField } from '../people/login-form.ts'

/** `password` is undefined when the form has no such field. */
type SignUpForm =
  | { ok: true; email: string; password: string | undefined; token: string | undefined }
  | { ok: false; status: 400 | 422; typedEmail: string; field: 'email' | 'password'; message: string }

/** `passwordProblem` is undefined when the form has no password field. */
export async function readSignUpForm(
  body: unknown,
  passwordProblem?: (password: string, email: string) => Promise<string | undefined>,
): Promise<SignUpForm> {
  const fields = Object(body) as Record<string, unknown>
  const email = readField(fields, 'email')
  const password = readField(fields, 'password')
  const refused = (field: 'email' | 'password', message: string, status: 400 | 422 = 422) =>
    ({ ok: false, status, typedEmail: (email ?? '').slice(0, 320), field, message }) as const

  if (email === undefined) return refused('email', 'Send exactly one e-mail address, as plain text', 400)
  const address = email.trim().toLowerCase()
  const problem = emailProblem(address)
  if (problem !== undefined) return refused('email', problem)
  const token = readFormToken(fields)
  if (passwordProblem === undefined) return { ok: true, email: address, password: undefined, token }
  if (password === undefined) return refused('password', 'Send exactly one password, as plain text', 400)
  const weakness = await passwordProblem(password, address)
  return weakness === undefined ? { ok: true, email: address, password, token } : refused('password', weakness)
}

/** Returns the random token of a form, or `undefined` if a program sent the form without it. */
export function readFormToken(body: unknown): string | undefined {
  const { once } = Object(body) as Record<string, unknown>
  return z.uuid().safeParse(once).data
}

function emailProblem(address: string): string | undefined {
  if (address === '') return 'Please enter your e-mail address'
  if (address.length > LONGEST_EMAIL) return `An e-mail address has at most ${LONGEST_EMAIL} characters`
  if (/[^\x20-\x7e]/.test(address)) return 'Please use an address with only letters from a to z, digits and signs'
  return z.email().safeParse(address).success ? undefined : 'This is not an e-mail address, such as ada@example.com'
}
