import type { ClassicLevel } from 'classic-level'
import {
  type Credential,
  embeddedStore,
  type MemoryRow,
  type MemoryRows,
  memoryRows,
  missingSteps,
  perApp,
  type SessionStore,
  type Tombstone,
} from '../../src/session/stores/kit.ts'
import { Journal } from './journal.ts'

type Entry = StoredSession | Tombstone
type StoredSession = Omit<MemoryRow, 'credentials'> & { credentials: Credential[] }

const LAYOUT = 'layout'
// The step to layout 1 is empty, because `openStore` writes the layout number. `missingSteps` tells what steps may do.
const STEPS: readonly ((db: ClassicLevel) => Promise<void>)[] = [async () => {}]

const stores = new WeakMap<ClassicLevel, Promise<SessionStore>>()

/**
 * Stores sessions in LevelDB, for applications of one process. All sessions are also in memory. The promise of a write
 * resolves when the write is on the disk. Every call with the same database returns the same store.
 * @throws Error if a newer version of this store wrote the data.
 */
export function levelStore(db: ClassicLevel): Promise<SessionStore> {
  const store = stores.get(db) ?? openStore(db)
  stores.set(db, store)
  store.catch(() => stores.delete(db))
  return store
}

async function openStore(db: ClassicLevel): Promise<SessionStore> {
  const found = await db.get(LAYOUT)
  for (const step of missingSteps(found, STEPS, 'open another folder')) await step(db)
  await db.put(LAYOUT, String(STEPS.length), { sync: true })
  const rowsOf = perApp((app) =>
    memoryRows({
      session: (id) => journal.changed(`${app}:session:${id}`),
      tombstone: (hash) => journal.changed(`${app}:tombstone:${hash}`),
    }),
  )
  const journal = new Journal<Entry>(db, {
    read: (key) => entryOf(rowsOf, key),
    load: (key, entry) => load(rowsOf, key, entry),
  })
  for await (const [key, text] of db.iterator()) if (key !== LAYOUT) load(rowsOf, key, JSON.parse(text))

  // Each read waits for earlier writes, so it never returns data that is not on the disk yet.
  const store = embeddedStore(rowsOf, journal, rowsOf.apps)
  return {
    ...store,
    find: (call) => journal.add(() => store.find(call)),
    get: (call) => journal.add(() => store.get(call)),
    credentials: (call) => journal.add(() => store.credentials(call)),
    findOTP: (call) => journal.add(() => store.findOTP(call)),
    list: (call) => journal.add(() => store.list(call)),
    count: (call) => journal.add(() => store.count(call)),
  }
}

function entryOf(rowsOf: (app: string) => MemoryRows, key: string): Entry | undefined {
  const { rows, kind, name } = partsOf(rowsOf, key)
  if (kind === 'tombstone') return rows.tombstones.get(name)
  const row = rows.session(name)
  return row && { ...row, credentials: [...row.credentials.values()] }
}

function load(rowsOf: (app: string) => MemoryRows, key: string, entry: Entry | undefined): void {
  const { rows, kind, name } = partsOf(rowsOf, key)
  if (kind === 'session') rows.load(name, entry && toRow(entry as StoredSession))
  else if (entry) rows.tombstones.set(name, entry as Tombstone)
  else rows.tombstones.delete(name)
}

function toRow({ credentials, ...session }: StoredSession): MemoryRow {
  return { ...session, credentials: new Map(credentials.map((credential) => [credential.hash, credential])) }
}

function partsOf(rowsOf: (app: string) => MemoryRows, key: string) {
  const [app = '', kind, name = ''] = key.split(':')
  return { rows: rowsOf(app), kind, name }
}
