import type { Role } from '../../db/tables.ts'

/** `WebAdmin` is the reserved name of the administration. */
export type Privilege =
  | 'viewPortfolio'
  | 'viewCustomers'
  | 'viewAllCustomers'
  | 'editCustomers'
  | 'viewOwnPurchases'
  | 'WebAdmin'

/** The privileges that include others. */
export const privileges = {
  viewAllCustomers: ['viewCustomers'],
  editCustomers: ['viewCustomers'],
  viewCustomers: ['viewPortfolio'],
} satisfies Partial<Record<Privilege, Privilege[]>>

/** The privileges of each role. An administrator runs the server and sees no customers; a customer is a user who signed up. */
export const roles = {
  salesperson: ['editCustomers'],
  manager: ['viewAllCustomers', 'editCustomers'],
  administrator: ['WebAdmin', 'viewPortfolio'],
  customer: ['viewOwnPurchases'],
} satisfies Record<Role | 'customer', Privilege[]>
