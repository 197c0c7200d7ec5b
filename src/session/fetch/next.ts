import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { errorResponse, sessionHandler } from './index.ts'

const OF_NEXT = /^[A-Z]+(_[A-Z]+)+(;|$)/

type Options<C> = NonNullable<Parameters<typeof sessionHandler<object, string, string, C>>[2]>

/**
 * Returns a route handler of Next.js (`app/…/route.ts`). `redirect()` and `notFound()` of Next.js work, and the
 * session's cookie is part of their responses.
 * @example export const GET = sessionRoute(manager, async (request, session) => Response.json(session.storage))
 */
export function sessionRoute<S extends object, P extends string, R extends string, C = unknown>(
  manager: Sessions<S, P, R>,
  handler: (request: Request, session: Session<S, P, R>, context: C) => Response | Promise<Response>,
  options: Options<C> = {},
) {
  const { onError = errorResponse } = options
  return sessionHandler(manager, handler, {
    ...options,
    onError: (error, request) => responseOfNext(error) ?? onError(error, request),
  })
}

/**
 * Returns the response that Next.js makes of its own errors. `redirect()` and `notFound()` throw such an error. Rethrows
 * other errors of Next.js. Returns undefined for errors of the application.
 */
function responseOfNext(error: unknown): Response | undefined {
  const { digest } = Object(error) as { digest?: unknown }
  if (typeof digest !== 'string' || !OF_NEXT.test(digest)) return undefined
  const parts = digest.split(';')
  if (parts[0] === 'NEXT_HTTP_ERROR_FALLBACK') return new Response(null, { status: Number(parts[1]) })
  // NEXT_REDIRECT;<push or replace>;<URL>;<status>; — the URL may contain semicolons.
  if (parts[0] !== 'NEXT_REDIRECT') throw error
  const [location, status] = [parts.slice(2, -2).join(';'), Number(parts.at(-2))]
  return new Response(null, { status, headers: { Location: location } })
}
