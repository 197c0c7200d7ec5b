import { type Kysely, sql } from 'kysely'
import { foldName } from '../../../db/fold-name.ts'
import type { Database, Role } from '../../../db/tables.ts'
import type { RoleName } from '../../crm-session/privileges.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { sessionIdsOfVisitor } from '../../public-demo/visitor-sessions.ts'
import type { AccountName } from './login-form.ts'

/** An account of the staff or of a customer, active or disabled. Pending accounts are not listed. */
export interface ListedAccount {
  userId: string
  userName: string
  email: string
  role: RoleName
  isActive: boolean
}

/** Returns an account in any state, by userId or by name. */
export async function findAccount(
  database: Kysely<Database>,
  by: string | AccountName,
): Promise<ListedAccount | undefined> {
  if (typeof by === 'string') {
    return /^\d{1,9}$/.test(by)
      ? first(await staff(database).where('user_id', '=', Number(by)).execute(), staffAccount)
      : first(await customers(database).where('id', '=', by).execute(), customerAccount)
  }
  if ('userId' in by) return findAccount(database, String(by.userId))
  return (
    first(await staff(database).where('email', '=', by.email).execute(), staffAccount) ??
    first(await customers(database).where('email', '=', by.email).execute(), customerAccount)
  )
}

/**
 * Lists the staff by userId, and then the customers by e-mail address. `search` finds a part of the name, the e-mail
 * address or the userId. `after` is the userId of the last account of the previous page.
 */
export async function listAccounts(
  database: Kysely<Database>,
  { search, after, size }: { search: string; after: string | undefined; size: number },
): Promise<{ accounts: ListedAccount[]; next: string | undefined }> {
  const wanted = foldName(search.trim())
  const isAfterStaff = after !== undefined && !/^\d{1,9}$/.test(after)
  const found = isAfterStaff ? [] : await listStaff(database, wanted, Number(after ?? 0))
  if (found.length <= size) {
    const left = size + 1 - found.length
    found.push(...(await listCustomers(database, wanted, isAfterStaff ? after : undefined, left)))
  }
  const accounts = found.slice(0, size)
  return { accounts, next: found.length > size ? accounts.at(-1)?.userId : undefined }
}

/** Counts the active staff with this role, without the account `except`. */
export async function countActive(
  database: Kysely<Database>,
  role: Role,
  { except }: { except: string },
): Promise<number> {
  const { count } = await database
    .selectFrom('sales_persons')
    .select((row) => row.fn.countAll().as('count'))
    .where('role', '=', role)
    .where('active', '=', 1)
    .where('user_id', '!=', Number(except))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Filters in memory, because databases differ in how they fold non-ASCII letters. */
async function listStaff(database: Kysely<Database>, wanted: string, after: number): Promise<ListedAccount[]> {
  const rows = await staff(database).where('user_id', '>', after).orderBy('user_id').execute()
  return rows
    .map(staffAccount)
    .filter(({ userId, userName, email }) => [userId, foldName(userName), email].some((text) => text.includes(wanted)))
}

async function listCustomers(
  database: Kysely<Database>,
  wanted: string,
  after: string | undefined,
  limit: number,
): Promise<ListedAccount[]> {
  let query = customers(database).orderBy('email').limit(limit)
  if (after !== undefined)
    query = query.where('email', '>', (row) => row.selectFrom('users').select('email').where('id', '=', after))
  if (wanted !== '') {
    const pattern = `%${wanted.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where(({ or, eb }) => or([sql<boolean>`email like ${pattern} escape '\\'`, eb('id', '=', wanted)]))
  }
  return (await query.execute()).map(customerAccount)
}

function staff(database: Kysely<Database>) {
  return database.selectFrom('sales_persons').select(['user_id', 'firstname', 'lastname', 'email', 'role', 'active'])
}

/** On a public demo, visitors see no accounts that others signed up. */
function customers(database: Kysely<Database>) {
  return database
    .selectFrom('users')
    .select(['id', 'email', 'active'])
    .where('validated', '=', 1)
    .$if(currentVisit() !== undefined, (users) => users.where('session_id', 'in', sessionIdsOfVisitor(database)))
}

function staffAccount(row: {
  user_id: number
  firstname: string
  lastname: string
  email: string
  role: Role
  active: number
}): ListedAccount {
  const { user_id, firstname, lastname, email, role, active } = row
  return { userId: String(user_id), userName: `${firstname} ${lastname}`, email, role, isActive: active === 1 }
}

function customerAccount({ id, email, active }: { id: string; email: string; active: number }): ListedAccount {
  return { userId: id, userName: email, email, role: 'customer', isActive: active === 1 }
}

function first<T>([row]: T[], convert: (row: T) => ListedAccount): ListedAccount | undefined {
  return row && convert(row)
}
