import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import Koa from 'koa'
import { createSessions, type Session, type SessionStore } from '../../src/session/index.ts'
import { sessions } from '../../src/session/koa/index.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import type { StartContestant } from './contestant.ts'
import { MILLISECONDS_PER_CALL } from './slow-records.ts'

interface Shop {
  items?: string[]
}

const READS = new Set(['find', 'findOTP', 'get', 'credentials', 'list', 'count'])

const start: StartContestant = ({ hold }) => {
  const db = new Database(':memory:')
  const { store, writes } = slowed(sqliteStore(db))
  const manager = createSessions<Shop>({
    appName: 'SHOP',
    store,
    roles: { clerk: ['viewOrders'] },
    secureCookie: false,
    sweepSeconds: 0,
  })

  const pages: Record<string, (session: Session<Shop>, item: string) => unknown> = {
    '/page': () => {},
    '/write': (session, item) =>
      session.use((shop) => {
        shop.items = [...(shop.items ?? []), item]
      }),
    '/login': (session) => session.setPrivileges({ roles: ['clerk'], userName: 'ana', userId: '4' }, { login: true }),
    '/logout': (session) => session.close(),
  }

  const app = new Koa<Koa.DefaultState, { session: Session<Shop> }>()
  app.silent = true
  app.use(sessions(manager))
  app.use(async (ctx) => {
    const { before, after, item } = ctx.query as Record<string, string | undefined>
    const { session } = ctx
    await hold(before)
    await pages[ctx.path]?.(session, item ?? '')
    await hold(after)
    const { userName, storage } = session
    ctx.body = JSON.stringify({ user: userName === '' ? null : userName, items: storage.items ?? [] })
  })
  return { listener: app.callback(), store: { writes, texts: () => textsOf(db) }, forge }
}

export default start

/** Cookies of this layer are not signed. An attacker could combine each session ID with each text of the store. */
function forge(texts: readonly string[]): string[] {
  const ids = texts.filter((text) => /^[0-9A-F]{32}$/.test(text))
  return ids.flatMap((id) => texts.map((text) => `4DSID_SHOP=${id}.${text}`))
}

/** Returns a store with the delay that all contestants have, and a function that returns the number of its writes. */
function slowed(store: SessionStore): { store: SessionStore; writes: () => number } {
  let writes = 0
  const slow = new Proxy(store, {
    get(target, name: keyof SessionStore) {
      const method = target[name]
      if (typeof method !== 'function') return method
      return async (call: never) => {
        if (!READS.has(name)) writes++
        await pause(MILLISECONDS_PER_CALL)
        return (method as (call: never) => unknown).call(target, call)
      }
    },
  })
  return { store: slow, writes: () => writes }
}

function textsOf(db: Database.Database): string[] {
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()
  return tables.flatMap((table) => db.prepare(`SELECT * FROM "${table}"`).raw().all().flat().map(String))
}
