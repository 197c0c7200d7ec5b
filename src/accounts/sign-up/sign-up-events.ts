import type { Context } from 'koa'
import { type CrmSessions, currentSession } from '../../crm-session/crm-session.ts'
import type { EventStreams } from '../../web/event-streams.ts'

type SessionsToWatch = Pick<CrmSessions, 'storage' | 'watch'>

/** The event stream at `/signup/events` tells the waiting page that the mailed link was opened, on any device. */
export function signUpEvents({ sessions, streams }: { sessions: SessionsToWatch | null; streams: EventStreams }) {
  return async function signUpEvents(ctx: Context) {
    const session = currentSession(ctx)
    // After a response with status 204, an EventSource does not reconnect.
    if (sessions === null || session.isNew) {
      ctx.status = 204
      return
    }
    const stream = streams.open(ctx, `sign-up ${session.id}`, session.signal, { session })
    if (stream === undefined) return
    void follow(sessions, session.id, stream).finally(stream.end)
  }
}

/** Sends the current sign-up step at once and after each change. Subscribes before it reads, so it misses no change. */
async function follow(
  sessions: SessionsToWatch,
  id: string,
  stream: { signal: AbortSignal; send(event: string, data: unknown): void },
): Promise<void> {
  const changes = sessions.watch(id, stream.signal)[Symbol.asyncIterator]()
  try {
    for (let next = changes.next(); ; next = changes.next()) {
      // If the read below fails, `next` is never awaited. Its rejection must not end the process.
      next.catch(() => {})
      const status = (await sessions.storage(id))?.status
      stream.send('status', { step: status?.step ?? '', email: status?.email ?? '' })
      if ((await next).done) return
    }
  } catch {
    // If the store is unavailable, the stream ends and the page reconnects.
  }
}
