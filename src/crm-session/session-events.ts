import type { Context, Next } from 'koa'
import { deviceKey } from '../web/device-key.ts'
import type { EventStreams } from '../web/event-streams.ts'

/**
 * For streams of signed-in people: whoever is none gets 204, which tells his browser not to ask again. HEAD asks just that. Never
 * begins, touches or consumes anything.
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
    // Not 204 where there is no place for its stream: that would say that the session has ended.
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
