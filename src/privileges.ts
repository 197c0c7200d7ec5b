import type { Role } from './database.js'

/** What a signed-in user may do. `WebAdmin` is the reserved name of administration. */
export type Privilege = 'viewPortfolio' | 'viewCustomers' | 'viewAllCustomers' | 'WebAdmin'

/** A privilege and what it includes. */
export const privileges = {
  viewAllCustomers: ['viewCustomers'],
  viewCustomers: ['viewPortfolio'],
} satisfies Partial<Record<Privilege, Privilege[]>>

/** What each kind of account is given when it signs in. An administrator runs the server and sees no customers. */
export const roles = {
  salesperson: ['viewCustomers'],
  manager: ['viewAllCustomers'],
  administrator: ['WebAdmin', 'viewPortfolio'],
} satisfies Record<Role, Privilege[]>
