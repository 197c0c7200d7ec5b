import { setTimeout as pause } from 'node:timers/promises'

/** A connection of ioredis or node-redis, with the members that the store uses to reconnect. */
type Reconnectable = ReconnectableIoredis | ReconnectableNodeRedis

export interface ReconnectableIoredis {
  readonly status?: string
  disconnect?(reconnect: boolean): void
  once?(event: 'ready', listener: () => void): unknown
}

export interface ReconnectableNodeRedis {
  readonly isReady?: boolean
  destroy?(): void
  connect?(): Promise<unknown>
}

export interface Reconnection {
  /** Resolves when the connections are open, or after a second. `undefined` while no reconnection runs. */
  readonly running: Promise<unknown> | undefined
  /** The number of commands that wait for a reply. A reconnection first waits briefly for these replies. */
  inFlight: number
  /** Begins a reconnection, at most once a second. Returns whether a reconnection is running. */
  begin(): boolean
}

// Commands wait during a reconnection. This interval limits how often they wait when a server stays read-only.
const SHORTEST_INTERVAL_MILLISECONDS = 1000
const PATIENCE_MILLISECONDS = 1000
const REPLY_MILLISECONDS = 100

const reconnections = new WeakMap<Reconnectable, Reconnection & { connections: Set<Reconnectable> }>()

/**
 * Opens a connection and its subscriber again, at most once a second. Call this function when your own code, such as a
 * rate limiter, sends a command on the connection and Redis replies READONLY. The store itself reconnects after such a
 * reply to its own commands.
 */
export function reconnectRedis(client: Reconnectable): void {
  reconnectionOf(client).begin()
}

/** All stores on one connection share its reconnections. */
export function reconnectionOf(client: Reconnectable, subscriber?: Reconnectable): Reconnection {
  const known = reconnections.get(client) ?? newReconnection(client)
  reconnections.set(client, known)
  if (subscriber) known.connections.add(subscriber)
  return known
}

function newReconnection(client: Reconnectable): Reconnection & { connections: Set<Reconnectable> } {
  let earliest = 0
  const reconnection = {
    connections: new Set([client]),
    inFlight: 0,
    running: undefined as Promise<unknown> | undefined,
    begin() {
      const now = performance.now()
      if (now >= earliest && !reconnection.running) {
        earliest = now + SHORTEST_INTERVAL_MILLISECONDS
        const opened = replies().then(() => Promise.all([...reconnection.connections].map(reopen)))
        reconnection.running = Promise.race([opened, wait(PATIENCE_MILLISECONDS)]).then(() => {
          reconnection.running = undefined
        })
      }
      return reconnection.running !== undefined
    },
  }
  async function replies(): Promise<void> {
    const end = performance.now() + REPLY_MILLISECONDS
    do await wait(1)
    while (reconnection.inFlight > 0 && performance.now() < end)
  }
  return reconnection
}

const wait = (milliseconds: number) => pause(milliseconds, undefined, { ref: false })

/**
 * Opens a connection again. Does nothing if the connection is not ready, because then the client is opening it or the
 * application has closed it.
 */
async function reopen(connection: Reconnectable): Promise<void> {
  if ('disconnect' in connection && 'status' in connection) {
    if (connection.status !== 'ready') return
    const opened = new Promise<void>((resolve) => connection.once?.('ready', resolve))
    connection.disconnect?.(true)
    await opened
  } else if ('isReady' in connection && connection.isReady && connection.connect) {
    connection.destroy?.()
    // The client reports a failure as an 'error' event.
    await connection.connect().catch(() => {})
  }
}
