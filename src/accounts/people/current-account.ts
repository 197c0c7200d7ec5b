import type { Context, Next } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { CrmSessions } from '../../crm-session/crm-session.ts'
import { privilegesOf, type RoleName } from '../../crm-session/privileges.ts'
import { Problem } from '../../web/problem.ts'
import type { Account } from './account.ts'
import { accounts } from './accounts.ts'

export interface CurrentAccountParts {
  database: Kysely<Database>
  /** Null when the server runs without sessions. */
  sessions: Pick<CrmSessions, 'endMany'> | null
}

interface SessionOfUser {
  readonly userId: string | undefined
  getPrivileges(): readonly string[]
}

type Outcome = { is: 'guest' } | { is: 'account'; account: Account } | { is: 'changed'; reason: string }

export const DISABLED = 'Your account is disabled. Ask an administrator to enable it again.'

export function roleChanged(role: RoleName): string {
  return `Your role is now ${role}. Log in again to use it.`
}

/**
 * Reads the account of the session's user from the database. `changed`: the account is disabled, or its role does not
 * fit the session's privileges. A changed row thus takes effect at the next request.
 */
export async function currentAccount(database: Kysely<Database>, session: SessionOfUser | null): Promise<Outcome> {
  if (session?.userId === undefined) return { is: 'guest' }
  const account = await accounts.findById(database, session.userId)
  if (account === undefined) return { is: 'changed', reason: DISABLED }
  return fits(session, account) ? { is: 'account', account } : { is: 'changed', reason: roleChanged(account.role) }
}

/**
 * If the account has changed, ends all sessions, tokens and links of the user. The visitor becomes a guest, and each
 * device shows the reason once. A handler that waits for the request body must call this function again afterwards.
 * @throws Problem 403 if a link has opened the session for this request only.
 */
export async function refuseChangedAccount(
  { database, sessions }: CurrentAccountParts,
  { session }: Pick<Context, 'session'>,
): Promise<void> {
  const result = await currentAccount(database, session)
  if (result.is !== 'changed' || session?.userId === undefined) return
  await sessions?.endMany({ userId: session.userId }, 'revoked', { message: result.reason })
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
