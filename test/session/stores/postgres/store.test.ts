import { after } from 'node:test'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { pairWithOwnApps, withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const ENTRIES = `SELECT (SELECT count(*) FROM session_records) + (SELECT count(*) FROM session_credentials)
  + (SELECT count(*) FROM session_tombstones) AS n`
const EMPTY = 'DELETE FROM session_records; DELETE FROM session_credentials; DELETE FROM session_tombstones'

if (postgresUrl !== undefined) {
  const { pool, store, another } = await preparedDatabase({ after })
  const second = another()
  // A sweep also removes old rows of other applications, so each check begins with empty tables.
  const close = async () => void (await pool.query(EMPTY))
  const entries = async () => Number((await pool.query(ENTRIES)).rows[0].n)

  proveStore('PostgreSQL', async () => ({ store: withOwnApps(store), entries, close }))
  proveStore('PostgreSQL, through two pools,', async () => ({ ...pairWithOwnApps(store, second), entries, close }))
}
