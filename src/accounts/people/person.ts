import type { roles } from '../../crm-session/privileges.ts'
import type { Account } from './authenticate.ts'

/** Who somebody is in his sessions, and what he may do there. */
export interface Person {
  userId: string
  userName: string
  roles: (keyof typeof roles)[]
}

/** What a session of this account is given when it begins. */
export function personOf(account: Account): Person {
  if (account.is === 'customer') return { userId: account.user.id, userName: account.user.email, roles: ['customer'] }
  const { user_id, firstname, lastname, role } = account.person
  return { userId: String(user_id), userName: `${firstname} ${lastname}`, roles: [role] }
}
