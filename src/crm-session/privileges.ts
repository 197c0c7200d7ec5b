import type { Role } from '../../db/tables.ts'

/** What a signed-in user may do. `WebAdmin` is the reserved name of administration. */
export type Privilege =
  | 'viewPortfolio'
  | 'viewCustomers'
  | 'viewAllCustomers'
  | 'editCustomers'
  | 'viewOwnPurchases'
  | 'WebAdmin'

/** A privilege and what it includes. */
export const privileges = {
  viewAllCustomers: ['viewCustomers'],
  editCustomers: ['viewCustomers'],
  viewCustomers: ['viewPortfolio'],
} satisfies Partial<Record<Privilege, Privilege[]>>

/** What each kind of account is given when it signs in. An administrator runs the server and sees no customers; a customer is whoever signed up. */
export const roles = {
  salesperson: ['editCustomers'],
  manager: ['viewAllCustomers', 'editCustomers'],
  administrator: ['WebAdmin', 'viewPortfolio'],
  customer: ['viewOwnPurchases'],
} satisfies Record<Role | 'customer', Privilege[]>
