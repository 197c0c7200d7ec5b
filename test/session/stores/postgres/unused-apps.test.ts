import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'
import { proveLimitForUnusedApps } from '../../support/unused-apps.ts'

if (postgresUrl !== undefined) {
  const { pool, store } = await preparedDatabase({ after })
  proveLimitForUnusedApps('PostgreSQL', () => store)

  test('[PROC-7] PostgreSQL: with `sweepUnusedApps: false`, a sweep removes nothing of other applications', async () => {
    const trial = trialOf(postgresStore(pool, { sweepUnusedApps: false }))
    await trial.store.create({ app: 'OTHER', ...trial.newSession() })
    trial.clock.advance({ hours: 1000 })
    await trial.store.sweep({ limit: 10 })
    assert.equal(await trial.store.count({ app: 'OTHER', filter: {} }), 1)
  })
}
