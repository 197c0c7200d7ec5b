import { formatDay } from '../../web/format.ts'
import type { CustomerChanges } from './customer-fields.ts'
import { type FieldName, type FieldTexts, FORM_FIELDS } from './customer-form.ts'
import type { NamedCustomer } from './find-customer.ts'

/** A field with two values: the one that the user sent, and the one that is stored now. */
export interface FieldChoice {
  name: FieldName
  label: string
  mine: string
  stored: string
  /** The two values as the page shows them. */
  texts: { mine: string; stored: string }
  /** Which value is chosen at first. '' if both users changed the field. */
  chosen: 'mine' | 'stored' | ''
}

/** The stored values of the form's fields. */
export function storedTexts({ customer_since: customerSince, ...customer }: NamedCustomer): FieldTexts {
  const { name, industry, city, country, contact, email, phone } = customer
  return { name, industry, city, country, contact, email, phone, customerSince }
}

/** The fields in which the values of the user differ from the stored ones. */
export function changesFrom(stored: FieldTexts, mine: FieldTexts): CustomerChanges {
  return Object.fromEntries(Object.entries(mine).filter(([name, value]) => stored[name as FieldName] !== value))
}

/**
 * Compares the values that the page `shown` to the user with the user's own values and with the `stored` ones. Returns
 * the fields with two values, or an empty list if no other user has changed a field that the form shows.
 */
export function conflictsOf(shown: FieldTexts, mine: FieldTexts, stored: FieldTexts): FieldChoice[] {
  if (FORM_FIELDS.every(({ name }) => stored[name] === shown[name] || stored[name] === mine[name])) return []
  return FORM_FIELDS.filter(({ name }) => mine[name] !== stored[name]).map(({ name, label }) => {
    const isMine = mine[name] !== shown[name]
    const isTheirs = stored[name] !== shown[name]
    const chosen = isMine && isTheirs ? '' : isMine ? 'mine' : 'stored'
    const texts = { mine: textOf(name, mine[name]), stored: textOf(name, stored[name]) }
    return { name, label, mine: mine[name], stored: stored[name], texts, chosen }
  })
}

function textOf(name: FieldName, value: string): string {
  return name === 'customerSince' ? formatDay(value) : value
}
