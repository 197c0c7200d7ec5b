import { LARGEST_USER_ID, LONGEST_EMAIL } from '../../../db/tables.ts'
import { safeNext } from '../../session/http/index.ts'

/** The userId or the e-mail address that a user entered. The e-mail address is in lower case. */
export type AccountName = { userId: number } | { email: string }

type LoginForm = { next: string | undefined; typedUserId: string; remember: boolean } & (
  | { ok: true; account: AccountName; password: string }
  | { ok: false; status: 400 | 422; field: 'userId' | 'password'; message: string }
)

export const LONGEST_ACCOUNT_NAME = LONGEST_EMAIL
/** The limit counts UTF-16 code units. A longer password is refused without being verified. */
export const LONGEST_TYPED_PASSWORD = 1024
const MOST_DIGITS = String(LARGEST_USER_ID).length

export function readLoginForm(body: unknown): LoginForm {
  const fields = Object(body) as Record<string, unknown>
  const userId = readField(fields, 'userId')
  const password = readField(fields, 'password')
  const form = {
    next: safeNext(fields.next),
    typedUserId: (userId ?? '').slice(0, LONGEST_ACCOUNT_NAME),
    remember: readField(fields, 'remember') === '1',
  }
  const refused = (field: 'userId' | 'password', status: 400 | 422, message: string) =>
    ({ ...form, ok: false, field, status, message }) as const

  if (userId === undefined) return refused('userId', 400, 'Send the userId once, as plain text')
  if (password === undefined) return refused('password', 400, 'Send the password once, as plain text')
  if (userId.trim() === '') return refused('userId', 422, 'Please enter your userId')
  const account = readAccountName(userId)
  if (account === undefined)
    return refused(
      'userId',
      422,
      `A userId is a whole number of at most ${MOST_DIGITS} digits, such as 4, or your e-mail address`,
    )
  if (password === '') return refused('password', 422, 'Please enter your password')
  if (password.length > LONGEST_TYPED_PASSWORD)
    return refused('password', 422, 'This password is longer than any password here')
  return { ...form, ok: true, account, password }
}

/** Returns `undefined` for text that is neither a userId nor an e-mail address. */
export function readAccountName(text: string): AccountName | undefined {
  const name = text.trim()
  if (/^\d+$/.test(name)) {
    const digits = name.replace(/^0+(?=\d)/, '')
    return digits.length > MOST_DIGITS ? undefined : { userId: Number(digits) }
  }
  return name.length <= LONGEST_ACCOUNT_NAME && /^[\x21-\x3f\x41-\x7e]+@[\x21-\x7e]+$/.test(name)
    ? { email: name.toLowerCase() }
    : undefined
}

/** Returns '' for a missing field, and `undefined` for a repeated field. */
export function readField(fields: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : ''
  return typeof value === 'string' ? value : undefined
}
