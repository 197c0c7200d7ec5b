import { z } from 'zod'
import { dayOf } from '../../web/day.ts'
import { describeIssue } from '../../web/describe-issue.ts'
import { formatDay } from '../../web/format.ts'
import { plainLine, plainText } from '../../web/plain-text.ts'
import { readRowNumber } from '../../web/row-number.ts'
import { problemsOf, textIn } from '../customers/customer-form.ts'
import type { NextStep } from './next-step.ts'
import type { NewPurchase } from './record-purchase.ts'

export const LONGEST_NOTE = 2000
export const LONGEST_LINE = 200
// Ten million euros.
const LARGEST_CENTS = 1_000_000_000
// At the same moment, the calendar shows the next day in some time zones.
const AHEAD_MILLISECONDS = 14 * 60 * 60_000

/** The fields as the user typed them, and a sentence for each wrong field. */
export interface WrongForm {
  typed: Record<string, string>
  problems: Record<string, string>
}

type Read<T> = ({ ok: true; values: T } & Pick<WrongForm, 'typed'>) | ({ ok: false } & WrongForm)

const noteForm = z.object({ note: plainText(LONGEST_NOTE) })
const stepForm = z.object({ nextStep: plainLine(LONGEST_LINE), nextStepOn: z.iso.date() })
const purchaseForm = z.object({ day: z.iso.date(), description: plainLine(LONGEST_LINE), amount: z.string() })

export function readNote(body: unknown): Read<string> {
  const typed = { note: textIn(body, 'note') }
  const read = noteForm.safeParse(typed, { error: describeIssue })
  return read.success
    ? { ok: true, typed, values: read.data.note }
    : { ok: false, typed, problems: problemsOf(read.error) }
}

/** Reads the form of the next step. Without a text and a day, nothing is planned. */
export function readNextStep(body: unknown): Read<{ shown: NextStep; wanted: NextStep; isDone: boolean }> {
  const shown = { text: textIn(body, 'shown-nextStep'), on: textIn(body, 'shown-nextStepOn') || null }
  const typed = { nextStep: textIn(body, 'nextStep'), nextStepOn: textIn(body, 'nextStepOn') }
  const isDone = textIn(body, 'done') !== '' && shown.text !== ''
  const isEmpty = typed.nextStep === '' && typed.nextStepOn === ''
  if (isDone || isEmpty) return { ok: true, typed, values: { shown, wanted: { text: '', on: null }, isDone } }
  const read = stepForm.safeParse(typed, { error: describeIssue })
  if (!read.success) return { ok: false, typed, problems: problemsOf(read.error) }
  return { ok: true, typed, values: { shown, wanted: { text: read.data.nextStep, on: read.data.nextStepOn }, isDone } }
}

/** Reads the form of a purchase. The day is neither in the future nor before `since`, a day. */
export function readPurchase(body: unknown, { since, now }: { since: string; now: number }): Read<NewPurchase> {
  const typed = Object.fromEntries(
    ['day', 'description', 'amount', 'discount'].map((name) => [name, textIn(body, name)]),
  ) as Record<'day' | 'description' | 'amount' | 'discount', string>
  const read = purchaseForm.safeParse(typed, { error: describeIssue })
  const problems = read.success ? {} : problemsOf(read.error)
  const amount = centsIn(typed.amount)
  if (amount === undefined) problems.amount = 'Must be an amount such as 1234.50.'
  else if (amount < 1) problems.amount = 'Must be at least 0.01.'
  else if (amount > LARGEST_CENTS) problems.amount = 'Must be at most 10,000,000.'
  if (problems.day === undefined && typed.day > dayOf(now + AHEAD_MILLISECONDS))
    problems.day = 'Must not be in the future.'
  else if (problems.day === undefined && typed.day < since)
    problems.day = `Must not be before the day on which the customer began, ${formatDay(since)}.`
  if (!read.success || amount === undefined || Object.keys(problems).length > 0) return { ok: false, typed, problems }
  const { day, description } = read.data
  return { ok: true, typed, values: { day, description, amount, discount: readRowNumber(typed.discount) } }
}

/** "1234.5", "1234,50", "1,234.50" and "€1,234.50" → cents. Refuses "1.234", which has two meanings. */
function centsIn(text: string): number | undefined {
  const plain = text.replace(/^€ ?/, '')
  const grouped = /^\d{1,3}(,\d{3}){1,3}(\.\d{2})?$/.test(plain) ? plain.replaceAll(',', '') : plain.replace(',', '.')
  if (!/^\d{1,9}(\.\d{1,2})?$/.test(grouped)) return undefined
  const [euros = '', cents = ''] = grouped.split('.')
  return Number(euros) * 100 + Number(cents.padEnd(2, '0'))
}
