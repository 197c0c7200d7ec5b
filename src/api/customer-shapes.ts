import { z } from 'zod'
import { customerChanges, type NamedCustomer, newCustomer } from '../crm/index.ts'
import { entityTag } from './entity-tags.ts'
import { cents, day, pageFacts } from './shapes.ts'

const inList = {
  id: z.int(),
  name: z.string(),
  country: z.string(),
  city: z.string(),
  industry: z.string(),
  totalPurchase: cents,
  customerSince: day,
  salesperson: z.int().meta({ description: 'The salesperson’s userId.' }),
  salespersonName: z.string(),
}

export const customer = z
  .strictObject({ ...inList, contact: z.string(), email: z.string(), phone: z.string() })
  .meta({ id: 'Customer' })

export const customerList = z
  .strictObject({
    customers: z.array(z.strictObject(inList)),
    ...pageFacts,
  })
  .meta({ id: 'CustomerList' })

export const purchaseList = z
  .strictObject({
    purchases: z.array(z.strictObject({ id: z.int(), date: day, description: z.string(), amount: cents })),
    ...pageFacts,
  })
  .meta({ id: 'PurchaseList' })

const EXAMPLE = {
  name: 'Brightwater Mills',
  country: 'Ireland',
  city: 'Cork',
  industry: 'Textiles',
  contact: 'Nora Byrne',
  email: 'nora@brightwater.example',
  phone: '+353 21 555 0100',
}

export const customerToMake = newCustomer.meta({ id: 'NewCustomer', examples: [EXAMPLE] })
export const changesToMake = customerChanges.meta({
  ...customerChanges.meta(),
  id: 'CustomerChanges',
  examples: [{ city: 'Limerick' }],
})

export function customerReply(status: number, found: NamedCustomer, headers: Record<string, string> = {}) {
  const { id, name, country, city, industry, contact, email, phone } = found
  const body = {
    id,
    name,
    country,
    city,
    industry,
    contact,
    email,
    phone,
    totalPurchase: found.total_purchase,
    customerSince: found.customer_since,
    salesperson: found.sales_person,
    salespersonName: `${found.firstname} ${found.lastname}`,
  }
  return { status, body, headers: { ETag: entityTag(found.version), ...headers } }
}
