import { z } from 'zod'
import type { TokenScope } from '../../session/index.ts'
import { plainLine } from '../../web/plain-text.ts'

/** What a token may do, as its owner chooses it. */
export const TOKEN_SCOPES: readonly { value: TokenScope; label: string; hint: string }[] = [
  { value: 'read', label: 'Read', hint: 'It looks at what you may see, and changes nothing.' },
  { value: 'read-write', label: 'Read and write', hint: 'It also changes whatever you may change.' },
]

/** For how many days a token may live. */
export const TOKEN_LIFETIMES: readonly { days: number; label: string }[] = [
  { days: 7, label: '7 days' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'a year' },
]

/** A new token as somebody wants it. `once` names the form: what was sent twice is carried out once. */
export interface WantedToken {
  name: string
  days: number
  scope: TokenScope
  once: string
}

export type TokenForm =
  | { ok: true; wanted: WantedToken }
  /** `typed` is what to show again, in the form's own fields. */
  | { ok: false; message: string; wrongField: 'name' | ''; typed: { name: string; days: string; scope: string } }

const LONGEST_NAME = 60

const fields = z.object({
  name: plainLine(LONGEST_NAME),
  days: z.string().refine((text) => TOKEN_LIFETIMES.some(({ days }) => String(days) === text)),
  scope: z.enum(['read', 'read-write']),
  once: z.uuid(),
})

const MESSAGES: Record<string, string> = {
  name: `A name has 1 to ${LONGEST_NAME} ordinary characters. It is for you: say what the token is for.`,
  days: 'Choose for how long the token is to live.',
  scope: 'Choose whether the token may only read, or write too.',
  once: 'This form was not one of ours, so nothing was made. Use the one on this page.',
}

/** Reads the form "Make a token", with suspicion: anybody can send anything. */
export function readTokenForm(body: unknown): TokenForm {
  const read = fields.safeParse(body)
  if (read.success) return { ok: true, wanted: { ...read.data, days: Number(read.data.days) } }
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
