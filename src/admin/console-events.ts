import type { Context } from 'koa'
import { signedIn } from '../crm-session/crm-session.ts'
import { deviceKey } from '../web/device-key.ts'
import type { EventStreams } from '../web/event-streams.ts'
import type { SessionChanges } from './session-changes.ts'

/** Creates the event stream of the console. It sends the version first, and an event when a session has changed. */
export function consoleEvents({
  cookieName,
  streams,
  changes,
}: {
  cookieName: string
  streams: EventStreams
  /** Null when the server runs without sessions. */
  changes: SessionChanges | null
}) {
  return async function consoleEvents(ctx: Context) {
    if (changes === null) return
    const { session } = signedIn(ctx)
    const key = `console ${deviceKey(ctx, cookieName)}`
    // If too many streams are open, status 503 lets the page try again later. After 204, the page would give up.
    const stream = streams.open(ctx, key, session.signal, {
      session,
      whenFull: 503,
      isReserved: true,
    })
    if (stream === undefined) return
    const tell = (event: string) => stream.send(event, { version: changes.version })
    const stopWatching = changes.watch(() => tell('changed'))
    tell('version')
    stream.signal.addEventListener('abort', stopWatching)
  }
}
