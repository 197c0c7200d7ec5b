// npm run bench:million: measures a lookup, a page, a count and a sweep with up to a million sessions in each store.
//   npm run bench:million                    all three stores, about twenty minutes
//   npm run bench:million -- redis           one store: sqlite, redis or postgres
//   npm run bench:million -- redis 100000    one store, with up to this many sessions
// Exits with code 1 if the time of a lookup grows more than twice as much as the logarithm of the number of sessions.
import { openStoreAt } from '../test/session/fixtures/open-store.ts'
import { fill, measureSize, sweepMany, sweepStep } from './million-sessions.mjs'
import { openStores } from './stores.ts'

const KINDS = ['sqlite', 'redis', 'postgres']
const FIRST = 1000
// The time of a lookup may grow by this factor more than the logarithm, because other load on the machine changes it.
const SLACK = 2

const [only, most = '1000000'] = process.argv.slice(2)
const sizes = [FIRST, 10_000, 100_000, 1_000_000].filter((size) => size <= Number(most))
const kinds = KINDS.filter((kind) => only === undefined || only === kind)
if (kinds.length === 0 || sizes.length === 0) {
  console.log(`npm run bench:million -- [${KINDS.join('|')}] [${FIRST} or more]`)
  process.exit(2)
}

const stores = await openStores(kinds)
try {
  for (const kind of kinds) await measureStore(kind)
} finally {
  await stores.close()
}

async function measureStore(kind) {
  const place = await stores.emptyStore(kind)
  const address = kind === 'sqlite' ? `sqlite:${place.address}` : place.address
  const rows = []
  let filled = 0
  for (const size of sizes) {
    const perSecond = await withStore(address, (store) => fill(store, filled, size))
    filled = size
    // Another store object measures the sessions, because a store may remember what it has created.
    const measured = await withStore(address, (store) => measureSize(store, address, size))
    const swept = await withStore(address, (store) => sweepStep(store, size))
    rows.push({ sessions: size, ...measured, 'sweep ms': swept, 'created/s': perSecond })
    console.log(kind, JSON.stringify(rows.at(-1)))
  }
  const [first, last] = [rows[0], rows.at(-1)]
  const growth = Object.fromEntries(Object.keys(first).map((name) => [name, (last[name] / first[name]).toFixed(2)]))
  console.log(`\n${kind}`)
  console.table([...rows, { ...growth, sessions: 'growth' }])
  console.log(await withStore(address, (store) => sweepMany(store, Math.min(100_000, filled))))
  const allowed = (Math.log(last.sessions) / Math.log(first.sessions)) * SLACK
  console.log(`up to ${allowed.toFixed(2)} times the time of a lookup is logarithmic here`)
  if (growth['lookup µs'] > allowed) process.exitCode = 1
}

async function withStore(address, run) {
  // The deadline is long, because `fill` makes more concurrent calls than a server does.
  const { store, close } = await openStoreAt(address, { deadlineMilliseconds: 60_000 })
  try {
    return await run(store)
  } finally {
    await close()
  }
}
