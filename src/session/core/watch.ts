import { isLive, type SessionId } from '../record.ts'
import { wait } from './clock.ts'
import type { Context } from './context.ts'

/** A change made by another process is noticed after at most this long. */
const LOOK_MILLISECONDS = 1000

/** Yields when the session's version moved: at once for a change in this process, within a second for one in another. */
export async function* watchChanges(context: Context, id: SessionId, signal: AbortSignal): AsyncGenerator<void> {
  const { store, clock, events } = context
  let wake = () => {}
  const stopListening = [
    events.on('changed', (event) => event.id === id && wake()),
    events.on('ended', (event) => event.id === id && wake()),
  ]
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    let version: number | undefined
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const record = await store.get({ id })
      if (!record || !isLive(record, clock.now())) return
      if (version !== undefined && record.version !== version) yield
      version = record.version
      await Promise.race([woken, wait(clock, LOOK_MILLISECONDS)])
    }
  } finally {
    for (const stop of stopListening) stop()
    signal.removeEventListener('abort', onAbort)
  }
}
