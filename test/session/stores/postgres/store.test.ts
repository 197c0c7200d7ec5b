import { after } from 'node:test'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { pairWithOwnApps, withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const ENTRIES = `SELECT (SELECT count(*) FROM session_records) + (SELECT count(*) FROM session_credentials)
  + (SELECT count(*) FROM session_tombstones) AS n`

if (postgresUrl !== undefined) {
  const { pool, store, another } = await preparedDatabase({ after })
  const second = another()
  const close = async () => {}
  const entries = async () => Number((await pool.query(ENTRIES)).rows[0].n)

  proveStore('PostgreSQL', async () => ({ store: withOwnApps(store), entries, close }))
  proveStore('PostgreSQL, through two pools,', async () => ({ ...pairWithOwnApps(store, second), entries, close }))
}
