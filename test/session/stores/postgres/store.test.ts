import { after } from 'node:test'
import { proveStore } from '../../../src/session/testing/store-contract.js'
import { postgresUrl } from '../../support/servers/test-servers.js'
import { dealtTo } from '../support/dealt-calls.js'
import { withOwnApps } from '../support/own-app.js'
import { preparedDatabase } from '../support/postgres-store.js'

if (postgresUrl !== undefined) {
  const { store, another } = await preparedDatabase({ after })
  const second = another()
  const close = async () => {}

  proveStore('PostgreSQL', async () => ({ store: withOwnApps(store), close }))
  proveStore('PostgreSQL, through two pools,', async () => ({ store: withOwnApps(dealtTo(store, second)), close }))
}
