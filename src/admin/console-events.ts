import type { Context } from 'koa'
import { signedIn } from '../crm-session/crm-session.ts'
import { deviceKey } from '../web/device-key.ts'
import type { EventStreams } from '../web/event-streams.ts'
import type { SessionChanges } from './session-changes.ts'

/** Sends an event to each open console when a session has changed. */
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
    const key = `console ${deviceKey(ctx, cookieName)}`
    // After status 503, the page opens the stream again later. After 204, it would not.
    const stream = streams.open(ctx, key, signedIn(ctx).session.signal, { whenFull: 503 })
    if (stream === undefined) return
    const stopWatching = changes.watch(() => stream.send('changed', {}))
    stream.signal.addEventListener('abort', stopWatching)
  }
}
