import type { Kysely } from 'kysely'
import type { Database, Role } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { AuditEntry, AuditOrigin, Notes } from '../../audit/index.ts'
import { Problem } from '../../web/problem.ts'
import { countActive, findAccount, type ListedAccount } from './account-list.ts'
import { accounts } from './accounts.ts'
import { type CurrentAccountParts, DISABLED, roleChanged } from './current-account.ts'
import { removeEmailChange } from './email-changes.ts'
import { removeReset } from './password-resets.ts'
import { AccountError } from './salespersons.ts'
import { newSecurityStamp } from './security-stamp.ts'

export interface AccountChangeParts extends CurrentAccountParts {
  audit: Notes
}

/** The request and the administrator. Empty for a command. */
export type ChangedBy = AuditOrigin & Pick<AuditEntry, 'byUserId' | 'byUserName'>

export const ROLES = ['salesperson', 'manager', 'administrator'] as const satisfies readonly Role[]

/**
 * Disables an account, and ends the user's sessions, tokens and links. The account is disabled first, because pages and
 * the API read it at each request. The user is therefore refused even when the session store fails.
 * @throws AccountError for an unknown userId and for the last administrator. Problem 503 when the store has failed.
 */
export async function disableAccount(parts: AccountChangeParts, userId: string, by: ChangedBy = {}): Promise<void> {
  const account = await change(parts, userId, async (transaction, { role }) => {
    if (role === 'administrator') await refuseForLastAdministrator(transaction, userId)
    await accounts.setActive(transaction, userId, 0, newSecurityStamp())
    await removeEmailChange(transaction, userId)
    await removeReset(transaction, userId)
  })
  note(parts, 'account-disabled', account, by)
  await endAll(parts, userId, { message: DISABLED, cause: by }, 'The account is disabled.')
}

/**
 * Enables an account. Its new security stamp keeps out the sessions that a failed store may have kept.
 * @throws AccountError for an unknown userId.
 */
export async function enableAccount(parts: AccountChangeParts, userId: string, by: ChangedBy = {}): Promise<void> {
  const account = await change(parts, userId, async (transaction) => {
    await accounts.setActive(transaction, userId, 1, newSecurityStamp())
  })
  note(parts, 'account-enabled', account, by)
}

/**
 * Changes the role of an account of the staff, and ends the user's sessions, tokens and links, even if the account
 * already has the role.
 * @throws AccountError for an unknown userId, a customer, an unknown role and the last administrator. Problem 503 when
 * the store has failed.
 */
export async function changeRole(
  parts: AccountChangeParts,
  userId: string,
  role: string,
  by: ChangedBy = {},
): Promise<void> {
  const wanted = ROLES.find((name) => name === role)
  if (wanted === undefined) throw new AccountError(`The role is one of: ${ROLES.join(', ')}.`)
  const account = await change(parts, userId, async (transaction, { role: former, isActive }) => {
    if (former === 'customer') throw new AccountError('This is the account of a customer, which has no other role.')
    if (former === 'administrator' && wanted !== former && isActive)
      await refuseForLastAdministrator(transaction, userId)
    const own = transaction.updateTable('sales_persons').where('user_id', '=', Number(userId))
    await own.set({ role: wanted, security_stamp: newSecurityStamp() }).execute()
  })
  if (account.role !== wanted) note(parts, 'role-changed', account, by, `from ${account.role} to ${wanted}`)
  await endAll(parts, userId, { message: roleChanged(wanted), cause: by }, `The role is now ${wanted}.`)
}

/** Returns the account as it was before the change. */
async function change(
  { database }: Pick<AccountChangeParts, 'database'>,
  userId: string,
  write: (transaction: Kysely<Database>, account: ListedAccount) => Promise<void>,
): Promise<ListedAccount> {
  return inTurn(database, { only: 'the administrators', user: userId }, async (transaction) => {
    const account = await existing(transaction, userId)
    await write(transaction, account)
    return account
  })
}

async function existing(database: Kysely<Database>, userId: string): Promise<ListedAccount> {
  const account = await findAccount(database, userId)
  if (account === undefined) throw new AccountError(`There is no account with the userId ${userId}.`)
  return account
}

/** The lock `the administrators` prevents two administrators from removing each other at the same time. */
async function refuseForLastAdministrator(database: Kysely<Database>, userId: string): Promise<void> {
  const others = await countActive(database, 'administrator', { except: userId })
  if (others === 0)
    throw new AccountError(
      'This is the last active administrator, so nothing was changed. Make another user an administrator first.',
    )
}

async function endAll(
  { sessions }: AccountChangeParts,
  userId: string,
  by: { message: string; cause: ChangedBy },
  done: string,
): Promise<void> {
  try {
    await sessions?.endMany({ userId }, 'revoked', by)
  } catch {
    throw new Problem(
      503,
      `${done} The user’s sessions could not be ended, because the session store does not answer. They are refused, and end at their next request.`,
      { 'Retry-After': '5' },
    )
  }
}

function note(
  { audit }: AccountChangeParts,
  event: 'account-disabled' | 'account-enabled' | 'role-changed',
  { userId, userName }: ListedAccount,
  by: ChangedBy,
  detail = '',
): void {
  audit.note({ event, userId, userName, ...by, detail })
}
