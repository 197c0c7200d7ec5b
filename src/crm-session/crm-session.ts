import type { Context, Next } from 'koa'
import { type Session, SessionError, type Sessions } from '../session/index.ts'
import type { CrmStorage } from './crm-storage.ts'
import type { Privilege, RoleName } from './privileges.ts'

export type CrmSession = Session<CrmStorage, Privilege, RoleName>

export type CrmSessions = Sessions<CrmStorage, Privilege, RoleName>

declare module 'koa' {
  interface DefaultContext {
    /** Null when the server runs without sessions. */
    readonly session: CrmSession | null
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

/** Makes the page of this request show no user. Call it, for example, when the session has ended. */
export function hideSession(ctx: Context): void {
  ctx.state.hidesSession = true
}

/**
 * Returns the session that the page may show: `undefined` after `hideSession`, `null` if the server runs without
 * sessions.
 */
export function shownSession({ session, state }: Context): CrmSession | null | undefined {
  return state.hidesSession === true ? undefined : session
}

/**
 * Reads the session from the store again. Mount it between the body parser and the privilege check, because the user
 * may have been signed out while the body arrived.
 */
export function reloadSession() {
  return async function reloadSession(ctx: Context, next: Next) {
    await ctx.session?.reload()
    await next()
  }
}

/**
 * Waits for a write that follows a completed action. Ignores failures of the store, because an error page would lead
 * the user to repeat the action.
 */
export async function bestEffort(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof SessionError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'SESSION_BUSY')))
      throw error
  }
}

/** Creates middleware that responds with 503 when the server runs without sessions. */
export function requireSession() {
  return async function requireSession(ctx: Context, next: Next) {
    currentSession(ctx)
    await next()
  }
}

/** Returns `sessions`, which is never null after `requireSession`, `requireUser` or `requirePrivilege`. */
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
