import type { IncomingMessage, ServerResponse } from 'node:http'

interface Opened<T> {
  readonly res: ServerResponse
  readonly session: Promise<T>
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

type Share<T> = (exchange: Exchange, open: () => Promise<T>) => Promise<T>

const keys = new WeakMap<object, symbol>()

/**
 * Returns a function that opens the session of a request once, even if several mounts run at the same time. A property
 * of the request holds the session, because a WeakMap with an entry for each request would be slower than the rest of
 * the middleware.
 * @param resume the function `resume` or `resumeToken` of the manager. A copy of a manager has the same function, so
 * the copy and the original share the session.
 */
export function sharePerRequest<T>(resume: object): Share<T> {
  const key = keys.get(resume) ?? Symbol('opened')
  keys.set(resume, key)
  return ({ req, res }, open) => {
    const request = req as IncomingMessage & { [key: symbol]: Opened<T> | undefined }
    const opened = request[key]
    // A sent response can get no cookie. Another response to the same request therefore gets a new session object.
    if (opened && (opened.res === res || !opened.res.headersSent)) return opened.session
    const session = open()
    request[key] = { res, session }
    session.catch(() => {
      if (request[key]?.session === session) request[key] = undefined
    })
    return session
  }
}
