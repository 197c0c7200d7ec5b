import { z } from 'zod'
import { Problem } from '../web/problem.ts'
import { ROW_NUMBER } from '../web/row-number.ts'

const LARGEST_PERCENT = 50

const form = z.object({
  customer: z.string().regex(ROW_NUMBER, 'Ask from the page of a customer.'),
  percent: z
    .string()
    .trim()
    .refine(
      (text) => /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= LARGEST_PERCENT,
      `A discount is a whole number from 1 to ${LARGEST_PERCENT} per cent.`,
    ),
  reason: z.string().trim().max(200, 'The reason is too long: at most 200 characters.').default(''),
  // Scripts may omit the id of the form. A form without an id is processed each time it is sent.
  once: z.uuid('This form is not valid. Use the form on the page of a customer.').optional(),
  scenario: z.enum(['$4DSID', 'state', 'rest'], 'Choose one of the three ways of calling back.').default('$4DSID'),
})

/** Throws `Problem` 422 for invalid input. */
export function readOperationForm(body: unknown) {
  const read = form.safeParse(body)
  if (!read.success) throw new Problem(422, explain(read.error))
  const { customer, percent, reason, scenario, once } = read.data
  return { customerId: Number(customer), percent: Number(percent), reason, scenario, once }
}

function explain({ issues: [issue] }: z.ZodError): string {
  if (issue?.code === 'invalid_type') return 'Something is missing in this form, or given more than once.'
  return issue?.message ?? 'This form could not be used.'
}
