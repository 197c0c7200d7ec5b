import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { Client } from './visitors.ts'

// A timer fires up to about a millisecond late.
const TIMER_MILLISECONDS = 2

// A slow server does not delay the benchmark for long.
const WARM_UP_SECONDS = 10

/** Node optimizes the code of a server while the server answers its first requests. */
export async function warmUp(client: Client, requests: number): Promise<void> {
  const end = performance.now() + WARM_UP_SECONDS * 1000
  let left = requests
  await everyConnection(client, async (connection) => {
    while (left-- > 0 && performance.now() < end) await client.ask(connection)
  })
}

/** Each connection sends its next request as soon as its last request is answered. All requests are answered. */
export async function asFastAsPossible(
  client: Client,
  seconds: number,
): Promise<{ answered: number; seconds: number }> {
  const start = performance.now()
  const end = start + seconds * 1000
  let answered = 0
  await everyConnection(client, async (connection) => {
    while (performance.now() < end) {
      await client.ask(connection)
      answered++
    }
  })
  return { answered, seconds: (performance.now() - start) / 1000 }
}

/**
 * Sends requests at a fixed rate, and returns the latency of each request in milliseconds. If all connections are busy
 * when a request is due, its latency includes the wait for a connection.
 */
export async function atFixedRate(client: Client, perSecond: number, seconds: number): Promise<number[]> {
  const latencies: number[] = []
  const count = Math.floor(perSecond * seconds)
  const start = performance.now()
  let next = 0
  await everyConnection(client, async (connection) => {
    while (next < count) {
      const due = start + (next++ * 1000) / perSecond
      // If this process is late itself, the server is not charged for it.
      const began = due > performance.now() ? await sleepUntil(due) : due
      await client.ask(connection)
      latencies.push(performance.now() - began)
    }
  })
  return latencies
}

async function sleepUntil(due: number): Promise<number> {
  for (;;) {
    const now = performance.now()
    if (now >= due) return now
    if (due - now > TIMER_MILLISECONDS) await pause(due - now - TIMER_MILLISECONDS)
    else await nextTurn()
  }
}

function everyConnection({ connections }: Client, run: (connection: number) => Promise<void>) {
  return Promise.all(Array.from({ length: connections }, (_, connection) => run(connection)))
}
