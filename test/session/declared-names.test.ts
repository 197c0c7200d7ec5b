import assert from 'node:assert/strict'
import { test } from 'node:test'
import type Koa from 'koa'
import {
  createSessions,
  type PrivilegeOf,
  type Session,
  type SessionOf,
  type Sessions,
  storageOf,
} from '../../src/session/index.ts'
import { requirePrivilege, requireUser, sessions, tokenSessions } from '../../src/session/koa/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'

// Each line below `@ts-expect-error` must have a type error. Otherwise the type check of `npm test` fails.

interface ShopStorage {
  cart?: string[]
}

const shop = () =>
  createSessions({
    appName: 'SHOP',
    store: memoryStore(),
    storage: storageOf<ShopStorage>(),
    roles: { clerk: ['viewOrders'], boss: ['hire', 'viewOrders'] },
    privileges: { hire: ['viewStaff'], viewStaff: [], close: [] },
  })

type ShopSession = SessionOf<ReturnType<typeof shop>>
type ShopApp = Koa<Koa.DefaultState, { session: ShopSession }>

test('[NAME-6] the compiler refuses undeclared roles, undeclared privileges and a manager with another storage type, without type arguments', async () => {
  const manager = shop()
  same<
    ShopSession,
    Session<ShopStorage, 'viewOrders' | 'hire' | 'viewStaff' | 'close' | 'WebAdmin', 'clerk' | 'boss'>
  >()

  const handlers = [
    (session: ShopSession) => session.setPrivileges({ roles: ['clerk', 'boss'], privileges: 'hire' }),
    (session: ShopSession) => session.setPrivileges('hire,close'),
    // @ts-expect-error: the role is misspelt
    (session: ShopSession) => session.setPrivileges({ roles: ['clrk'] }),
    // @ts-expect-error: the role is misspelt, in a text instead of a list
    (session: ShopSession) => session.setPrivileges({ roles: 'clrk' }),
    // @ts-expect-error: the privilege is misspelt
    (session: ShopSession) => session.setPrivileges(['hier']),
    // @ts-expect-error: the privilege is misspelt
    (session: ShopSession) => session.hasPrivilege('hier'),
    // @ts-expect-error: the option is misspelt
    (session: ShopSession) => session.createOTP({ lifeSpan: 60 }),
    // @ts-expect-error: other session libraries have this member, and this layer does not
    (session: ShopSession) => session.save(),
    // @ts-expect-error: other session libraries have this member, and this layer does not
    (session: ShopSession) => session.views++,
    // @ts-expect-error: other session libraries have this member, and this layer does not
    (session: ShopSession) => delete session.views,
    // @ts-expect-error: only the layer sets the userId
    (session: ShopSession) => Object.is((session.userId = '4'), ''),
    // @ts-expect-error: a callback, as in express-session
    (session: ShopSession) => session.reload(() => {}),
    // @ts-expect-error: a callback, as in express-session's destroy
    (session: ShopSession) => session.close(() => {}),
    // @ts-expect-error: the storage is read-only
    (session: ShopSession) => session.storage.cart?.push('tea'),
    // @ts-expect-error: the storage has no such key
    (session: ShopSession) => session.use((storage) => storage.crat),
  ]
  assert.ok(handlers.every((handler) => typeof handler === 'function'))
  // @ts-expect-error: the role is misspelt
  await assert.rejects(manager.newToken('4', { roles: ['clrk'] }), /the role clrk is not declared. Did you mean clerk/)
  // @ts-expect-error: the option is misspelt
  assert.throws(() => createSessions({ appName: 'X', store: memoryStore(), maxSesions: 1 }))

  const LOGIN = { loginPath: '/login' }
  const other = createSessions({ appName: 'X', store: memoryStore(), storage: storageOf<{ theme?: string }>() })
  const mount = (app: ShopApp) => {
    app.use(sessions(manager))
    app.use(tokenSessions(manager, { mount: '/api' }))
    app.use(requirePrivilege('hire', LOGIN))
    app.use(requireUser(LOGIN))
    // @ts-expect-error: the application declares no such privilege
    app.use(requirePrivilege('fire', LOGIN))
    // @ts-expect-error: the sessions of `other` have another storage type
    app.use(sessions(other))
    // @ts-expect-error: the sessions of `other` have another storage type
    app.use(tokenSessions(other, { mount: '/api' }))
  }
  assert.equal(typeof mount, 'function')
})

test('[NAME-6] the older forms with explicit types still compile', () => {
  const options = { appName: 'X', store: memoryStore() }
  const declared = { roles: { clerk: ['viewOrders'] }, privileges: { hire: ['viewOrders'] } } as const
  const managers = [
    createSessions(options),
    createSessions<ShopStorage>({ ...options, roles: { clerk: ['viewOrders'] } }),
    createSessions<ShopStorage, PrivilegeOf<typeof declared>>({ ...options, ...declared }),
    createSessions({ ...options, ...(JSON.parse('{"roles":[{"role":"clerk","privileges":["view"]}]}') as object) }),
  ] as const
  same<(typeof managers)[0], Sessions<Record<string, unknown>, string, string>>()
  same<(typeof managers)[1], Sessions<ShopStorage, string, string>>()
  same<(typeof managers)[2], Sessions<ShopStorage, 'viewOrders' | 'hire' | 'WebAdmin', string>>()
  same<SessionOf<(typeof managers)[1] | null>, Session<ShopStorage, string, string> | null>()
  assert.equal(managers.length, 4)
})

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** A call compiles only if the two types are the same. */
function same<A, B>(..._: IsSame<A, B> extends true ? [] : ['the types differ']): void {}
