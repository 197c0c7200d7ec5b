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
      'signedIn() found nobody: put requirePrivilege() or requireUser() before this handler in src/app/routes.ts.',
    )
  return { session, userId: session.userId }
}

/** For pages of whoever is signed in, whatever he may do. Others are sent to sign in, and come back afterwards. */
export function requireUser({ loginPath }: { loginPath: string }) {
  return async function requireUser(ctx: Context, next: Next) {
    const session = currentSession(ctx)
    if (session.userId !== undefined && !session.isGuest()) return next()
    ctx.status = 303
    ctx.redirect(['GET', 'HEAD'].includes(ctx.method) ? `${loginPath}?next=${encodeURIComponent(ctx.url)}` : loginPath)
  }
}

/**
 * Looks at the session again. A body may take its time to arrive, and whoever was signed out meanwhile must not act: put it behind what
 * reads the body, and before what asks for rights.
 */
export function sessionAsItIsNow() {
  return async function sessionAsItIsNow(ctx: Context, next: Next) {
    await ctx.session?.reload()
    await next()
  }
}

/**
 * Waits for what a session keeps beside something that is done already. While the store does not answer it is left out: whoever was
 * told that nothing was done would do it again.
 */
export async function asAnExtra(keeping: Promise<unknown>): Promise<void> {
  try {
    await keeping
  } catch (error) {
    if (!(error instanceof SessionError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'SESSION_BUSY')))
      throw error
  }
}

/** For pages that make no sense without sessions: answers 503 and says so when the server runs without them. */
export function requireSession() {
  return async function requireSession(ctx: Context, next: Next) {
    currentSession(ctx)
    await next()
  }
}

/** The session of a page behind `requireSession`. */
export function currentSession(ctx: Context): CrmSession {
  if (ctx.session) return ctx.session
  throw new SessionError(
    'SESSIONS_OFF',
    'This server runs without sessions, so nobody can sign in. Set SESSIONS=scalable.',
  )
}
