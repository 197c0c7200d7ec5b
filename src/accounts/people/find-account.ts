import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Account } from './authenticate.ts'
import { findActiveSalesperson } from './salespersons.ts'
import { findValidatedUser } from './users.ts'

/** Whom a session's `userId` stands for: a number is somebody of the staff. `undefined` once he may not sign in. */
export async function findAccount(database: Kysely<Database>, userId: string): Promise<Account | undefined> {
  if (/^\d{1,9}$/.test(userId)) {
    const person = await findActiveSalesperson(database, { userId: Number(userId) })
    return person && { is: 'staff', person }
  }
  const user = await findValidatedUser(database, { id: userId })
  return user && { is: 'customer', user }
}
