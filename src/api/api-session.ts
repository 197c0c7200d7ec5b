import type { Context } from 'koa'
import type { CrmStorage } from '../crm-session/crm-storage.ts'
import type { Privilege, RoleName } from '../crm-session/privileges.ts'
import { SessionError, TokenSession } from '../session/index.ts'

export type ApiSession = TokenSession<CrmStorage, Privilege, RoleName>

/**
 * Returns the session of the request's token. A request without a valid token gets a new session that is not stored.
 * Throws SESSIONS_OFF (status 503) when the server runs without sessions.
 */
export function apiSessionOf({ session }: Context): ApiSession {
  if (session instanceof TokenSession) return session
  if (session === null)
    throw new SessionError('SESSIONS_OFF', 'This server runs without sessions, so signing in is not possible.')
  throw new TypeError('apiSessionOf() found no token session: mount tokenSessions() above it.')
}
