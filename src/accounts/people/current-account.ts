import type { Context, Next } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { CrmSession, CrmSessions } from '../../crm-session/crm-session.ts'
import { privilegesOf, type RoleName } from '../../crm-session/privileges.ts'
import { Problem } from '../../web/problem.ts'
import type { Account } from './account.ts'
import { accounts } from './accounts.ts'
import { hasStampOf } from './security-stamp.ts'

export interface CurrentAccountParts {
  database: Kysely<Database>
  /** Null when the server runs without sessions. */
  sessions: Pick<CrmSessions, 'end' | 'endMany'> | null
}

type SessionOfUser = Pick<CrmSession, 'userId' | 'storage' | 'getPrivileges'>

type Outcome =
  | { is: 'guest' }
  | { is: 'account'; account: Account }
  | { is: 'changed'; reason: string; ends: 'all' | 'this' }

export const DISABLED = 'Your account is disabled. Ask an administrator to enable it again.'

export const CHANGED = 'Your account was changed, for instance its password. Log in again.'

export function roleChanged(role: RoleName): string {
  return `Your role is now ${role}. Log in again to use it.`
}

/**
 * Reads the account of the session's user from the database. `changed`: the account is disabled, its role does not fit
 * the session's privileges, or its security stamp has changed since the login. A change thus takes effect at the next
 * request, even if the session store failed when the sessions should have ended.
 */
export async function currentAccount(database: Kysely<Database>, session: SessionOfUser | null): Promise<Outcome> {
  if (session?.userId === undefined) return { is: 'guest' }
  const account = await accounts.findById(database, session.userId)
  if (account === undefined) return { is: 'changed', reason: DISABLED, ends: 'all' }
  if (!fits(session, account)) return { is: 'changed', reason: roleChanged(account.role), ends: 'all' }
  // Other sessions may be valid: they began after the change, or made the change.
  return hasStampOf(session, account) ? { is: 'account', account } : { is: 'changed', reason: CHANGED, ends: 'this' }
}

/** Ends this session, or all sessions, tokens and links of the user. Each device shows the reason once. */
export async function endChanged(
  sessions: CurrentAccountParts['sessions'],
  { id, userId }: Pick<CrmSession, 'id' | 'userId'>,
  { reason, ends }: Extract<Outcome, { is: 'changed' }>,
): Promise<void> {
  const by = { message: reason }
  if (ends === 'this') await sessions?.end(id, 'revoked', by)
  else if (userId !== undefined) await sessions?.endMany({ userId }, 'revoked', by)
}

/**
 * If the account has changed, ends the session, and the visitor becomes a guest. A handler that waits for the request
 * body must call this function again afterwards.
 * @throws Problem 403 if a link has opened the session for this request only.
 */
export async function refuseChangedAccount(
  { database, sessions }: CurrentAccountParts,
  { session }: Pick<Context, 'session'>,
): Promise<void> {
  if ((await currentAccount(database, session)).is !== 'changed' || session === null) return
  // The user may have made the change in this session meanwhile, and this request has read the session before.
  await session.reload()
  const result = await currentAccount(database, session)
  if (result.is !== 'changed') return
  await endChanged(sessions, session, result)
  await session.reload()
  if (session.userId !== undefined) throw new Problem(403, result.reason)
}

/** Reads the account at each request of a signed-in user, except at `logoutPath`, which works without the database. */
export function readAccount(parts: CurrentAccountParts, { logoutPath }: { logoutPath: string }) {
  return async function readAccount(ctx: Context, next: Next) {
    if (ctx.path !== logoutPath) await refuseChangedAccount(parts, ctx)
    await next()
  }
}

function fits(session: SessionOfUser, { role }: Account): boolean {
  const held = session.getPrivileges()
  const due: ReadonlySet<string> = privilegesOf(role)
  return held.length === due.size && held.every((name) => due.has(name))
}
