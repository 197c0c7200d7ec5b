import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { Flash } from '../../crm-session/flash.ts'
import { Problem } from '../../web/problem.ts'
import { readRowNumber } from '../../web/row-number.ts'
import { listBehind } from './list-query.ts'

/** What a customer's page says after an action. */
const NOTICES = {
  'customer-added': 'The customer is added.',
  'customer-changed': 'Your changes are saved.',
  'customer-merged': 'Your choices are saved.',
  'customer-assigned': 'The customer is assigned.',
  'customer-restored': 'The customer is back, with all purchases, notes and approvals.',
  'note-added': 'The note is added.',
  'note-deleted': 'The note is deleted.',
  'next-step-saved': 'The next step is saved.',
  'next-step-done': 'The next step is done. A note says so.',
  'purchase-recorded': 'The purchase is recorded.',
  'sent-before': 'This form was sent before, so it was not sent again.',
} satisfies Partial<Record<Flash, string>>

/** Returns the notice of the last action, once. */
export async function takeNotice(ctx: Context): Promise<string> {
  const done = await signedIn(ctx).session.takeFlash(Object.keys(NOTICES) as (keyof typeof NOTICES)[])
  const last = done.at(-1)
  return last === undefined ? '' : NOTICES[last]
}

/** Customers of other portfolios cause the same error as unknown customers, to hide which customers exist. */
export function noSuchCustomer({ query }: Pick<Context, 'query'>): Problem {
  return new Problem(
    404,
    'There is no such customer in your portfolio. It may have been removed, or assigned to another salesperson.',
    {},
    { label: 'Go to the customers', href: listBehind(query) },
  )
}

/** Reads the id in a path. */
export function idIn(ctx: Context): number {
  const id = readRowNumber(ctx.params.id)
  if (id === undefined) throw noSuchCustomer(ctx)
  return id
}
