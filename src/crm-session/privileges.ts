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

/** Returns all privileges of a role, including those that another privilege includes. */
export function privilegesOf(role: RoleName): ReadonlySet<Privilege> {
  const all = new Set<Privilege>(roles[role])
  const included: Partial<Record<Privilege, Privilege[]>> = privileges
  // The loop also visits the privileges that it adds.
  for (const name of all) for (const more of included[name] ?? []) all.add(more)
  return all
}
