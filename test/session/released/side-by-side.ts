// Runs version 0.5.0 and this version at the same time on each store. The source of version 0.5.0 comes from Git.
// `npm run test:long -- released` calls this file.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import { projectRoot } from '../../../src/config/project-root.ts'
import type { SessionStore } from '../../../src/session/index.ts'
import { postgresStore, preparePostgresStore } from '../../../src/session/stores/postgres/index.ts'
import { redisStore } from '../../../src/session/stores/redis/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { type Scope, temporaryFolder } from '../../support/process.ts'
import { ownDatabase, redisUrl } from '../../support/servers/test-servers.ts'
import type { Release } from '../support/layer.ts'
import { openPool } from '../support/postgres-store.ts'
import { ioredisTo, ownPrefix } from '../support/redis-connections.ts'
import {
  assertKept,
  assertSideBySide,
  assertVisitorsShared,
  startReleased,
  writeSessions,
} from '../support/released-sessions.ts'

// The last commit of version 0.5.0.
const RELEASED = '15db2b1'

/** The store of version 0.5.0, and a function that opens a store of this version on the same data. */
interface Stores {
  old: SessionStore
  update(): Promise<SessionStore> | SessionStore
}

const STORES: Record<string, (scope: Scope, folder: string) => Promise<Stores>> = {
  async SQLite(scope, folder) {
    const file = join(temporaryFolder(scope), 'sessions.sqlite')
    const released = await import(join(folder, 'stores/sqlite/index.ts'))
    return { old: released.sqliteStore(new Database(file)), update: () => sqliteStore(new Database(file)) }
  },
  async Redis(scope, folder) {
    const client = await ioredisTo(String(redisUrl))
    scope.after(() => client.disconnect())
    const prefix = ownPrefix()
    const released = await import(join(folder, 'stores/redis/index.ts'))
    return { old: released.redisStore(client, prefix), update: () => redisStore(client, prefix) }
  },
  async PostgreSQL(scope, folder) {
    const url = await ownDatabase(scope)
    const pools = [openPool(scope, url), openPool(scope, url)] as const
    const released = await import(join(folder, 'stores/postgres/index.ts'))
    await released.preparePostgresStore(pools[0])
    return {
      old: released.postgresStore(pools[0]),
      async update() {
        await preparePostgresStore(pools[1])
        return postgresStore(pools[1])
      },
    }
  },
}

for (const [name, open] of Object.entries(STORES)) {
  test(`version 0.5.0 and this version use one ${name} store at the same time and lose no data`, async (t) => {
    const folder = releasedLayer(t)
    const release: Release = {
      ...(await import(join(folder, 'index.ts'))),
      ...(await import(join(folder, 'koa/index.ts'))),
    }
    const stores = await open(t, folder)
    const old = await startReleased(t, { store: stores.old, release })
    const sessions = await writeSessions(old)
    const recent = await startReleased(t, { store: await stores.update() })
    for (let round = 0; round < 10; round++) {
      await assertSideBySide(old, recent, sessions)
      await assertVisitorsShared(old, recent)
    }
    await assertKept(recent, sessions)
  })
}

function releasedLayer(scope: Scope): string {
  const folder = temporaryFolder(scope)
  const archive = execFileSync('git', ['archive', RELEASED, 'src/session'], { cwd: projectRoot() })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  return join(folder, 'src/session')
}
