import assert from 'node:assert/strict'
import test from 'node:test'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'
import { proveUnusedAppsAreSwept } from '../../support/unused-apps.ts'

if (postgresUrl !== undefined) {
  proveUnusedAppsAreSwept('PostgreSQL', async (t) => (await preparedDatabase(t)).store)

  test('[PROC-7] PostgreSQL: with `sweepUnusedApps: false`, a sweep removes nothing of other applications', async (t) => {
    const { pool } = await preparedDatabase(t)
    const trial = trialOf(postgresStore(pool, { sweepUnusedApps: false }))
    await trial.store.create({ app: 'OTHER', ...trial.newSession() })
    trial.clock.advance({ hours: 1000 })
    await trial.store.sweep({ limit: 10 })
    assert.equal(await trial.store.count({ app: 'OTHER', filter: {} }), 1)
  })
}
