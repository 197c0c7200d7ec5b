import type { Role } from '../../db/tables.ts'

/** `WebAdmin` gives access to the administration. The name is from 4D. */
export type Privilege =
  | 'viewPortfolio'
  | 'viewCustomers'
  | 'viewAllCustomers'
  | 'editCustomers'
  | 'viewOwnPurchases'
  | 'WebAdmin'

/** Maps a privilege to the privileges that it includes. */
export const privileges = {
  viewAllCustomers: ['viewCustomers'],
  editCustomers: ['viewCustomers'],
  viewCustomers: ['viewPortfolio'],
} satisfies Partial<Record<Privilege, Privilege[]>>

/** Maps a role to its privileges. A `customer` is a user who signed up. */
export const roles = {
  salesperson: ['editCustomers'],
  manager: ['viewAllCustomers', 'editCustomers'],
  administrator: ['WebAdmin', 'viewPortfolio'],
  customer: ['viewOwnPurchases'],
} satisfies Record<Role | 'customer', Privilege[]>

export type RoleName = keyof typeof roles
