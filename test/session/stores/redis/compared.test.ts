import test from 'node:test'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { compareWithMemory } from '../../support/compare-with-memory.ts'
import { ioredisTo, ownPrefix } from '../../support/redis-connections.ts'

const ROUNDS = Number(process.env.COMPARED_ROUNDS ?? 2)
const QUESTIONS = 400

if (redisUrl !== undefined) {
  const url = redisUrl

  test('for random calls in any order, the Redis store gives the same answers as the memory store', async (t) => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    const first = Date.now() % 2 ** 31
    for (let seed = first; seed < first + ROUNDS; seed++)
      await compareWithMemory(redisStore(client, ownPrefix()), seed, QUESTIONS)
  })
}
