import type { FoundOTP } from '../store.ts'
import type { RequestSession } from './request-session.ts'

/** The interval of the checks for a store without notifications. */
const POLL_MILLISECONDS = 1000
/** The interval of the checks for a store with notifications. The checks are needed if a notification is lost. */
const FALLBACK_POLL_MILLISECONDS = 30_000

/**
 * Returns a signal that aborts when the session or the credential of the request ends. After an end in this process,
 * the signal aborts immediately. After an expiry or an end in another process, the signal aborts within a second. A
 * store failure never aborts the signal. The signal does not abort after the end of the request. For a request without
 * a live credential, the signal never aborts.
 */
export function watchEnd({ state, context, exchange }: RequestSession): AbortSignal {
  const controller = new AbortController()
  if (state.is !== 'live') return controller.signal
  const { record, credential } = state
  const { store, clock, events, ends } = context
  let cancelCheck = () => {}
  let stopped = false
  let checking = false
  let checkAgain = false
  const stop = () => {
    stopped = true
    for (const off of stopListening) off()
    cancelCheck()
  }
  const abort = () => {
    stop()
    controller.abort()
  }
  const check = async () => {
    if (checking) {
      checkAgain = true
      return
    }
    checking = true
    cancelCheck()
    const found = await store.find({ id: record.id, hash: credential.hash }).catch(() => 'unknown' as const)
    checking = false
    if (stopped) return
    if (found !== 'unknown' && found?.state !== 'live') return abort()
    if (checkAgain) {
      checkAgain = false
      void check()
    } else checkLater(found === 'unknown' ? undefined : endOf(found))
  }
  const checkLater = (end: number | undefined) => {
    const wait =
      ends.isNotified && end !== undefined ? Math.min(end - clock.now(), FALLBACK_POLL_MILLISECONDS) : POLL_MILLISECONDS
    cancelCheck = clock.after(Math.max(wait, 0), () => void check())
  }
  const stopListening = [
    events.on('ended', ({ id }) => id === record.id && abort()),
    events.on('renewed', ({ id, others }) => id === record.id && others === 'end' && abort()),
    events.on('detached', ({ id, handle }) => id === record.id && handle === credential.handle && abort()),
    ends.watch(record.id, () => void check()),
  ]
  exchange.onClose(stop)
  // The session may have ended between the beginning of the request and the first read of the signal.
  if (!stopped) void check()
  return controller.signal
}

function endOf({ session, credential }: FoundOTP): number {
  return Math.min(session.end, credential.expiresAt)
}
