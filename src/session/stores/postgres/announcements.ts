import type { SessionId } from '../../record.ts'
import type { Announcements } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'
import { fromStoredJson } from './rows.ts'
import { CHANNEL } from './sql-fragments.ts'

type Listener = (id: SessionId | undefined) => void
/** The application and the id of the ended session. `undefined` stands for any application or any session. */
type Notification = [app: string | undefined, id: SessionId | undefined]

// The shortest and the longest pause before a reconnection.
const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 5000
// A query at this interval detects a connection that was lost without an error, and a server that has become read-only.
// A server may become read-only because another server has replaced it. Sessions then end on the other server, which a
// new connection may reach.
const HEARTBEAT_MILLISECONDS = 5000
const HEARTBEAT = `SELECT current_setting('transaction_read_only') = 'on' AS is_read_only`

/** All listeners share one connection, which is open as long as there are listeners. */
export function postgresAnnouncements(pool: PostgresPool, deadlineMilliseconds: number): Announcements {
  const listeners = new Set<{ app: string; listener: Listener }>()
  let disconnect: (() => void) | undefined

  function notify(...[app, id]: Notification): void {
    for (const entry of [...listeners]) if (app === undefined || entry.app === app) entry.listener(id)
  }

  return {
    listen({ app, listener }) {
      const entry = { app, listener }
      listeners.add(entry)
      disconnect ??= keepListening(pool, deadlineMilliseconds, notify)
      return () => {
        listeners.delete(entry)
        if (listeners.size > 0) return
        disconnect?.()
        disconnect = undefined
      }
    },
  }
}

function keepListening(
  pool: PostgresPool,
  deadlineMilliseconds: number,
  notify: (...notification: Notification) => void,
): () => void {
  let isStopped = false
  let failures = 0
  let disconnect = () => {}
  let timer: NodeJS.Timeout | undefined

  function later(milliseconds: number, run: () => void): void {
    timer = setTimeout(run, milliseconds).unref()
  }

  async function connect(): Promise<void> {
    const connecting = pool.connect()
    let client: PostgresClient
    try {
      client = await withinDeadline(connecting, deadlineMilliseconds, 'PostgreSQL')
    } catch {
      connecting.then((late) => late.release()).catch(() => {})
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
    disconnect = () => close(() => {})
    const lose = () => close(tryAgain)
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ channel, payload }) => {
      if (channel === CHANNEL) notify(...notificationOf(payload))
    })
    if (isStopped) return disconnect()
    client.unref?.()
    const query = (text: string) => withinDeadline(client.query({ text }), deadlineMilliseconds, 'PostgreSQL')
    const check = async () => {
      const [row] = (await query(HEARTBEAT)).rows as { is_read_only: boolean }[]
      if (row?.is_read_only) lose()
      else if (isOpen) beat()
    }
    const beat = () => later(HEARTBEAT_MILLISECONDS, () => void check().catch(lose))
    try {
      await query(`LISTEN ${CHANNEL}`)
    } catch {
      return lose()
    }
    if (!isOpen) return
    failures = 0
    beat()
    // This process may have missed notifications before the connection listened. Each listener must therefore read its
    // session again.
    notify(undefined, undefined)
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
    disconnect()
  }
}

/** An invalid payload stands for any session of any application. */
function notificationOf(payload = ''): Notification {
  try {
    const [app, id] = fromStoredJson(payload) as [string, string | null]
    return [app, id ?? undefined]
  } catch {
    return [undefined, undefined]
  }
}
