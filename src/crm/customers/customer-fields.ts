import { z } from 'zod'
import { foldName } from '../../../db/fold-name.ts'
import { LARGEST_USER_ID, LONGEST_EMAIL } from '../../../db/tables.ts'
import { plainLine } from '../../web/plain-text.ts'

// The lengths of the columns in the database.
const LONGEST_NAME = 120
const LONGEST_WORD = 60
const LONGEST_PHONE = 40

/** The editable fields of a customer. The total is not editable, because it is computed from the purchases. */
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
    .describe('A userId. Only users who see all customers may change it.'),
}

/** By default, `customerSince` is today and `salesperson` is the user who creates the customer. */
export const newCustomer = z.strictObject({
  ...fields,
  customerSince: fields.customerSince.optional(),
  salesperson: fields.salesperson.optional(),
})
export type NewCustomer = z.output<typeof newCustomer>

export const customerChanges = z
  .strictObject(fields)
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'name at least one field to change')
  .meta({ minProperties: 1 })
export type CustomerChanges = z.output<typeof customerChanges>

export function columnsOf({ customerSince, salesperson, ...texts }: CustomerChanges) {
  return {
    ...texts,
    ...(texts.name !== undefined && { name_folded: foldedName(texts.name) }),
    ...(customerSince !== undefined && { customer_since: customerSince }),
    ...(salesperson !== undefined && { sales_person: salesperson }),
  }
}

/** Folds a name for searching and sorting. Folding can lengthen a name, so the result is cut to the column's length. */
export function foldedName(name: string): string {
  return foldName(name).slice(0, LONGEST_NAME)
}
