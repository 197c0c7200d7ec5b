import { headers } from 'next/headers'
import { crossOriginGuard, readSession } from '../../src/session/fetch/index.ts'
import { sessionRoute } from '../../src/session/fetch/next.ts'
import { createSessions, type SessionOf, storageOf } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'

function createManager() {
  return createSessions({
    appName: 'NEXT',
    store: memoryStore(),
    storage: storageOf<{ count?: number }>(),
    guests: 'first-write',
    secureCookie: false, // only for plain http on your own machine
  })
}

type Manager = ReturnType<typeof createManager>
type Session = SessionOf<Manager>

// Next.js can load this module several times, for instance after a change of a file.
const shared = globalThis as { manager?: Manager }
shared.manager ??= createManager()
const { manager } = shared

const refuseCrossOrigin = crossOriginGuard()

/** For route handlers: `export const POST = route(async (request, session) => …)`. */
export function route(handler: (request: Request, session: Session) => Response | Promise<Response>) {
  return sessionRoute(
    manager,
    (request, session) => {
      refuseCrossOrigin(request)
      return handler(request, session)
    },
    // Without a proxy that replaces this header, a client can send any address.
    { address: (request) => request.headers.get('x-forwarded-for') },
  )
}

/** For Server Components, which cannot set a cookie. */
export async function currentSession(): Promise<Session> {
  return readSession(manager, await headers())
}

/** After a POST, the browser must request the next page with GET. `redirect()` of Next.js would repeat the POST. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { Location: location } })
}
