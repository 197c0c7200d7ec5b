export interface User {
  userName: string
  userId: string
  privileges: readonly string[]
}

export const USERS: readonly User[] = [
  { userName: 'Ana Lima', userId: '4', privileges: ['viewCustomers'] },
  { userName: 'Bo Reyes', userId: '5', privileges: ['manageCustomers', 'audit'] },
  { userName: 'Cy Odum', userId: '6', privileges: ['audit'] },
]

/** Maps each privilege to all privileges that it includes. */
const INCLUDED: Record<string, readonly string[]> = {
  audit: ['audit'],
  viewStart: ['viewStart'],
  viewCustomers: ['viewCustomers', 'viewStart'],
  manageCustomers: ['manageCustomers', 'viewCustomers', 'viewStart'],
}

export const PRIVILEGES: readonly string[] = Object.keys(INCLUDED)

/** These privileges and all that they include, sorted. */
export function everythingIn(privileges: readonly string[]): string[] {
  return [...new Set(privileges.flatMap((name) => INCLUDED[name] ?? []))].sort()
}
