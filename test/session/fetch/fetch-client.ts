import { createSessions, type Session, type SessionOptions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'

export interface Stored {
  count?: number
}
export type StoredSession = Session<Stored>

export const COOKIE = '4DSID_TEST'
export const ANA = { userId: '4', userName: 'Ana' }

/** A manager, and the number of its timers that are waiting for the end of a session. */
export function watchedManager(options: Partial<SessionOptions<Stored, string, string>> = {}) {
  const timers = new Set<object>()
  const clock = {
    now: () => Date.now(),
    after(milliseconds: number, run: () => void) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, milliseconds)
      timer.unref()
      timers.add(timer)
      return () => {
        clearTimeout(timer)
        timers.delete(timer)
      }
    },
  }
  const manager = createSessions({
    appName: 'TEST',
    store: memoryStore(),
    secureCookie: false,
    guests: 'first-write',
    clock,
    ...options,
  })
  const ownTimers = timers.size
  return { manager, watching: () => timers.size - ownTimers }
}

interface Sent {
  method?: string
  cookie?: string
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** The request of a page navigation. */
export function requestOf(path = '/', { method = 'GET', cookie, headers, signal }: Sent = {}): Request {
  const all = {
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Site': 'same-origin',
    'Sec-Fetch-Dest': 'document',
    ...headers,
  }
  return new Request(`http://shop.example${path}`, {
    method,
    headers: cookie === undefined ? all : { ...all, Cookie: cookie },
    ...(signal && { signal }),
  })
}

/** The names of the cookies that a response sets. */
export function cookiesOf({ headers }: Response): string[] {
  return headers.getSetCookie().map((cookie) => cookie.split('=', 1)[0] ?? '')
}

/** The session cookie of a response, as a browser sends it. */
export function cookieOf({ headers }: Response): string {
  return (
    headers
      .getSetCookie()
      .find((cookie) => cookie.startsWith(COOKIE))
      ?.split(';', 1)[0] ?? ''
  )
}

/** A stream that sends one chunk and ends when `signal` aborts. `isOpen` is whether the stream still runs. */
export function streamUntil(signal: () => AbortSignal): { body: ReadableStream<Uint8Array>; isOpen: () => boolean } {
  let isOpen = true
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('open\n'))
      signal().addEventListener('abort', () => {
        isOpen = false
        controller.close()
      })
    },
    cancel() {
      isOpen = false
    },
  })
  return { body, isOpen: () => isOpen }
}
