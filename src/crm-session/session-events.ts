import type { Context, Next } from 'koa'
import { deviceKey } from '../web/device-key.ts'
import type { EventStream, EventStreams } from '../web/event-streams.ts'
import { sessionMark } from './acting-user.ts'
import type { CrmSession, CrmSessions } from './crm-session.ts'
import { aboutJoinedDevice } from './joined-devices.ts'

/**
 * Lets only signed-in users open an event stream. Other users get status 204, after which a browser does not reconnect.
 * The middleware neither starts a session nor extends the idle timeout.
 */
export function onlyWhileSignedIn() {
  return async function onlyWhileSignedIn(ctx: Context, next: Next) {
    if (ctx.session === null || ctx.session.isNew || ctx.session.isGuest()) ctx.status = 204
    else await next()
  }
}

/** Creates an event stream that first sends "session" with the session's mark, "joined" when a link has signed in another device, and "ended" when the session has ended or this browser's cookie is revoked. */
export function sessionEvents({
  sessions,
  streams,
}: {
  sessions: Pick<CrmSessions, 'cookieName' | 'watch' | 'storage'> | null
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
    // If too many streams are open, the status is 503. After 204, the page would act as if the session had ended.
    const stream = streams.open(ctx, key, over.signal, { session, whenFull: 503 })
    if (stream === undefined) return
    stream.send('session', sessionMark(ctx))
    void tellJoins(sessions, session, stream)
    const tellEnd = () => {
      stream.send('ended', {})
      stream.end()
    }
    if (session.signal.aborted) tellEnd()
    else session.signal.addEventListener('abort', tellEnd, { once: true })
  }
}

/** Subscribes before it reads, so it misses no device that joins. */
async function tellJoins(
  sessions: Pick<CrmSessions, 'watch' | 'storage'>,
  session: CrmSession,
  stream: EventStream,
): Promise<void> {
  const { id } = session
  const changes = sessions.watch(id, stream.signal)[Symbol.asyncIterator]()
  let told = session.storage.joined?.at
  try {
    while (!(await changes.next()).done) {
      const now = (await sessions.storage(id)) ?? {}
      const text = aboutJoinedDevice(now, session)
      if (text !== '' && now.joined?.at !== told) stream.send('joined', { text })
      told = now.joined?.at ?? told
    }
  } catch {
    // While the store is unavailable, the next page tells the user.
  }
}
