import type { Context, Next } from 'koa'
import { SessionError } from '../session/index.ts'
import { originOf } from '../web/request-origin.ts'
import type { Notes } from './follow-sessions.ts'

/**
 * Koa middleware that notes to whom a door was closed (403). Mount it above everything that answers for itself, an API for instance;
 * and once more below what words errors, where the error still tells which privilege was missing. Each request is noted once.
 */
export function noteRefusals(audit: Notes) {
  const noted = new WeakSet<Context>()
  const noteOnce = (ctx: Context, error: unknown) => {
    if (noted.has(ctx)) return
    noted.add(ctx)
    noteRefusal(audit, ctx, error)
  }
  return async function noteRefusals(ctx: Context, next: Next) {
    try {
      await next()
    } catch (error) {
      if (Object(error).status === 403) noteOnce(ctx, error)
      throw error
    }
    if (ctx.status === 403) noteOnce(ctx, undefined)
  }
}

function noteRefusal(audit: Notes, ctx: Context, error: unknown): void {
  // Those that are refused before anybody looked at their cookie have no session at all.
  const user = ctx.session?.userId === undefined ? undefined : ctx.session
  const privilege = error instanceof SessionError ? error.privilege : undefined
  audit.note({
    event: 'refused',
    ...originOf(ctx),
    userId: user?.userId,
    userName: user?.userName,
    sessionId: user?.id,
    // The path alone: what stands behind it may be a one-time token.
    detail: `${ctx.method} ${ctx.path.slice(0, 120)}${privilege === undefined ? '' : `: needs ${privilege}`}`,
  })
}
