const WRITE = 'call await session.use((storage) => { … }), which stores the change'
const READ = 'read session.storage'
const LIFETIME = 'call await session.setIdleTimeout(minutes)'
const LOGIN =
  'call await session.setPrivileges({ userName, userId }, { login: true }), which also rotates the session ID'
const LOGOUT = 'call await session.close()'
const ROTATE = 'call await session.secureSession(), which rotates the session ID; a login rotates it by itself'

/** Maps each property and method of other session libraries to the advice for the error message. */
const INSTEAD: Readonly<Record<string, string>> = {
  save: WRITE,
  commit: WRITE,
  manuallyCommit: WRITE,
  set: WRITE,
  update: WRITE,
  unset: WRITE,
  forget: WRITE,
  get: READ,
  has: READ,
  data: READ,
  populated: READ,
  cookie: `${LIFETIME}; createSessions() has the options of the cookie`,
  maxAge: LIFETIME,
  resetMaxAge: LIFETIME,
  keepAlive: LIFETIME,
  updateConfig: LIFETIME,
  touch: 'a request extends the idle timeout by itself; the option touch of sessions() excludes polls',
  regenerate: ROTATE,
  regenerateId: ROTATE,
  destroy: LOGOUT,
  invalidate: LOGOUT,
  deleteSession: LOGOUT,
  delete: LOGOUT,
  logout: LOGOUT,
  logOut: LOGOUT,
  login: LOGIN,
  logIn: LOGIN,
  clear: LOGOUT,
  user: `${LOGIN}, and read session.userId`,
  passport: `authenticate with { session: false }, then ${LOGIN}; to log out, ${LOGOUT}`,
}

/** Maps read-only properties and `flash` to the advice for the error message of an assignment. */
const SET_BY: Readonly<Record<string, string>> = {
  storage: WRITE,
  flash: 'call await session.flash(text), and await session.takeFlash() on the next page',
  sessionVars: 'call session.setSessionVar(name, text) and await session.save()',
  id: ROTATE,
  isNew: `${LOGOUT} to end the session`,
  userName: LOGIN,
  userId: LOGIN,
  idleTimeout: LIFETIME,
  expirationDate: LIFETIME,
  authenticatedAt: 'call await session.renew({ login: true }) after the password check',
}

/**
 * The last object in the prototype chain of a session. JavaScript reads this proxy only for names that a session does
 * not have, so access to real members stays fast. A proxy around the session would break the session's private fields.
 */
const foreignMembers = new Proxy(
  {},
  {
    get(target, name, receiver) {
      if (typeof name === 'string' && Object.hasOwn(INSTEAD, name))
        throw new TypeError(`A session has no ${name}: ${INSTEAD[name]}.`)
      return Reflect.get(target, name, receiver)
    },
    set(_target, name) {
      const isForeign = typeof name === 'string' && Object.hasOwn(INSTEAD, name)
      throw new TypeError(`session.${String(name)} cannot be assigned: ${isForeign ? INSTEAD[name] : WRITE}.`)
    },
  },
)

/**
 * Changes the prototype so that an assignment to a session throws. Reading a member of another session library also
 * throws. The error says what to call instead.
 */
export function refuseForeignMembers(prototype: object): void {
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const set = () => refuseAssignment(name)
    if (member.get) Object.defineProperty(prototype, name, { ...member, set })
    else if (Object.hasOwn(SET_BY, name)) Object.defineProperty(prototype, name, { get: () => member.value, set })
    else Object.defineProperty(prototype, name, { ...member, writable: false })
  }
  if (Object.getPrototypeOf(prototype) !== Object.prototype) return
  Object.setPrototypeOf(prototype, foreignMembers)
  // Each promise that resolves to a session reads `then`. This property prevents the read from reaching the proxy.
  Object.defineProperty(prototype, 'then', { value: undefined })
}

/** @throws TypeError if a callback was passed, because `call` returns a promise and would ignore the callback. */
export function refuseCallback(call: string, callback: readonly unknown[]): void {
  if (callback.length > 0) throw new TypeError(`${call}() takes no callback: call await session.${call}().`)
}

function refuseAssignment(name: string): never {
  throw new TypeError(`session.${name} cannot be assigned: ${SET_BY[name] ?? 'the layer sets it'}.`)
}
