import { isLive, type SessionId } from '../record.ts'
import type { Context } from './context.ts'

const POLL_MILLISECONDS = 1000

/** Yields immediately after a change in this process, and within a second after a change in another process. */
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
      clock.after(POLL_MILLISECONDS, wake)
      await woken
    }
  } finally {
    for (const stop of stopListening) stop()
    signal.removeEventListener('abort', onAbort)
  }
}
