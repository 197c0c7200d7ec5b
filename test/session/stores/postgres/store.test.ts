import { after } from 'node:test'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { dealtTo } from '../../support/dealt-calls.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

if (postgresUrl !== undefined) {
  const { store, another } = await preparedDatabase({ after })
  const second = another()
  const close = async () => {}

  proveStore('PostgreSQL', async () => ({ store: withOwnApps(store), close }))
  proveStore('PostgreSQL, through two pools,', async () => ({ store: withOwnApps(dealtTo(store, second)), close }))
}
