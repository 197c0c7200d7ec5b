import type { InApp, SessionStore } from '../../../src/session/store.ts'

const PER_APP = new Set(['presence', 'announcements'])
let apps = 0

/** Gives the applications of each test their own names, so that tests can share a server. */
export function withOwnApps<T extends SessionStore>(store: T): T {
  return renaming(store, ownName())
}

/** The two stores use the same application names, so they share their sessions. */
export function pairWithOwnApps(store: SessionStore, second: SessionStore) {
  const own = ownName()
  return { store: renaming(store, own), second: renaming(second, own) }
}

function ownName(): string {
  return `${process.pid}-${++apps}-`
}

function renaming<T extends object>(target: T, own: string): T {
  return new Proxy(target, {
    get(_, name) {
      const member = Reflect.get(target, name)
      if (PER_APP.has(String(name))) return member && renaming(member as object, own)
      if (typeof member !== 'function') return member
      return (call: InApp) => member.call(target, { ...call, app: `${own}${call.app}` })
    },
  })
}
