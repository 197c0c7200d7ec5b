import type { Context, Next } from 'koa'
import { deviceKey } from '../web/device-key.ts'
import type { EventStreams } from '../web/event-streams.ts'

/**
 * For event streams of signed-in users. Others get 204, which stops the browser from reconnecting; HEAD asks only for that. Never
 * begins or touches a session.
 */
export function onlyWhileSignedIn() {
  return async function onlyWhileSignedIn(ctx: Context, next: Next) {
    if (ctx.session === null || ctx.session.isNew || ctx.session.isGuest()) ctx.status = 204
    else if (ctx.method === 'GET') await next()
    else ctx.status = 200
  }
}

/** `/session/events`: tells the pages of a browser that its session, or its cookie, has ended. */
export function sessionEvents({
  sessions,
  streams,
}: {
  sessions: { readonly cookieName: string } | null
  streams: EventStreams
}) {
  return async function sessionEvents(ctx: Context) {
    const { session } = ctx
    if (sessions === null || session === null) {
      ctx.status = 204
      return
    }
    const over = new AbortController()
    const key = `session ${deviceKey(ctx, sessions.cookieName)}`
    // Not 204 at the limit: that would say that the session has ended.
    const stream = streams.open(ctx, key, over.signal, { whenFull: 503 })
    if (stream === undefined) return
    const tellEnd = () => {
      stream.send('ended', {})
      stream.end()
    }
    if (session.signal.aborted) tellEnd()
    else session.signal.addEventListener('abort', tellEnd, { once: true })
  }
}
