import { z } from 'zod'
import { foldName } from '../../db/fold-name.ts'
import { LARGEST_USER_ID, LONGEST_EMAIL } from '../../db/tables.ts'
import { plainLine } from '../web/plain-text.ts'

// As long as the columns.
const LONGEST_NAME = 120
const LONGEST_WORD = 60
const LONGEST_PHONE = 40

/** What can be said of a customer; the total of his purchases follows from these and is never given. */
const fields = {
  name: plainLine(LONGEST_NAME),
  country: plainLine(LONGEST_WORD),
  city: plainLine(LONGEST_WORD),
  industry: plainLine(LONGEST_WORD),
  contact: plainLine(LONGEST_NAME),
  email: z.email().max(LONGEST_EMAIL).toLowerCase(),
  phone: plainLine(LONGEST_PHONE),
  customerSince: z.iso.date(),
  salesperson: z
    .int()
    .min(1)
    .max(LARGEST_USER_ID)
    .describe('A userId. Only who sees all customers may give another than it has.'),
}

/** A customer that is to be made: without `customerSince` he is one since today, without `salesperson` he is the maker's. */
export const newCustomer = z.strictObject({
  ...fields,
  customerSince: fields.customerSince.optional(),
  salesperson: fields.salesperson.optional(),
})
export type NewCustomer = z.output<typeof newCustomer>

/** What is to be changed of a customer; at least one thing. */
export const customerChanges = z
  .strictObject(fields)
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'name at least one field to change')
  .meta({ minProperties: 1 })
export type CustomerChanges = z.output<typeof customerChanges>

/** Changes as columns; what is not given is left out. */
export function columnsOf({ customerSince, salesperson, ...texts }: CustomerChanges) {
  return {
    ...texts,
    ...(texts.name !== undefined && { name_folded: foldedName(texts.name) }),
    ...(customerSince !== undefined && { customer_since: customerSince }),
    ...(salesperson !== undefined && { sales_person: salesperson }),
  }
}

/** What the list is searched and sorted by. Folding can make a name longer than its column. */
export function foldedName(name: string): string {
  return foldName(name).slice(0, LONGEST_NAME)
}
