import type { Context, Next } from 'koa'
import { safeNext } from '../session/http/index.ts'
import { SessionError } from '../session/index.ts'

/**
 * For a form whose handler rotates the cookie. If the form is sent twice, the second request arrives with the former
 * cookie or loses its session. It is redirected to `result`, the page that shows the result of the first request.
 */
export function redirectRepeatedForm(result: string) {
  return async function redirectRepeatedForm(ctx: Context, next: Next) {
    const { next: wanted } = Object(ctx.request.body) as Record<string, unknown>
    const toResult = () => {
      ctx.status = 303
      ctx.redirect(safeNext(wanted) ?? result)
    }
    if (ctx.session?.cookieWasReplaced) return toResult()
    try {
      await next()
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
      toResult()
    }
  }
}
