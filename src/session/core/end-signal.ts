import { answerOf } from './context.ts'
import type { Hold } from './request-session.ts'

/** Where the store tells nothing, an end in another process is noticed after at most this long. */
const LOOK_MILLISECONDS = 1000
/** Where it tells, for what it might have missed. */
const SAFETY_LOOK_MILLISECONDS = 30_000

/**
 * A signal that aborts when the session or this request's credential of it ends: at once for an end in this process, within a
 * second for an expiry or an end in another one. A store that does not answer ends nothing. Watching stops with the request.
 * A guest's signal never aborts: there is nothing that could end.
 */
export function watchEnd({ state, engine, carrier }: Hold): AbortSignal {
  const controller = new AbortController()
  if (state.is !== 'live') return controller.signal
  const { record, credential } = state
  const { store, appName, clock } = engine.policy
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
    const found = await answerOf(store.find(appName, record.id, credential.hash, clock.now())).catch(
      () => 'unknown' as const,
    )
    looking = false
    if (stopped) return
    if (found !== 'unknown' && found?.state !== 'live') return abort()
    if (askedAgain) {
      askedAgain = false
      void look()
    } else lookLater(found === 'unknown' ? undefined : found?.session.end)
  }
  const lookLater = (end: number | undefined) => {
    const isTold = engine.ends.isTold && end !== undefined
    const wait = isTold ? Math.min(end - clock.now(), SAFETY_LOOK_MILLISECONDS) : LOOK_MILLISECONDS
    cancelLook = clock.after(Math.max(wait, 0), () => void look())
  }
  const stopListening = [
    engine.events.on('ended', ({ id }) => id === record.id && abort()),
    engine.events.on('renewed', ({ id, others }) => id === record.id && others === 'end' && abort()),
    engine.events.on('detached', ({ id, handle }) => id === record.id && handle === credential.handle && abort()),
    engine.ends.watch(record.id, () => void look()),
  ]
  carrier.onClose(stop)
  if (!stopped) lookLater(record.end)
  return controller.signal
}
