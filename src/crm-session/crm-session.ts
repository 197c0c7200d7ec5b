import type { Context, Next } from 'koa'
import { type Session, SessionError, type Sessions } from '../session/index.ts'
import type { CrmStorage } from './crm-storage.ts'
import type { Privilege } from './privileges.ts'

export type CrmSession = Session<CrmStorage, Privilege>

export type CrmSessions = Sessions<CrmStorage, Privilege>

declare module 'koa' {
  interface DefaultContext {
    /** Null when the server runs without sessions. */
    session: CrmSession | null
  }
}

/** Returns the session and the user. Throws a `TypeError` on a route without `requireUser` or `requirePrivilege`. */
export function signedIn(ctx: Context): { session: CrmSession; userId: string } {
  const { session } = ctx
  if (session?.userId === undefined)
    throw new TypeError(
      'signedIn() found no user: put requirePrivilege() or requireUser() before this handler in src/app/routes.ts.',
    )
  return { session, userId: session.userId }
}

/** Redirects visitors who are not signed in to the login page, which redirects them back. */
export function requireUser({ loginPath }: { loginPath: string }) {
  return async function requireUser(ctx: Context, next: Next) {
    const session = currentSession(ctx)
    if (session.userId !== undefined && !session.isGuest()) return next()
    ctx.status = 303
    ctx.redirect(['GET', 'HEAD'].includes(ctx.method) ? `${loginPath}?next=${encodeURIComponent(ctx.url)}` : loginPath)
  }
}

/** Put it between the body parser and the check of privileges: the user may be signed out while the body arrives. */
export function reloadSession() {
  return async function reloadSession(ctx: Context, next: Next) {
    await ctx.session?.reload()
    await next()
  }
}

/**
 * Waits for a write that follows a completed action. Ignores failures of the store: after an error page, the user would
 * repeat the action.
 */
export async function bestEffort(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof SessionError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'SESSION_BUSY')))
      throw error
  }
}

/** Answers with 503 when the server runs without sessions. */
export function requireSession() {
  return async function requireSession(ctx: Context, next: Next) {
    currentSession(ctx)
    await next()
  }
}

/** Behind `requireSession`, `requireUser` or `requirePrivilege`, `sessions` cannot be null. */
export function sessionsBehindGuard<S>(sessions: S | null, caller: string): S {
  if (sessions !== null) return sessions
  throw new TypeError(
    `${caller} found no sessions: put requireSession(), requireUser() or requirePrivilege() before it.`,
  )
}

/** @throws a `SessionError` when the server runs without sessions. */
export function currentSession(ctx: Context): CrmSession {
  if (ctx.session) return ctx.session
  throw new SessionError(
    'SESSIONS_OFF',
    'This server runs without sessions, so signing in is impossible. Set SESSIONS=scalable.',
  )
}
