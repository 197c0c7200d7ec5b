interface Shared<T> {
  readonly session: Promise<T>
  readonly isSent: () => boolean
}

const shared = new WeakMap<object, WeakMap<Request, Shared<unknown>>>()

/**
 * Returns a function that opens the session of a request once, even if several mounts run at the same time. The
 * function returns the session with `isFirst`, which is true for the mount that has opened the session.
 * @param resume the function `resume` or `resumeToken` of the manager. A copy of a manager has the same function, so
 * the copy and the original share the session.
 */
export function sharePerRequest<T>(resume: object) {
  const sessions = (shared.get(resume) ?? new WeakMap()) as WeakMap<Request, Shared<T>>
  shared.set(resume, sessions)
  return async function share(
    request: Request,
    { isSent, open }: { isSent: () => boolean; open: () => Promise<T> },
  ): Promise<{ session: T; isFirst: boolean }> {
    const earlier = sessions.get(request)
    // A returned response can get no cookie. Another response to the same request therefore gets a new session object.
    if (earlier && !earlier.isSent()) return { session: await earlier.session, isFirst: false }
    const session = open()
    const entry = { session, isSent }
    sessions.set(request, entry)
    try {
      return { session: await session, isFirst: true }
    } catch (error) {
      if (sessions.get(request) === entry) sessions.delete(request)
      throw error
    }
  }
}
