import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import * as hono from '../../src/session/fetch/hono.ts'
import { copySessions, createSessions, type SessionOptions } from '../../src/session/index.ts'
import {
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../src/session/koa/index.ts'
import * as express from '../../src/session/node-http/express.ts'
import * as fastify from '../../src/session/node-http/fastify.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { postgresStore, preparePostgresStore } from '../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import { type LayerSession, PAGES, STORES, startLayer } from './support/layer.ts'

const options = (): SessionOptions => ({ appName: 'TEST', store: memoryStore(), roles: { clerk: ['view'] } })

test('[NAME-1] a misspelt option of createSessions is refused, and the message suggests the nearest name', () => {
  for (const [wrong, message] of [
    [
      { idleTimeoutMinuts: 5 },
      'idleTimeoutMinuts is not an option of createSessions(). Did you mean idleTimeoutMinutes?',
    ],
    [{ idletimeoutminutes: 5 }, /Did you mean idleTimeoutMinutes\?/],
    [{ maxSesions: 5 }, /Did you mean maxSessions\?/],
    [{ sotre: 5 }, /Did you mean store\?/],
    [{ rolling: true }, /^rolling is not an option of createSessions\(\)\. Its options: appName, store, /],
    [{ absoluteHours: { Web: 1 } }, 'Web is not an option of absoluteHours. Did you mean web?'],
    [{ absoluteHours: 12 }, 'absoluteHours takes an object with options, got a number.'],
    [
      { roles: [{ role: 'clerk', privilege: ['view'] }] },
      'privilege is not an option of roles[0]. Did you mean privileges?',
    ],
    [{ privileges: [{ privilege: 'all', include: [] }] }, /Did you mean includes\?/],
    [{ ['__proto__']: 1 }, /^__proto__ is not an option/],
    [{ roles: new Map([['clerk', ['view']]]) }, /^roles: expected an object or a list/],
  ] as const)
    assert.throws(() => createSessions({ ...options(), ...wrong } as never), { name: 'TypeError', message })
})

test('[NAME-1] a misspelt option of a store is refused, on the memory, SQLite, Redis and PostgreSQL stores', async (t) => {
  const database = new Database(':memory:')
  const redis = new Redis({ lazyConnect: true, maxRetriesPerRequest: 0, enableOfflineQueue: false })
  const pool = new Pool()
  t.after(() => {
    database.close()
    redis.disconnect()
    return pool.end()
  })
  for (const [open, message] of [
    [
      () => memoryStore({ maxSessions: 1 } as never),
      'maxSessions is not an option of memoryStore(). It takes no options.',
    ],
    [() => sqliteStore(database, { durabilty: 'crash' } as never), /sqliteStore\(\)\. Did you mean durability\?/],
    [() => sqliteStore(database, 'crash' as never), /takes an object with options, got a string/],
    [() => redisStore(redis, { prefx: 'x' } as never), /redisStore\(\)\. Did you mean prefix\?/],
    [
      () => postgresStore(pool, { deadlineMillis: 5 } as never),
      /postgresStore\(\)\. Did you mean deadlineMilliseconds\?/,
    ],
    [() => sqliteStore(database, { sweepUnusedApps: 'no' } as never), /sweepUnusedApps: true or false/],
    [() => postgresStore(pool, { sweepUnusedApps: 'no' } as never), /sweepUnusedApps: true or false/],
    [() => sqliteStore(database, { durability: 'none' } as never), /durability is 'power-loss' or 'crash'/],
    ...[undefined, 'x', {}, { client: redis }].flatMap((wrong): [() => unknown, RegExp][] => [
      [() => sqliteStore(wrong as never), /^sqliteStore\(\): pass an open database of better-sqlite3 .*, got /],
      [() => redisStore(wrong as never), /^redisStore\(\): pass a client of ioredis or node-redis, got /],
      [() => postgresStore(wrong as never), /^postgresStore\(\): pass a Pool of pg, got /],
    ]),
    [() => redisStore(redis, { deadlineMilliseconds: Number.NaN }), /deadlineMilliseconds: .* got NaN/],
    [() => postgresStore(pool, { deadlineMilliseconds: -1 }), /deadlineMilliseconds: .* got -1/],
  ] as const)
    assert.throws(open, { name: 'TypeError', message })
})

test('[NAME-1] a misspelt option of a middleware is refused when it is mounted', async () => {
  const manager = createSessions(options())
  for (const [mount, message] of [
    [() => sessions(manager, { onRequestend: () => {} } as never), /sessions\(\)\. Did you mean onRequestEnd\?/],
    [() => sessions(null, { tuch: () => true } as never), /Did you mean touch\?/],
    [() => express.sessions(null, { tuch: () => true } as never), /Did you mean touch\?/],
    [() => fastify.sessions(null, { tuch: () => true } as never), /Did you mean touch\?/],
    [() => hono.sessions(null, { tuch: () => true } as never), /Did you mean touch\?/],
    [() => tokenSessions(manager, { autosave: true } as never), /tokenSessions\(\)\. Did you mean autoSave\?/],
    [() => requirePrivilege('view', { login: '/login' } as never), /requirePrivilege\(\)\. Did you mean loginPath\?/],
    [
      () => requirePrivilege('view', undefined as never),
      /requirePrivilege\(\) takes an object with options, got undefined/,
    ],
    ...[undefined, {}, memoryStore(), 'manager'].flatMap((wrong): [() => unknown, RegExp][] => [
      [() => sessions(wrong as never), /^sessions\(\): pass the result of createSessions\(\)/],
      [() => tokenSessions(wrong as never), /^tokenSessions\(\): pass the result of createSessions\(\)/],
    ]),
    [() => sessions(manager, { touch: false } as never), 'sessions(): touch is a function, got a boolean.'],
    [() => sessions(manager, { opensLinks: true } as never), 'sessions(): opensLinks is a function, got a boolean.'],
    [() => sessions(null, { requestId: 'x' } as never), /requestId is a function, got a string/],
    [() => sessions(manager, { onRequestEnd: {} } as never), /onRequestEnd is a function, got an object/],
    [() => tokenSessions(manager, { requestId: 'x' } as never), /^tokenSessions\(\): requestId is a function/],
    [() => tokenSessions(manager, { autoSave: 'no' } as never), /autoSave: true or false/],
    [() => tokenSessions(manager, { anonymous: ['/signin'] }), /anonymous is a list of paths .* got \["\/signin"\]/],
    [() => tokenSessions(manager, { anonymous: 'signin' } as never), /anonymous is a list of paths/],
    [() => requirePrivilege(undefined as never, { loginPath: '/login' }), /the privilege is a non-empty text/],
    [
      () => requireRecentLogin({ withinMinutes: 15, proof: '', confirmPath: '/c' }),
      /proof is a name of 1 to 40 letters/,
    ],
    [() => requireRecentLogin({ withinMinutes: 15 } as never), /confirmPath is a non-empty text, got undefined/],
    [
      () => requireRecentLogin({ withinMinutes: 15, confirmPath: '/c', comeBackTo: 7 } as never),
      /comeBackTo is a non-empty text, got 7/,
    ],
    [() => requireUser({ loginpath: '/login' } as never), /requireUser\(\)\. Did you mean loginPath\?/],
    [
      () => requireRecentLogin({ withinMinute: 5, confirmPath: '/' } as never),
      /requireRecentLogin\(\)\. Did you mean withinMinutes\?/,
    ],
  ] as const)
    assert.throws(mount, { name: 'TypeError', message })
  await manager.close()
})

for (const [store, open] of Object.entries(STORES)) {
  test(`[NAME-2] a misspelt option of a call is refused before any change, on the ${store} store`, async (t) => {
    const calls: Record<string, (session: LayerSession) => Promise<unknown>> = {
      'setPrivileges() userid': (session) => session.setPrivileges({ userName: 'Ana', userid: '4' } as never),
      'setPrivileges() logIn': (session) => session.setPrivileges('audit', { logIn: true } as never),
      'secureSession() keepStorge': (session) => session.secureSession({ keepStorge: true } as never),
      'renew() other': (session) => session.renew({ other: 'end' } as never),
      "renew() others is 'keep' or 'end'": (session) => session.renew({ others: 'ends' } as never),
      'renew() takes an object': (session) => session.renew('end' as never),
      'secureSession() keepStorage is': (session) => session.secureSession({ keepStorage: 'key' } as never),
      'setPrivileges() keepStorage is': (session) => session.setPrivileges('audit', { keepStorage: 'key' } as never),
      'createOTP() lifeSpan': (session) => session.createOTP({ lifeSpan: 60 } as never),
      'setPrivileges() got an instance of Map': (session) =>
        session.setPrivileges(new Map([['roles', 'king']]) as never),
      'renew() got an instance of Map': (session) => session.renew(new Map([['others', 'end']]) as never),
      'setPrivileges() login: true or false, got "false"': (session) =>
        session.setPrivileges('audit', { login: 'false' } as never),
      'renew() login: true or false, got "false"': (session) => session.renew({ login: 'false' } as never),
      'createOTP() confirm: true or false, got "false"': (session) => session.createOTP({ confirm: 'false' } as never),
      'createOTP() requestOnly: true or false, got 1': (session) => session.createOTP({ requestOnly: 1 } as never),
      'createOTP() purpose is a non-empty text': (session) => session.createOTP({ purpose: '' }),
      'promote() got undefined': async (session) => session.promote(undefined as never),
      'createOTP() got a number': (session) => session.createOTP(60 as never),
    }
    const { visitor, manager } = await startLayer(
      t,
      {
        ...PAGES,
        '/calls': (session) =>
          Promise.all(Object.values(calls).map((call) => call(session).then(String, (error: Error) => error.message))),
      },
      { store: open() },
    )
    const ana = visitor()
    const { id } = await ana.read('/login')
    const messages = await ana.read<string[]>('/calls')
    for (const [index, name] of Object.keys(calls).entries()) {
      const [call = '', wrong = ''] = name.split(/ (.*)/)
      assert.ok(messages[index]?.includes(call) && messages[index]?.includes(wrong), `${name}: ${messages[index]}`)
    }

    const misspelt: [() => Promise<unknown>, RegExp][] = [
      [() => manager.endMany({ userID: '5' } as never), /^userID is not an option of the filter of endMany/],
      [() => manager.list({ stat: 'guest' } as never), /the filter of list\(\).*Did you mean state\?/],
      [() => manager.count({ Kind: 'web' } as never), /Did you mean kind\?/],
      [() => manager.count({ kind: 'www' } as never), /kind is 'web' or 'rest', got www/],
      [() => manager.list({}, { sise: 5 } as never), /the page of list\(\)\. Did you mean size\?/],
      [() => manager.end(id, 'revoked', { mesage: 'Bye' } as never), /Did you mean message\?/],
      [() => manager.newToken('4', { privilege: 'audit' } as never), /Did you mean privileges\?/],
      [() => manager.createOTP(id, { pth: '/' } as never), /Did you mean path\?/],
      [() => manager.close({ endSession: true } as never), /Did you mean endSessions\?/],
      ...[null, 'revokd', { message: 'Bye' }, 'constructor'].flatMap((reason): [() => Promise<unknown>, RegExp][] => [
        [() => manager.end(id, reason as never), /^end\(\): the reason is one of idle, .* got /],
        [() => manager.endMany({}, reason as never), /^endMany\(\): the reason is one of /],
        [() => manager.detach(id, id, reason as never), /^detach\(\): the reason is one of /],
      ]),
      [() => manager.end(id, 'revoked', { message: null } as never), /^end\(\): message is a text, got null/],
      [() => manager.endMany({}, 'revoked', { message: 7 } as never), /^endMany\(\): message is a text, got number/],
      [() => manager.removeWithMessage(id, undefined as never), /message is a text/],
      ...[{ byUserid: '6' }, 'Ana'].flatMap((cause): [() => Promise<unknown>, RegExp][] => [
        [() => manager.end(id, 'revoked', { cause } as never), /the cause of end\(\)/],
        [() => manager.endMany({}, 'revoked', { cause } as never), /the cause of endMany\(\)/],
        [() => manager.detach(id, id, 'revoked', { cause } as never), /the cause of detach\(\)/],
        [() => manager.removeWithMessage(id, 'Bye', { cause } as never), /the cause of removeWithMessage\(\)/],
      ]),
      [() => manager.close({ endSessions: 'false' } as never), /endSessions: true or false, got "false"/],
      [() => manager.endMany({ [Symbol('userId')]: '5' } as never), /^Symbol\(userId\) is not an option/],
      ...[
        new Map([['userId', '5']]),
        new URLSearchParams('userId=5'),
        new Date(),
        Object.create({ userId: '5' }),
      ].flatMap((filter): [() => Promise<unknown>, RegExp][] => [
        [() => manager.endMany(filter), /the filter of endMany\(\) takes an object with options, got an /],
        [() => manager.list(filter), /the filter of list\(\) .* got an /],
        [() => manager.newToken('4', filter as never), /newToken\(\) takes an object with options, got an /],
      ]),
    ]
    for (const [call, message] of misspelt) await assert.rejects(call, { name: 'TypeError', message })
    assert.throws(() => manager.on('end' as never, () => {}), /end is not an event .* Did you mean ended\?/)
    assert.equal((await manager.list()).sessions[0]?.id, id)
    assert.equal(await manager.count(), 1)
  })
}

test('preparePostgresStore refuses a value that is no pool', async () => {
  await assert.rejects(preparePostgresStore('x' as never), {
    name: 'TypeError',
    message: /pass a Pool of pg, got a string/,
  })
})

test('[NAME-2] a misspelt option of copySessions is refused', async () => {
  await assert.rejects(
    copySessions(memoryStore(), memoryStore(), { appname: 'TEST' } as never),
    /Did you mean appName\?/,
  )
})
