import type { RequestSession } from './request-session.ts'

/** Where the store does not notify, an end in another process is noticed after at most this long. */
const LOOK_MILLISECONDS = 1000
/** Where it does, for a notification that was missed. */
const SAFETY_LOOK_MILLISECONDS = 30_000

/**
 * A signal that aborts when the session or this request's credential of it ends: at once for an end in this process, within a
 * second for an expiry or an end in another one. A store that does not answer ends nothing. Watching stops with the request.
 * A guest's signal never aborts: there is nothing that could end.
 */
export function watchEnd({ state, context, exchange }: RequestSession): AbortSignal {
  const controller = new AbortController()
  if (state.is !== 'live') return controller.signal
  const { record, credential } = state
  const { store, clock, events, ends } = context
  let cancelLook = () => {}
  let stopped = false
  let looking = false
  let askedAgain = false
  const stop = () => {
    stopped = true
    for (const off of stopListening) off()
    cancelLook()
  }
  const abort = () => {
    stop()
    controller.abort()
  }
  const look = async () => {
    if (looking) {
      askedAgain = true
      return
    }
    looking = true
    cancelLook()
    const found = await store.find({ id: record.id, hash: credential.hash }).catch(() => 'unknown' as const)
    looking = false
    if (stopped) return
    if (found !== 'unknown' && found?.state !== 'live') return abort()
    if (askedAgain) {
      askedAgain = false
      void look()
    } else lookLater(found === 'unknown' ? undefined : found?.session.end)
  }
  const lookLater = (end: number | undefined) => {
    const wait =
      ends.isNotified && end !== undefined ? Math.min(end - clock.now(), SAFETY_LOOK_MILLISECONDS) : LOOK_MILLISECONDS
    cancelLook = clock.after(Math.max(wait, 0), () => void look())
  }
  const stopListening = [
    events.on('ended', ({ id }) => id === record.id && abort()),
    events.on('renewed', ({ id, others }) => id === record.id && others === 'end' && abort()),
    events.on('detached', ({ id, handle }) => id === record.id && handle === credential.handle && abort()),
    ends.watch(record.id, () => void look()),
  ]
  exchange.onClose(stop)
  if (!stopped) lookLater(record.end)
  return controller.signal
}
