import test from 'node:test'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { compareWithMemory } from '../../support/compare-with-memory.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const ROUNDS = Number(process.env.COMPARED_ROUNDS ?? 2)
const QUESTIONS = 400

if (postgresUrl !== undefined) {
  test('in any order of calls, the PostgreSQL store answers what the memory store answers', async (t) => {
    const { store } = await preparedDatabase(t)
    const first = Date.now() % 2 ** 31
    for (let seed = first; seed < first + ROUNDS; seed++) await compareWithMemory(withOwnApps(store), seed, QUESTIONS)
  })
}
