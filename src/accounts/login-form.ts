import { safeNext } from '../web/safe-next.js'

/** Who signs in: by number, or by e-mail address in lower case. */
export type AccountName = { userId: number } | { email: string }

/** What somebody typed into the login form, read with suspicion: anybody can send anything. */
export type LoginForm = { next: string | undefined; typedUserId: string } & (
  | { ok: true; account: AccountName; password: string }
  | { ok: false; status: 400 | 422; field: 'userId' | 'password'; message: string }
)

const LONGEST_FIELD = 1024
const MOST_DIGITS = 9
// The longest e-mail address.
const LONGEST_NAME = 254

/** Reads the fields `userId` (a number, or an e-mail address), `password` and `next`. */
export function readLoginForm(body: unknown): LoginForm {
  const fields = Object(body) as Record<string, unknown>
  const userId = readField(fields, 'userId')
  const password = readField(fields, 'password')
  const form = { next: safeNext(fields.next), typedUserId: userId.text.slice(0, LONGEST_NAME) }
  const refused = (field: 'userId' | 'password', status: 400 | 422, message: string) =>
    ({ ...form, ok: false, field, status, message }) as const

  if (userId.repeated) return refused('userId', 400, 'Send the userId once, as plain text')
  if (password.repeated) return refused('password', 400, 'Send the password once, as plain text')
  if (userId.text.trim() === '') return refused('userId', 422, 'Please enter your userId')
  const account = readAccountName(userId.text)
  if (account === undefined)
    return refused(
      'userId',
      422,
      `A userId is a whole number of at most ${MOST_DIGITS} digits, such as 4, or your e-mail address`,
    )
  if (password.text === '') return refused('password', 422, 'Please enter your password')
  if (password.text.length > LONGEST_FIELD)
    return refused('password', 422, 'This password is longer than any password here')
  return { ...form, ok: true, account, password: password.text }
}

/** Reads what somebody calls himself. "4", "04" and " 4 " are one userId. `undefined` for what is neither a userId nor an e-mail address. */
export function readAccountName(text: string): AccountName | undefined {
  const name = text.trim()
  if (/^\d+$/.test(name)) {
    const digits = name.replace(/^0+(?=\d)/, '')
    return digits.length > MOST_DIGITS ? undefined : { userId: Number(digits) }
  }
  return name.length <= LONGEST_NAME && /^[\x21-\x7e]+@[\x21-\x7e]+$/.test(name)
    ? { email: name.toLowerCase() }
    : undefined
}

function readField(fields: Record<string, unknown>, name: string): { text: string; repeated: boolean } {
  const value = Object.hasOwn(fields, name) ? fields[name] : ''
  return typeof value === 'string' ? { text: value, repeated: false } : { text: '', repeated: true }
}
