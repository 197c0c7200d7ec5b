import type { Context, Next } from 'koa'
import { SessionError } from '../session/index.ts'
import { maskSecrets } from '../web/mask-secrets.ts'
import { originOf } from '../web/request-origin.ts'
import type { Notes } from './follow-sessions.ts'

/**
 * Middleware that records each response with status 403. Mount it after the middleware of the error pages. It then
 * catches errors, which name the missing privilege, and also sees the responses of the API.
 */
export function noteRefusals(audit: Notes) {
  return async function noteRefusals(ctx: Context, next: Next) {
    try {
      await next()
    } catch (error) {
      if (Object(error).status === 403) noteRefusal(audit, ctx, error)
      throw error
    }
    if (ctx.status === 403) noteRefusal(audit, ctx, undefined)
  }
}

function noteRefusal(audit: Notes, ctx: Context, error: unknown): void {
  // A request has no session if it was refused before it reached the session middleware.
  const user = ctx.session?.userId === undefined ? undefined : ctx.session
  const privilege = error instanceof SessionError ? error.privilege : undefined
  audit.note({
    event: 'refused',
    ...originOf(ctx),
    userId: user?.userId,
    userName: user?.userName,
    sessionId: user?.id,
    // The query is left out, because it may contain a password.
    detail: `${ctx.method} ${maskSecrets(ctx.path).slice(0, 120)}${privilege === undefined ? '' : `: needs ${privilege}`}`,
  })
}
