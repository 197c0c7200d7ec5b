import type { Context, Next } from 'koa'
import { type Session, SessionError } from '../session/index.ts'
import type { CrmStorage } from './crm-storage.ts'
import type { Privilege } from './privileges.ts'

/** The session as this application uses it: its own storage, its own privileges. */
export type CrmSession = Session<CrmStorage, Privilege>

declare module 'koa' {
  interface DefaultContext {
    /** Null when the server runs without sessions. */
    session: CrmSession | null
  }
}

/** The session of a page behind `requirePrivilege` or `requireUser`, with its user. */
export function signedIn(ctx: Context): { session: CrmSession; userId: string } {
  const { session } = ctx
  if (session?.userId === undefined)
    throw new TypeError(
      'signedIn() found no user: put requirePrivilege() or requireUser() before this handler in src/app/routes.ts.',
    )
  return { session, userId: session.userId }
}

/** For pages of all signed-in users. Others are redirected to the login, and come back afterwards. */
export function requireUser({ loginPath }: { loginPath: string }) {
  return async function requireUser(ctx: Context, next: Next) {
    const session = currentSession(ctx)
    if (session.userId !== undefined && !session.isGuest()) return next()
    ctx.status = 303
    ctx.redirect(['GET', 'HEAD'].includes(ctx.method) ? `${loginPath}?next=${encodeURIComponent(ctx.url)}` : loginPath)
  }
}

/**
 * Reloads the session, in case the user was signed out while the body arrived. Put it between the body parser and the check of
 * privileges.
 */
export function reloadSession() {
  return async function reloadSession(ctx: Context, next: Next) {
    await ctx.session?.reload()
    await next()
  }
}

/**
 * Waits for a write that only accompanies a completed action. Store failures are ignored: an error page would make the user repeat
 * the action.
 */
export async function bestEffort(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof SessionError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'SESSION_BUSY')))
      throw error
  }
}

/** For pages that need sessions: answers 503 when the server runs without them. */
export function requireSession() {
  return async function requireSession(ctx: Context, next: Next) {
    currentSession(ctx)
    await next()
  }
}

/**
 * The sessions, for pages behind `requireSession`, `requireUser` or `requirePrivilege`: without sessions these refuse every
 * request. `caller` is for the error.
 */
export function sessionsBehindGuard<S>(sessions: S | null, caller: string): S {
  if (sessions !== null) return sessions
  throw new TypeError(
    `${caller} found no sessions: put requireSession(), requireUser() or requirePrivilege() before it.`,
  )
}

/** The session of a page behind `requireSession`. */
export function currentSession(ctx: Context): CrmSession {
  if (ctx.session) return ctx.session
  throw new SessionError(
    'SESSIONS_OFF',
    'This server runs without sessions, so signing in is impossible. Set SESSIONS=scalable.',
  )
}
