import test from 'node:test'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { compareWithMemory } from '../../support/compare-with-memory.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const ROUNDS = Number(process.env.COMPARED_ROUNDS ?? 2)
const QUESTIONS = 400

if (postgresUrl !== undefined) {
  test('for random calls in any order, the PostgreSQL store gives the same answers as the memory store', async (t) => {
    const { store } = await preparedDatabase(t)
    const first = Date.now() % 2 ** 31
    for (let seed = first; seed < first + ROUNDS; seed++) await compareWithMemory(withOwnApps(store), seed, QUESTIONS)
  })
}
