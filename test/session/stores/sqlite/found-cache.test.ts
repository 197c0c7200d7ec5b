import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import type { SessionStore } from '../../../../src/session/index.ts'
import type { FoundOTP } from '../../../../src/session/store.ts'
import {
  type SqliteDatabase,
  type SqliteStoreOptions,
  sqliteStore,
} from '../../../../src/session/stores/sqlite/index.ts'
import { trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { type Scope, temporaryFolder } from '../../../support/process.ts'
import { chance } from '../../support/random.ts'
import { type Question, Questions } from '../../support/store-questions.ts'

const APP = 'CACHED'
const SEEDS = 4
const TURNS = 150
// The newest credentials are the ones that the random writes change.
const NEWEST = 15

test('[PROC-8] after random writes of two processes, some of which fail, every lookup returns what is stored', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { one, two, uncached, failNextCommit } = openStores(t)
    const { below, in: happens, oneOf } = chance(seed)
    const questions = new Questions(chance(seed))
    const created: Question[] = []
    let updates: Question[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      const asked = Array.from({ length: 1 + below(4) }, () => questions.next())
      created.push(...asked.filter(({ name }) => name === 'create'))
      const again = created[below(created.length)]
      if (again && happens(0.1)) asked.push(again) // The store refuses the ID, or the session has ended.
      if (happens(0.5)) asked.push(...updates)
      if (happens(0.1)) failNextCommit(oneOf(['before', 'after']))
      const store = oneOf([one, one, two])
      await Promise.allSettled(asked.map((question) => ask(store, question)))
      const found = await compare(questions, seed, { one, two, uncached })
      updates = found.slice(-1 - below(4)).map((live) => updateOf(live, `${seed} ${turn}`, questions.now))
    }
  }
})

test('after its own write, a process finds the session without reading the tables', async (t) => {
  const { one, reads } = openStores(t)
  const { store, stored } = trialOf(one)
  const { record, cookie } = await stored()
  const find = () => store.find({ id: record.id, hash: cookie.hash })
  await find()
  for (const [version, storage] of ['{"n":1}', '{"n":"ü"}'].entries()) {
    const before = reads()
    await store.update({
      id: record.id,
      expected: { version: version + 1 },
      writeId: `${version}`,
      changes: { storage },
    })
    const found = await find()
    assert.deepEqual(found?.state === 'live' && [found.session.storage, found.session.version], [storage, version + 2])
    assert.equal(reads(), before)
  }
})

test('[PROC-8] a lookup returns a storage as SQLite has stored it', async (t) => {
  const { one, uncached } = openStores(t)
  const { store, stored } = trialOf(one)
  const { record, cookie } = await stored()
  const call = { id: record.id, hash: cookie.hash }
  await store.find(call)
  await store.update({ id: record.id, expected: { version: 1 }, writeId: 'w', changes: { storage: '{"n":"\ud800"}' } })
  assert.deepEqual(await store.find(call), await trialOf(uncached).store.find(call))
})

async function compare(
  { hashes, now }: Questions,
  seed: number,
  { one, two, uncached }: Record<'one' | 'two' | 'uncached', SessionStore>,
): Promise<FoundOTP[]> {
  const findAll = (store: SessionStore) =>
    Promise.all([...hashes].slice(-NEWEST).map(([hash, id]) => store.find({ app: APP, id, hash, now })))
  const [stored, ...found] = await Promise.all([uncached, one, two].map(findAll))
  for (const answers of found) assert.deepEqual(answers, stored, `seed ${seed}`)
  return (stored ?? []).filter((found) => found?.state === 'live')
}

function updateOf({ session, credential }: FoundOTP, text: string, now: number): Question {
  const { id, version } = session
  const changes = { storage: JSON.stringify({ text }) }
  const call = { id, expected: { version, by: credential.hash }, writeId: `${text} ${id}`, changes, limits: {}, now }
  return { name: 'update', call }
}

function ask(store: SessionStore, { name, call }: Question): Promise<unknown> {
  return (store[name] as (call: object) => Promise<unknown>)({ app: APP, ...call })
}

/** Two stores on one file, as in two processes, and a store that empties its cache before each turn. */
function openStores(t: Scope) {
  const file = join(temporaryFolder(t), 'sessions.sqlite')
  let failing: 'before' | 'after' | undefined
  let reads = 0
  let turns = 0
  function open(change: (sql: string, run: () => unknown) => unknown): SessionStore {
    const db = new Database(file)
    t.after(() => void db.close())
    const observed: SqliteDatabase = {
      exec: (sql) => db.exec(sql),
      prepare(sql) {
        const statement = db.prepare(sql)
        return {
          run: (...parameters) => change(sql, () => statement.run(...parameters)) as Database.RunResult,
          get: (...parameters) => change(sql, () => statement.get(...parameters)),
          all: (...parameters) => statement.all(...parameters),
        }
      },
    }
    const options: SqliteStoreOptions = { durability: 'crash' }
    return sqliteStore(observed, options)
  }
  const one = open((sql, run) => {
    if (sql.startsWith('SELECT')) reads++
    if (sql !== 'COMMIT' || failing === undefined) return run()
    const when = failing
    failing = undefined
    if (when === 'after') run()
    throw new Error(`The commit failed ${when} its end.`)
  })
  const two = open((_, run) => run())
  const uncached = open((sql, run) => (sql === 'PRAGMA data_version' ? { data_version: ++turns } : run()))
  return {
    one,
    two,
    uncached,
    reads: () => reads,
    failNextCommit: (when: 'before' | 'after') => {
      failing = when
    },
  }
}
