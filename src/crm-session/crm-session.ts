import type { Context, Next } from 'koa'
import { type Session, SessionError, type Sessions } from '../session/index.ts'
import type { CrmStorage } from './crm-storage.ts'
import type { Privilege } from './privileges.ts'

/** A session with the storage and the privileges of the CRM. */
export type CrmSession = Session<CrmStorage, Privilege>

export type CrmSessions = Sessions<CrmStorage, Privilege>

declare module 'koa' {
  interface DefaultContext {
    /** Null when the server runs without sessions. */
    session: CrmSession | null
  }
}

/**
 * Returns the session and the user of a page behind `requirePrivilege` or `requireUser`.
 * @throws a `TypeError` when no user is signed in.
 */
export function signedIn(ctx: Context): { session: CrmSession; userId: string } {
  const { session } = ctx
  if (session?.userId === undefined)
    throw new TypeError(
      'signedIn() found no user: put requirePrivilege() or requireUser() before this handler in src/app/routes.ts.',
    )
  return { session, userId: session.userId }
}

/** Requires a signed-in user. Other visitors are redirected to the login, which redirects back to the page. */
export function requireUser({ loginPath }: { loginPath: string }) {
  return async function requireUser(ctx: Context, next: Next) {
    const session = currentSession(ctx)
    if (session.userId !== undefined && !session.isGuest()) return next()
    ctx.status = 303
    ctx.redirect(['GET', 'HEAD'].includes(ctx.method) ? `${loginPath}?next=${encodeURIComponent(ctx.url)}` : loginPath)
  }
}

/**
 * Reloads the session, because the user may have been signed out while the body was received. Put it between the body
 * parser and the check of privileges.
 */
export function reloadSession() {
  return async function reloadSession(ctx: Context, next: Next) {
    await ctx.session?.reload()
    await next()
  }
}

/**
 * Waits for a write after an action has completed (best effort). Ignores failures of the store, because after an error
 * page the user would repeat the action.
 */
export async function bestEffort(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof SessionError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'SESSION_BUSY')))
      throw error
  }
}

/** Requires sessions. Responds with status 503 when the server runs without sessions. */
export function requireSession() {
  return async function requireSession(ctx: Context, next: Next) {
    currentSession(ctx)
    await next()
  }
}

/**
 * Returns `sessions` for pages behind `requireSession`, `requireUser` or `requirePrivilege`.
 * @throws a `TypeError` that names `caller`, when `sessions` is null.
 */
export function sessionsBehindGuard<S>(sessions: S | null, caller: string): S {
  if (sessions !== null) return sessions
  throw new TypeError(
    `${caller} found no sessions: put requireSession(), requireUser() or requirePrivilege() before it.`,
  )
}

/** Returns the session of the request. Throws a `SessionError` when the server runs without sessions. */
export function currentSession(ctx: Context): CrmSession {
  if (ctx.session) return ctx.session
  throw new SessionError(
    'SESSIONS_OFF',
    'This server runs without sessions, so signing in is impossible. Set SESSIONS=scalable.',
  )
}
