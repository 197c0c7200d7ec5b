import type { SessionId } from '../../record.ts'
import type { Announcements } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'
import { fromStoredJson } from './rows.ts'
import { CHANNEL } from './steps.ts'

type Listener = (id: SessionId | undefined) => void
/** Whom an announcement is meant for: all that is not named. */
type Meant = [app: string | undefined, id: SessionId | undefined]

// After a connection was lost or could not be had: the first pause, and how long pauses become.
const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 5000
// A connection that was cut without a word is noticed by asking.
const HEARTBEAT_MILLISECONDS = 5000

/** Ends that other processes made, by LISTEN: one connection for all who listen, and none while nobody does. */
export function postgresAnnouncements(pool: PostgresPool, deadlineMilliseconds: number): Announcements {
  const listeners = new Set<{ app: string; listener: Listener }>()
  let disconnect: (() => void) | undefined

  function tell(...[app, id]: Meant): void {
    for (const told of [...listeners]) if (app === undefined || told.app === app) told.listener(id)
  }

  return {
    listen({ app, listener }) {
      const entry = { app, listener }
      listeners.add(entry)
      disconnect ??= keepListening(pool, deadlineMilliseconds, tell)
      return () => {
        listeners.delete(entry)
        if (listeners.size > 0) return
        disconnect?.()
        disconnect = undefined
      }
    },
  }
}

/** Listens until it is told to stop, on one connection after the other. */
function keepListening(pool: PostgresPool, deadlineMilliseconds: number, tell: (...meant: Meant) => void): () => void {
  let isStopped = false
  let failures = 0
  let hangUp = () => {}
  let timer: NodeJS.Timeout | undefined

  function later(milliseconds: number, step: () => void): void {
    timer = setTimeout(step, milliseconds).unref()
  }

  async function connect(): Promise<void> {
    const asked = pool.connect()
    let client: PostgresClient
    try {
      client = await withinDeadline(asked, deadlineMilliseconds, 'PostgreSQL')
    } catch {
      asked.then((late) => late.release()).catch(() => {})
      return tryAgain()
    }
    let isOpen = true
    const close = (next: () => void) => {
      if (!isOpen) return
      isOpen = false
      clearTimeout(timer)
      client.release(true)
      next()
    }
    hangUp = () => close(() => {})
    const lose = () => close(tryAgain)
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ channel, payload }) => {
      if (channel === CHANNEL) tell(...announced(payload))
    })
    if (isStopped) return hangUp()
    client.unref?.()
    const ask = (text: string) => withinDeadline(client.query({ text }), deadlineMilliseconds, 'PostgreSQL')
    const beat = () => later(HEARTBEAT_MILLISECONDS, () => void ask('SELECT').then(() => isOpen && beat(), lose))
    try {
      await ask(`LISTEN ${CHANNEL}`)
    } catch {
      return lose()
    }
    if (!isOpen) return
    failures = 0
    beat()
    // What was announced until now may have been missed.
    tell(undefined, undefined)
  }

  function tryAgain(): void {
    if (isStopped) return
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** failures++, LONGEST_PAUSE_MILLISECONDS)
    later(pause * (0.5 + Math.random() / 2), () => void connect())
  }

  void connect()
  return () => {
    isStopped = true
    clearTimeout(timer)
    hangUp()
  }
}

/** What does not come from this store may mean anything. */
function announced(payload = ''): Meant {
  try {
    const [app, id] = fromStoredJson(payload) as [string, string | null]
    return [app, id ?? undefined]
  } catch {
    return [undefined, undefined]
  }
}
