const CURRENT = Symbol('session')

/** The current session of a request. `current` is null when the server runs without sessions. */
interface CurrentSession {
  readonly current: object | null
}

/** The object of a framework whose property `session` holds the session, for instance Koa's `ctx`. */
export interface HasSession {
  session?: unknown
  [CURRENT]?: CurrentSession | undefined
}

const OWN: PropertyDescriptor = { configurable: true, enumerable: true, writable: true }

/**
 * Returns a function that defines the property `session` of an object. An assignment to this property throws, because
 * an assignment would neither log out the user nor store anything. The returned function returns the previous session,
 * which another manager may have opened.
 * @param name the name of the object for the error message, for instance `ctx`.
 * @param placeOf returns the object or a prototype, on which the property is defined.
 */
export function sessionProperty(name: string, placeOf: (holder: object) => object) {
  const property: PropertyDescriptor = {
    configurable: true,
    enumerable: true,
    get(this: HasSession) {
      return this[CURRENT]?.current
    },
    set(this: HasSession, value: unknown) {
      const shown = this[CURRENT]
      // No session middleware handles this request, so the assigned value becomes an ordinary property.
      if (shown === undefined) Object.defineProperty(this, 'session', { ...OWN, value })
      else if (value !== shown.current)
        throw new TypeError(`${name}.session cannot be assigned: ${advice(name, shown.current, value)}.`)
    },
  }
  return function showSession(holder: HasSession, shown: CurrentSession): CurrentSession | undefined {
    const earlier = holder[CURRENT]
    holder[CURRENT] = shown
    if (holder.session !== shown.current) Object.defineProperty(placeOf(holder), 'session', property)
    return earlier
  }
}

/** Shows the session again that `showSession` has returned. */
export function showAgain(holder: HasSession, earlier: CurrentSession | undefined): void {
  if (earlier) holder[CURRENT] = earlier
}

/** Returns the prototype that all contexts share, if possible. A property of each single context would be slower. */
export function sharedPrototype(holder: object): object {
  const prototype = Object.getPrototypeOf(holder)
  return Object.hasOwn(holder, 'session') || prototype === null || prototype === Object.prototype ? holder : prototype
}

function advice(name: string, session: unknown, value: unknown): string {
  if (session === null) return 'the server runs without sessions'
  if (value === null || value === undefined) return `to log out, call await ${name}.session.close()`
  return `to store data, call await ${name}.session.use((storage) => { … })`
}
