import test from 'node:test'
import { postgresUrl } from '../../support/servers/test-servers.js'
import { compareWithMemory } from '../support/compare-with-memory.js'
import { withOwnApps } from '../support/own-app.js'
import { preparedDatabase } from '../support/postgres-store.js'

const ROUNDS = Number(process.env.COMPARED_ROUNDS ?? 2)
const QUESTIONS = 400

if (postgresUrl !== undefined) {
  test('whatever is asked of the PostgreSQL store, in whatever order, it says what the memory store says', async (t) => {
    const { store } = await preparedDatabase(t)
    const first = Date.now() % 2 ** 31
    for (let seed = first; seed < first + ROUNDS; seed++) await compareWithMemory(withOwnApps(store), seed, QUESTIONS)
  })
}
