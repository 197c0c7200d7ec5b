import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { inspect } from 'node:util'
import type { Page, StorageCodec } from '../../../src/session/index.ts'
import type { Scope } from '../../support/process.ts'
import { type DamagedStore, openDamagedStore, type Part } from '../support/damaged-store.ts'
import { codeOf, type LayerVisitor, STORES, type Storage } from '../support/layer.ts'
import { type RestHandler, type RestLayer, startRestLayer } from '../support/rest-client.ts'

const who: RestHandler = (session) => ({ isNew: session.isNew, privileges: session.getPrivileges() })

// `PAGES` read the storage, which these tests make unreadable, so these tests use their own pages.
const OWN_PAGES: Record<string, RestHandler> = {
  '/who': who,
  '/id': (session) => session.id,
  '/sign-in': async (session, { keep = 'false' }) => {
    const grant = { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }
    await session.setPrivileges(grant, { login: true, keepStorage: JSON.parse(keep) })
    return session.storage
  },
  '/secure': async (session) => (await session.secureSession({ keepStorage: true })).storage,
  '/sign-out': (session) => session.close(),
  '/storage': (session) => outcome(async () => session.storage),
  '/use': (session) => outcome(() => session.use((storage: Storage) => void (storage.more = 1))),
  '/restored': (session) => session.restored,
  '/link': (session) => session.createOTP({ data: 'x' }),
  '/api/token': (session) => [session.name, session.scope],
}

// A codec that cannot decode the stored values, because another release of the application wrote them.
const CODECS: StorageCodec[] = [
  {
    tag: 'money',
    test: () => false,
    encode: (value) => value,
    decode: () => {
      throw new Error('unknown currency')
    },
  },
]

const DAMAGES: [Part, string][] = [
  ['storage', '{"cart":["pen'],
  ['storage', '{"price":{"$codec":"money","value":"7 XYZ"}}'],
  ['storage', 'null'],
  ['storage', ''],
  ['privileges', '{"privileges":["viewCust'],
  ['privileges', '{"privileges":5}'],
]
const DAMAGES_IN_REDIS: [Part, string][] = [
  ['record', '3\nx'],
  ['record', ''],
  ['credential', 'cut'],
]

interface Case extends Server {
  ana: LayerVisitor
  id: string
}

/** The table in `docs/store-failures.md` has a row for each function. A function returns its result in the table's words. */
const CALLS: Record<string, (damaged: Case) => Promise<string>> = {
  async 'a request (`find`)'({ ana }) {
    const { isNew, privileges } = await ana.read('/who')
    return isNew ? 'a new visitor' : privileges.length > 0 ? 'the session' : 'the session without privileges'
  },
  async '`manager.get`, `manager.list`'({ layer, id }) {
    const { sessions } = await layer.manager.list()
    assert.deepEqual(sessions, [await layer.manager.get(id)])
    const [{ isReadable, state, devices } = assert.fail()] = sessions
    if (devices.length === 0 && isReadable) return 'no such device'
    return `\`isReadable: ${isReadable}\`${state === 'live' ? '' : `, ${state}`}`
  },
  async '`manager.count`'({ layer }) {
    return (await layer.manager.count()) === 1 ? 'counted' : 'not counted'
  },
  async 'a login'({ ana, id, warnings }) {
    assert.deepEqual(await ana.read('/sign-in'), {})
    assert.deepEqual(warnings, [])
    return isReplaced(ana, id)
  },
  async 'a login that keeps the storage'({ ana, id, warnings }) {
    const storage = await ana.read('/sign-in?keep=true')
    await isReplaced(ana, id)
    if (storage.cart === 'pen') return 'the storage'
    assert.deepEqual(storage, {})
    return warnings.join() === 'STORAGE_UNREADABLE' ? 'empty storage and a `warning`' : 'empty storage'
  },
  async '`close`'({ ana, layer, id }) {
    await ana.read('/sign-out')
    assert.equal((await ana.read('/who')).isNew, true)
    return (await layer.manager.get(id)) ? 'nothing to end' : 'ended'
  },
  '`session.storage`': ({ ana }) => ana.read('/storage'),
  '`manager.storage`': ({ layer, id }) => outcome(() => layer.manager.storage(id)),
  async '`use`'({ ana, layer, id }) {
    const before = (await layer.manager.get(id))?.storageBytes ?? 0
    const found = await ana.read('/use')
    if (found !== '`undefined`') return found
    if (((await layer.manager.get(id))?.storageBytes ?? 0) > before) return 'written'
    assert.equal((await ana.read('/who')).isNew, false)
    return 'a new session'
  },
  async '`manager.end`'({ layer, id }) {
    return (await layer.manager.end(id)) && !(await layer.manager.get(id)) ? 'ended' : 'not ended'
  },
  async '`manager.removeWithMessage`'({ layer, id }) {
    return (await layer.manager.removeWithMessage(id, 'Bye')) && !(await layer.manager.get(id)) ? 'removed' : 'kept'
  },
  async '`manager.sweep` after the end'({ layer }) {
    layer.clock.advance({ hours: 13 })
    return (await layer.manager.sweep()) === 1 && (await layer.manager.count()) === 0 ? 'removed' : 'kept'
  },
}

for (const store of Object.keys(STORES)) {
  // The core decodes storage and privileges in the same way on every store, so all cases run only on the memory store.
  const decoded = store === 'memory' ? DAMAGES : [DAMAGES[0], DAMAGES.at(-1)].filter((damage) => damage !== undefined)
  const damages = store === 'Redis' ? [...decoded, ...DAMAGES_IN_REDIS] : decoded
  test(`[ROW-6] every call on a session that cannot be read does what the table in docs/store-failures.md says, on the ${store} store`, async (t) => {
    const { rows, columns } = documented()
    assert.deepEqual(Object.keys(rows), Object.keys(CALLS))
    const server = await startServer(t, store)
    for (const [part, text] of damages)
      for (const [name, call] of Object.entries(CALLS)) {
        const found = await call(await damagedCase(server, part, text)).catch(String)
        assert.equal(found, rows[name]?.[columns.indexOf(part)], `${name}, ${part}: ${text}`)
      }
  })

  test(`[ROW-7] one unreadable session does not prevent an administrator from listing and ending the other sessions, on the ${store} store`, async (t) => {
    const { layer, damage, id } = await damagedCase(await startServer(t, store), 'storage', '{')
    const others = [layer.visitor(), layer.visitor()]
    for (const other of others) await other.read('/sign-in')
    if (store === 'Redis') await damage('record', id, '?')
    for (const filter of [{}, { userId: '4' }, { kind: 'web' }, { state: 'user' }] as const) {
      const { sessions } = await layer.manager.list(filter)
      assert.deepEqual(sessions.map(({ isReadable }) => isReadable).sort(), [false, true, true], JSON.stringify(filter))
      assert.equal(await layer.manager.count(filter), 3, JSON.stringify(filter))
    }
    assert.deepEqual(await layer.manager.list({ userId: '4', kind: 'rest' }), { sessions: [] })
    assert.equal(await layer.manager.endMany({ userId: '4', kind: 'web' }), 3)
    assert.equal(await layer.manager.count(), 0)
  })

  test(`[ROW-8] if the storage cannot be read, it is empty after secureSession() and after a login that keeps listed keys, on the ${store} store`, async (t) => {
    for (const path of ['/secure', '/sign-in?keep=["cart"]']) {
      const { ana, id, warnings } = await damagedCase(await startServer(t, store), 'storage', '[]')
      assert.deepEqual(await ana.read(path), {})
      await isReplaced(ana, id)
      assert.deepEqual(warnings, ['STORAGE_UNREADABLE'])
      assert.equal(await ana.read('/use'), '`undefined`')
    }
  })

  test(`[ROW-6] the error and the warning of an unreadable storage contain none of the stored data, on the ${store} store`, async (t) => {
    const { layer, ana, id } = await damagedCase(await startServer(t, store), 'storage', '{"pin":x4711}')
    const reported: unknown[] = []
    layer.manager.on('warning', (warning) => reported.push(warning))
    reported.push(await layer.manager.storage(id).catch((error) => error))
    await ana.read('/sign-in?keep=true')
    assert.equal(reported.length, 2)
    for (const each of reported) assert.doesNotMatch(inspect(each, { depth: 9 }), /pin|4711/)
  })

  test(`[ROW-9] an API token and a link whose details cannot be read open no session, on the ${store} store`, async (t) => {
    const { layer, damage, ana, id } = await damagedCase(await startServer(t, store), 'storage', '{"cart":"pen"}')
    const { token, id: tokenId } = await layer.manager.newToken('4', { name: 'Export', scope: 'read' })
    const bearer = `Bearer ${token}`
    assert.deepEqual(JSON.parse((await layer.ask('/api/token', bearer)).text), ['Export', 'read'])
    const link = await ana.read('/link')
    const unreadable = ['', '{"name":"Export"}', '{"name":"Export","scope":"admin"}', '{"path":5}', '{"confirm":0}']
    for (const text of [null, ...unreadable, '{"name']) {
      for (const each of [id, tokenId]) await damage('details', each, text)
      assert.equal((await layer.ask('/api/token', bearer)).status, 401, String(text))
      const visitor = layer.visitor()
      assert.equal(await visitor.read(`/restored?$4DSID=${link}`), false, String(text))
      assert.equal((await visitor.read('/who')).isNew, true)
    }
    const { sessions } = await layer.manager.list()
    assert.deepEqual(
      sessions.map(({ kind, isReadable, devices }) => `${kind} ${isReadable} ${devices.length}`).sort(),
      ['rest false 1', 'web false 2'],
    )
    assert.equal(await layer.manager.end(tokenId), true)
  })
}

if ('SQLite' in STORES) {
  test('[ROW-7] a SQLite record with text instead of its times is listed as unreadable, and can be removed', async (t) => {
    const { layer, ana, id } = await damagedCase(await startServer(t, 'SQLite'), 'times', 'cut')
    assert.equal((await ana.read('/who')).isNew, true)
    await ana.read('/sign-in')
    const { sessions } = await layer.manager.list()
    assert.deepEqual(sessions.map(({ isReadable, devices }) => `${isReadable} ${devices.length}`).sort(), [
      'false 1',
      'true 1',
    ])
    const damaged = sessions.find((session) => session.id === id)
    assert.deepEqual([damaged?.startTime, damaged?.expirationDate, damaged?.absoluteEndTime], [null, null, null])
    assert.ok(JSON.stringify(sessions))
    assert.equal(await layer.manager.removeWithMessage(id, ''), true)
  })
}

type Damage = [part: Part, value: string | number | bigint]
const columns = (names: string[], ...values: Damage[1][]) =>
  names.flatMap((name) => values.map((value): Damage => [`record.${name}`, value]))
const lines = (numbers: number[], ...values: string[]) => columns(numbers.map(String), ...values)
const TIMES = ['start_time', 'last_access_time', 'idle_milliseconds', 'absolute_end', 'end_at']
const HUGE = 9223372036854775807n
/** Maps the name of a store to its damaged numbers. */
const DAMAGED_NUMBERS: Record<string, Damage[]> = {
  SQLite: [...columns([...TIMES, 'version'], 'x', HUGE), ['record.absolute_end', 0]],
  'node:sqlite': columns([...TIMES, 'version'], HUGE),
  PostgreSQL: [...columns(TIMES, 'NaN', 'Infinity'), ['record.version', HUGE], ['record.absolute_end', 0]],
  Redis: [...lines([0, 2, 3, 4, 9, 10], 'x', '0b11', '1e400', 'nan'), ...lines([0, 3, 4], ''), ['record.11', 'x']],
}

for (const [store, damages] of Object.entries(DAMAGED_NUMBERS)) {
  if (!(store.replace('node:sqlite', 'SQLite') in STORES)) continue
  test(`[ROW-7] a record with an invalid number opens no session, can be ended, and hides no other session, on the ${store} store`, async (t) => {
    const server = await startServer(t, store)
    for (const [part, value] of damages) {
      const name = `${part}: ${value}`
      const { layer, ana, id, damage } = await damagedCase(server, 'storage', '{"cart":"pen"}')
      const others = [layer.visitor(), layer.visitor()]
      for (const other of others) await other.read('/sign-in')
      await damage(part, id, value)
      assert.equal((await ana.read('/who')).isNew, true, name)
      const all = (await layer.manager.list()).sessions
      assert.deepEqual(all.map(({ isReadable }) => isReadable).sort(), [false, true, true], name)
      for (const sort of ['created', 'seen', 'end'] as const)
        for (const direction of ['asc', 'desc'] as const)
          assert.deepEqual(await idsByPage(layer, { sort, direction }), all.map((one) => one.id).sort(), name)
      assert.equal(await ana.read('/use'), '`undefined`', name)
      await ana.read('/sign-in')
      if (value !== damages[0]?.[1]) assert.equal(await layer.manager.end(id), true, name)
      assert.equal(await layer.manager.endMany({}), value === damages[0]?.[1] ? 4 : 3, name)
    }
  })
}

async function idsByPage({ manager }: RestLayer, page: Page): Promise<string[]> {
  const ids: string[] = []
  let after: Page['after']
  do {
    const { sessions, next } = await manager.list({}, { ...page, size: 1, ...(after && { after }) })
    ids.push(...sessions.map(({ id }) => id))
    after = next
  } while (after && ids.length < 10)
  return ids.sort()
}

if ('Redis' in STORES) {
  test('[ROW-9] at the limit of devices, a damaged credential in Redis is evicted first', async (t) => {
    const { layer, id } = await damagedCase(await startServer(t, 'Redis', { maxCredentials: 2 }), 'credential', 'cut')
    const [first, second, third] = [layer.visitor(), layer.visitor(), layer.visitor()]
    const open = async (browser: LayerVisitor) => browser.read(`/id?$4DSID=${await layer.manager.createOTP(id)}`)
    for (const browser of [first, second]) assert.equal(await open(browser), id)
    assert.equal(await first.read('/id'), id)
    layer.clock.advance({ minutes: 2 })
    await first.read('/id')
    assert.equal(await open(third), id)
    assert.notEqual(await second.read('/id'), id)
    assert.equal((await layer.manager.get(id))?.devices.length, 2)
  })

  test('[ROW-9] a damaged tombstone in Redis counts as no tombstone', async (t) => {
    const { layer, damage, ana, id } = await damagedCase(await startServer(t, 'Redis'), 'storage', '{"cart":"pen"}')
    const phone = layer.visitor()
    await phone.read(`/who?$4DSID=${await ana.read('/link')}`)
    await layer.manager.removeWithMessage(id, 'Bye')
    await damage('tombstone', id, 'cut')
    for (const browser of [ana, phone]) assert.equal((await browser.read('/who')).isNew, true)
  })
}

interface Server extends DamagedStore {
  layer: RestLayer
  warnings: string[]
}

async function startServer(scope: Scope, store: string, options: { maxCredentials?: number } = {}): Promise<Server> {
  const opened = await openDamagedStore(scope, store)
  const layer = await startRestLayer(scope, OWN_PAGES, { ...options, store: opened.store, codecs: CODECS })
  const warnings: string[] = []
  layer.manager.on('warning', ({ code }) => warnings.push(code))
  return { ...opened, layer, warnings }
}

/** Ends all sessions on the server, signs Ana in, and damages her session. */
async function damagedCase(server: Server, part: Part, text: string): Promise<Case> {
  const { layer, warnings, damage } = server
  await layer.manager.endMany({})
  for (const { id } of (await layer.manager.list()).sessions) await layer.manager.removeWithMessage(id, '')
  warnings.length = 0
  const ana = layer.visitor()
  await ana.read('/sign-in')
  const { id } = await ana.read('/write?key=cart&value=pen')
  await damage(part, id, text)
  return { ...server, ana, id }
}

async function isReplaced(ana: LayerVisitor, id: string): Promise<string> {
  const now = await ana.read('/who')
  assert.equal(now.isNew, false)
  assert.deepEqual(now.privileges, ['viewCustomers', 'viewStart'])
  return (await ana.read('/id')) === id ? 'the same session' : 'a new session'
}

async function outcome(work: () => Promise<unknown>): Promise<string> {
  let found: unknown
  const code = await codeOf((async () => (found = await work()))())
  if (code !== 'done') return `\`${code}\``
  if (found === undefined) return '`undefined`'
  return (found as Storage).cart === 'pen' ? 'the storage' : 'empty storage'
}

/** The table in `docs/store-failures.md`. */
function documented(): { columns: string[]; rows: Record<string, string[]> } {
  const page = readFileSync(new URL('../../../src/session/docs/store-failures.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split('## A record that cannot be read')
  const lines = section.slice(0, section.indexOf('\n## ')).split('\n')
  const cells = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '))
  const [[, ...columns] = [], ...rows] = cells
  return { columns, rows: Object.fromEntries(rows.map(([name, ...outcomes]) => [name, outcomes])) }
}
