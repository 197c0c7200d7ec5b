import type { Generated, Selectable } from 'kysely'

/** The CRM's own tables. Money is in cents, dates are `YYYY-MM-DD`, flags are 0 or 1: every dialect agrees on these. */
export interface Database {
  sales_persons: SalesPersonsTable
  customers: CustomersTable
  purchases: PurchasesTable
}

/** What a salesperson's account may be; `src/privileges.ts` says what each of them opens. */
export type Role = 'salesperson' | 'manager' | 'administrator'

export interface SalesPersonsTable {
  user_id: number
  firstname: string
  lastname: string
  /** Lower case; unique. */
  email: string
  /** A bcrypt hash, never the password. */
  password: string
  role: Role
  active: number
}

export interface CustomersTable {
  id: Generated<number>
  name: string
  /** The name in lower case without accents: what the list is searched and sorted by. */
  name_folded: string
  country: string
  city: string
  industry: string
  contact: string
  email: string
  phone: string
  /** The sum of this customer's purchases, in cents. */
  total_purchase: number
  customer_since: string
  sales_person: number
}

export interface PurchasesTable {
  id: Generated<number>
  customer_id: number
  purchased_on: string
  description: string
  /** In cents. */
  amount: number
}

export type SalesPerson = Selectable<SalesPersonsTable>
export type Customer = Selectable<CustomersTable>
export type Purchase = Selectable<PurchasesTable>
