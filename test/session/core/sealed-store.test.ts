import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { projectRoot } from '../../../src/config/project-root.ts'
import { createSessions, type SessionOptions, type SessionStore } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { redisStore } from '../../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { type Scope, temporaryFolder } from '../../support/process.ts'
import { postgresUrl, redisUrl } from '../../support/servers/test-servers.ts'
import { openDamagedStore } from '../support/damaged-store.ts'
import { codeOf, type LayerVisitor, STORES, type Storage } from '../support/layer.ts'
import { preparedDatabase } from '../support/postgres-store.ts'
import { contentsOf, ioredisTo, ownPrefix } from '../support/redis-connections.ts'
import { type RestHandler, type RestLayer, startRestLayer } from '../support/rest-client.ts'

type Seal = Required<Pick<SessionOptions, 'seal' | 'open'>>

const SECRET = 'Geheimnis'

const SEALED_PAGES: Record<string, RestHandler> = {
  '/who': (session) => [session.userName, session.takeMessage()],
  '/log-in': (session, { keep = 'null', user = '4' }) => {
    const keepStorage = JSON.parse(keep) ?? undefined
    const grant = { userName: 'Ana Lima', userId: user, privileges: 'viewCustomers' }
    return session.setPrivileges(grant, { login: true, ...(keepStorage !== undefined && { keepStorage }) })
  },
  '/store': (session) => session.use((storage: Storage) => void (storage[SECRET] = [SECRET])),
  '/storage': async (session) => {
    const code = await codeOf((async () => session.storage)())
    return code === 'done' ? session.storage : code
  },
  '/use': (session) => codeOf(session.use((storage: Storage) => void (storage.more = 1))),
  '/id': (session) => session.id,
  '/link': (session) => session.createOTP({ data: SECRET, path: `/${SECRET}` }),
  [`/${SECRET}`]: (session) => session.restored,
  '/flash': (session) => session.flash(SECRET),
  '/taken': (session) => session.takeFlash(),
  '/message': (session) => session.takeMessage(),
}

/** Opens a store, and a function that returns all its data as text. */
const DATA: Record<string, (scope: Scope) => Promise<{ store: SessionStore; everything(): Promise<string> }>> = {
  async SQLite(scope) {
    const folder = temporaryFolder(scope)
    return {
      store: sqliteStore(new Database(join(folder, 'sessions.sqlite'))),
      everything: async () =>
        readdirSync(folder)
          .map((file) => readFileSync(join(folder, file), 'latin1'))
          .join(),
    }
  },
  async Redis(scope) {
    const client = await ioredisTo(String(redisUrl))
    scope.after(() => client.disconnect())
    const { prefix } = ownPrefix()
    return { store: redisStore(client, { prefix }), everything: () => contentsOf(client, prefix) }
  },
  async PostgreSQL(scope) {
    const { pool, store } = await preparedDatabase(scope)
    return {
      store,
      async everything() {
        const tables = await pool.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
        assert.ok(tables.rows.length > 2)
        const rows = tables.rows.map(({ name }) => pool.query(`SELECT t::text FROM ${name} t`))
        return JSON.stringify((await Promise.all(rows)).map((result) => result.rows))
      },
    }
  },
}

for (const [name, open] of Object.entries(DATA)) {
  if ((name === 'Redis' && !redisUrl) || (name === 'PostgreSQL' && !postgresUrl)) continue
  test(`[SEAL-1] with seal, no stored byte shows the storage, a token's variables, a link's data, a flash message or a message, and every call returns them, on the ${name} store`, async (t) => {
    for (const hooks of [{}, (await exampleWith(t, 'k1')).hooks]) {
      const { store, everything } = await open(t)
      const layer = await startRestLayer(t, SEALED_PAGES, { store, ...hooks })
      const ana = layer.visitor()
      await ana.read('/store')
      await ana.read('/log-in?keep=true')
      await ana.read('/flash')
      const link = await ana.read('/link')
      const bearer = `Bearer ${await layer.signIn()}`
      await layer.ask(`/api/set?name=${SECRET}&value=${SECRET}&save=`, bearer)
      const gone = [layer.visitor(), layer.visitor(), layer.visitor(), layer.visitor()] as const
      for (const visitor of gone) await visitor.read('/store')
      const [first, second, , fourth] = await Promise.all(gone.map((visitor) => visitor.read('/id')))
      await gone[2].read('/log-in?user=9')
      await layer.manager.end(first, 'revoked', { message: SECRET })
      await layer.manager.removeWithMessage(second, SECRET)
      await layer.manager.detach(fourth, (await layer.manager.get(fourth))?.devices[0]?.handle ?? '', 'revoked', {
        message: SECRET,
      })
      await layer.manager.endMany({ userId: '9' }, 'revoked', { message: SECRET })
      const stored = await everything()
      assert.match(stored, /Ana Lima/)
      assert.equal(stored.includes(SECRET), !('seal' in hooks), 'control: without seal, the text is found')

      const kept = { [SECRET]: [SECRET] }
      assert.deepEqual(await ana.read('/storage'), kept)
      assert.deepEqual(await layer.manager.storage(await ana.read('/id')), kept)
      assert.ok((await layer.manager.list()).sessions.every(({ isReadable }) => isReadable))
      assert.deepEqual(await ana.read('/taken'), [SECRET])
      assert.deepEqual(await layer.visitor().read(`/${SECRET}?$4DSID=${link}`), { data: SECRET })
      assert.deepEqual(JSON.parse((await layer.ask('/api/read', bearer)).text).variables, { [SECRET]: SECRET })
      for (const visitor of gone) assert.equal(await visitor.read('/message'), SECRET)
      assert.deepEqual(await layer.manager.revokeOTP(await ana.read('/link')), { data: SECRET })
    }
  })
}

for (const store of Object.keys(STORES)) {
  test(`[SEAL-2] a sealed text that was moved to another session or changed is unreadable, and a login seals the storage again, on the ${store} store`, async (t) => {
    const opened = await openDamagedStore(t, store)
    const { hooks } = await exampleWith(t, 'k1')
    const layer = await startRestLayer(t, SEALED_PAGES, { store: opened.store, ...hooks })
    const textOf = async (id: string) => (await opened.store.get({ app: 'TEST', id }))?.storage ?? ''
    const [ana, bob] = [layer.visitor(), layer.visitor()]
    for (const visitor of [ana, bob]) await visitor.read('/store')
    const before = await textOf(await ana.read('/id'))
    await ana.read('/log-in?keep=true')
    const id = await ana.read('/id')
    const sealed = await textOf(id)
    assert.notEqual(sealed, before)
    assert.match(sealed, /^sealed\.k1\./)
    assert.deepEqual(await ana.read('/storage'), { [SECRET]: [SECRET] })
    const others = [await textOf(await bob.read('/id')), before, sealed.slice(0, -8), flipped(sealed), '']
    for (const other of others) {
      await opened.damage('storage', id, other)
      assert.equal(await ana.read('/storage'), 'STORAGE_UNREADABLE')
      assert.equal(await ana.read('/use'), 'STORAGE_UNREADABLE')
    }
    await opened.damage('storage', id, sealed)
    assert.equal(await ana.read('/use'), 'done')

    const [link, other] = [await ana.read('/link'), await ana.read('/link')]
    const details = (await opened.store.credentials({ app: 'TEST', ids: [id] }))
      .get(id)
      ?.find(({ kind }) => kind === 'otp')
    await opened.damage('details', id, String(details?.details))
    const opens = await Promise.all([link, other].map((token) => layer.visitor().read(`/${SECRET}?$4DSID=${token}`)))
    assert.deepEqual(opens.filter(Boolean), [{ data: SECRET }], 'only the link whose own text it is opens the session')
  })
}

test('[SEAL-3] without the key, the storage is unreadable, the error names the cause, the user stays logged in, and with the key everything is there', async (t) => {
  const { hooks } = await exampleWith(t, 'k1')
  const { hooks: others } = await exampleWith(t, 'k2')
  const [layer, keyless] = await startPair(t, hooks, others)
  const ana = layer.visitor()
  await ana.read('/log-in')
  await ana.read('/store')
  const link = await ana.read('/link')
  const there = at(keyless, ana)
  assert.equal(await there.read('/storage'), 'STORAGE_UNREADABLE')
  assert.equal(await there.read('/use'), 'STORAGE_UNREADABLE')
  assert.deepEqual((await there.read('/who'))[0], 'Ana Lima')
  assert.equal(await keyless.visitor().read(`/${SECRET}?$4DSID=${link}`), false)
  const [described] = (await keyless.manager.list()).sessions
  assert.deepEqual([described?.isReadable, described?.storageKeys], [false, []])
  const error = await keyless.manager.storage(await ana.read('/id')).catch((error) => error)
  assert.equal(String(error.cause), 'Error: open() failed: SESSION_KEYS has no key k1.')
  assert.deepEqual(await ana.read('/storage'), { [SECRET]: [SECRET] })
  assert.deepEqual(await layer.visitor().read(`/${SECRET}?$4DSID=${link}`), { data: SECRET })
  await layer.manager.end(await ana.read('/id'), 'revoked', { message: SECRET })
  assert.equal(await there.read('/message'), '', 'a message that cannot be opened is not shown')
})

test('[SEAL-4] with the documented example, data from before the encryption and data of the previous key stay readable, and a write uses the newest key', async (t) => {
  const plain = await startPair(t, {}, (await exampleWith(t, 'k1')).hooks)
  const ana = plain[0].visitor()
  await ana.read('/store')
  const link = await ana.read('/link')
  const { store } = plain[0]
  const sealed = async () => (await store.get({ app: 'TEST', id: await ana.read('/id') }))?.storage ?? ''
  for (const [layer, mark] of [
    [plain[1], 'sealed.k1.'],
    [await startRestLayer(t, SEALED_PAGES, { store, ...(await exampleWith(t, 'k2,k1')).hooks }), 'sealed.k2.'],
  ] as const) {
    const there = at(layer, ana)
    assert.equal((await there.read<Storage>('/storage'))[SECRET][0], SECRET)
    assert.equal(await there.read('/use'), 'done')
    await there.read('/flash')
    assert.ok((await sealed()).startsWith(mark))
  }
  assert.deepEqual(await plain[1].visitor().read(`/${SECRET}?$4DSID=${link}`), { data: SECRET })
})

test('[SEAL-5] functions that do not fit are refused at the start', async (t) => {
  const { hooks } = await exampleWith(t, 'k1')
  const refused = (options: object, message: RegExp) =>
    assert.throws(() => createSessions({ appName: 'X', store: memoryStore(), ...options }), message)
  refused({ seal: hooks.seal }, /seal and open: pass both functions/)
  refused({ seal: 'aes', open: hooks.open }, /seal and open: pass both functions/)
  refused({ ...hooks, open: (text: string) => text }, /must return the text/)
  refused({ ...hooks, seal: async (text: string) => text }, /must return the text/)
  refused((await exampleWith(t, '')).hooks, /Invalid key length/)
})

let modules = 0
const keys = new Map<string, string>()

/** The example of `docs/encryption.md` as printed. `ids` names its keys, the newest first. */
async function exampleWith(scope: Scope, ids: string): Promise<{ hooks: Seal }> {
  const page = readFileSync(join(projectRoot(), 'src', 'session', 'docs', 'encryption.md'), 'utf8')
  const example = [...page.matchAll(/```ts\n([\s\S]+?)```/g)]
    .map(([, code = '']) => code)
    .find((code) => code.includes('import'))
  const file = join(temporaryFolder(scope), `seal-${++modules}.ts`)
  writeFileSync(file, String(example))
  for (const id of ids.split(',')) if (!keys.has(id)) keys.set(id, randomBytes(32).toString('base64'))
  process.env.SESSION_KEYS =
    ids === ''
      ? ''
      : ids
          .split(',')
          .map((id) => `${id}:${keys.get(id)}`)
          .join()
  const { seal, open } = await import(file)
  return { hooks: { seal, open } }
}

/** Two servers on one memory store. */
async function startPair(scope: Scope, one: Partial<Seal>, two: Partial<Seal>): Promise<[RestLayer, RestLayer]> {
  const store = memoryStore()
  return [
    await startRestLayer(scope, SEALED_PAGES, { store, ...one }),
    await startRestLayer(scope, SEALED_PAGES, { store, ...two }),
  ]
}

/** The same browser at another server. */
function at(layer: RestLayer, browser: LayerVisitor): LayerVisitor {
  return Object.defineProperty(layer.visitor(), 'cookies', { value: browser.cookies })
}

function flipped(sealed: string): string {
  const last = sealed.at(-6)
  return `${sealed.slice(0, -6)}${last === 'A' ? 'B' : 'A'}${sealed.slice(-5)}`
}
