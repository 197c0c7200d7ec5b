import type { Context } from 'koa'
import { currentSession } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import type { EventStreams } from '../../web/event-streams.ts'

/** The two calls on sessions that are made here. */
export interface SessionsToWatch {
  storage(id: string): Promise<{ readonly status?: CrmStorage['status'] } | undefined>
  watch(id: string, signal: AbortSignal): AsyncIterable<void>
}

/** `/signup/events`: tells the waiting page that the link was opened, wherever that was. Touches and creates nothing. */
export function signUpEvents({ sessions, streams }: { sessions: SessionsToWatch | null; streams: EventStreams }) {
  return async function signUpEvents(ctx: Context) {
    const session = currentSession(ctx)
    // A browser whose session has ended has nothing to wait for; 204 tells it not to ask again.
    if (sessions === null || session.isNew || ctx.method !== 'GET') {
      ctx.status = 204
      return
    }
    const stream = streams.open(ctx, `sign-up ${session.id}`, session.signal)
    if (stream === undefined) return
    void follow(sessions, session.id, stream).finally(stream.end)
  }
}

/** Sends the step at once, and whenever it may have changed. Watching begins before the first look, so that nothing is missed. */
async function follow(
  sessions: SessionsToWatch,
  id: string,
  stream: { signal: AbortSignal; send(event: string, data: unknown): void },
): Promise<void> {
  const changes = sessions.watch(id, stream.signal)[Symbol.asyncIterator]()
  try {
    for (let next = changes.next(); ; next = changes.next()) {
      // When the look fails first, nobody waits for this one any more.
      next.catch(() => {})
      const status = (await sessions.storage(id))?.status
      stream.send('status', { step: status?.step ?? '', email: status?.email ?? '' })
      if ((await next).done) return
    }
  } catch {
    // A store that is down ends the stream; the page asks again.
  }
}
