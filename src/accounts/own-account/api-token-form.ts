import { z } from 'zod'
import type { TokenScope } from '../../session/index.ts'
import { plainLine } from '../../web/plain-text.ts'

export const TOKEN_SCOPES: readonly { value: TokenScope; label: string; hint: string }[] = [
  { value: 'read', label: 'Read', hint: 'Reads what you may see. Changes nothing.' },
  { value: 'read-write', label: 'Read and write', hint: 'Also changes what you may change.' },
]

export const TOKEN_LIFETIMES: readonly { days: number; label: string }[] = [
  { days: 7, label: '7 days' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: '1 year' },
]

/** `once` is a random id of the form. If the user sends the same form twice, only one token is made. */
export interface RequestedToken {
  name: string
  days: number
  scope: TokenScope
  once: string
}

type TokenForm =
  | { ok: true; requested: RequestedToken }
  | { ok: false; message: string; wrongField: 'name' | ''; typed: { name: string; days: string; scope: string } }

const LONGEST_NAME = 60

const fields = z.object({
  name: plainLine(LONGEST_NAME),
  days: z.string().refine((text) => TOKEN_LIFETIMES.some(({ days }) => String(days) === text)),
  scope: z.enum(['read', 'read-write']),
  once: z.uuid(),
})

const MESSAGES: Record<string, string> = {
  name: `A name has 1 to ${LONGEST_NAME} ordinary characters and says what the token is for.`,
  days: 'Choose when the token expires.',
  scope: 'Choose whether the token may write.',
  once: 'This form is not valid, so no token was made. Use the form on this page.',
}

export function readTokenForm(body: unknown): TokenForm {
  const read = fields.safeParse(body)
  if (read.success) return { ok: true, requested: { ...read.data, days: Number(read.data.days) } }
  const [field = ''] = (read.error.issues[0]?.path ?? []).map(String)
  const { name, days, scope } = Object(body) as Record<string, unknown>
  return {
    ok: false,
    message: MESSAGES[field] ?? 'This form could not be used.',
    wrongField: field === 'name' ? 'name' : '',
    typed: {
      name: typeof name === 'string' ? name.slice(0, LONGEST_NAME) : '',
      days: String(days),
      scope: String(scope),
    },
  }
}
