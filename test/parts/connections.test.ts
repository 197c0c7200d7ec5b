import assert from 'node:assert/strict'
import test from 'node:test'
import { Connections } from '../../src/parts/connections.ts'
import { redisStore } from '../../src/session/stores/redis/index.ts'
import { trialOf } from '../../src/session/testing/contract/fixtures.ts'
import { ioredisTo, ownPrefix } from '../session/support/redis-connections.ts'
import { startCuttingProxy } from '../support/servers/cutting-proxy.ts'
import { redisUrl } from '../support/servers/test-servers.ts'
import { until } from '../support/until.ts'

if (redisUrl !== undefined) {
  const url = redisUrl

  test('a new session reaches Redis while the reply about the session before it is still on its way', async (t) => {
    const proxy = await startCuttingProxy(t, url)
    const connections = new Connections(() => {})
    const direct = await ioredisTo(url)
    t.after(async () => {
      direct.disconnect()
      await connections.close()
    })
    // On a busy machine, a call may take longer than the default deadline.
    const own = { ...ownPrefix(), deadlineMilliseconds: 20_000 }
    const { store, newSession } = trialOf(redisStore(await connections.redis(proxy.url, 'SESSION_STORE'), own))
    const elsewhere = trialOf(redisStore(direct, own)).store
    await store.create(newSession()) // Redis loads the script

    proxy.holdAnswers()
    const stored: Promise<unknown>[] = []
    for (const visit of [newSession(), newSession()]) {
      stored.push(store.create(visit))
      await until(
        'Redis has stored the session',
        async () => (await elsewhere.get({ id: visit.session.id })) !== undefined,
      )
    }
    proxy.mend()
    assert.equal((await Promise.all(stored)).length, 2)
  })
}
