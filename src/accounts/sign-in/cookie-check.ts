import type { Context } from 'koa'
import type { CrmSessions } from '../../crm-session/crm-session.ts'

const LOGIN_PAGE = '/authenticate.shtml'
const LONGEST_MILLISECONDS = 60_000

export const COOKIES_BLOCKED =
  'Your browser does not send the cookie of this site, so you are not signed in. Allow cookies for this site, then log in again.'

/** Returns whether the login page sent this form without any cookie. Such a browser may block cookies. */
export function mayBlockCookies(ctx: Context): boolean {
  const { checksCookie } = Object(ctx.request.body) as Record<string, unknown>
  return checksCookie !== undefined && ctx.get('Cookie') === ''
}

/** Returns the address that checks, after the login, whether the browser sends the cookie of the new session. */
export function cookieCheckAddress(sessionId: string, next: string): string {
  return `${LOGIN_PAGE}?${new URLSearchParams({ began: sessionId, next })}`
}

/** Ends a session that a login created a moment ago, if no request has sent its cookie. No browser has this cookie. */
export async function endUnusedSession(
  sessions: Pick<CrmSessions, 'get' | 'end'>,
  id: string,
  now: number,
): Promise<void> {
  const { devices = [] } = (await sessions.get(id)) ?? {}
  const isUnused = devices.every(
    ({ via, lastSeenAt, createdAt }) =>
      via === 'login' && lastSeenAt === null && now - createdAt.getTime() < LONGEST_MILLISECONDS,
  )
  if (devices.length > 0 && isUnused) await sessions.end(id, 'revoked')
}
