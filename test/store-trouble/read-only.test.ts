import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { startDemo } from '../support/demo.ts'
import { startCuttingProxy } from '../support/servers/cutting-proxy.ts'
import { startRedisPair } from '../support/servers/redis-pair.ts'
import { findRedis } from '../support/servers/redis-server.ts'
import { redisUrl } from '../support/servers/test-servers.ts'
import { until } from '../support/until.ts'

if (redisUrl !== undefined && findRedis() !== undefined) {
  test('[WRITE-7] after a failover of Redis, logins work again without a restart of the server and without a health check', async (t) => {
    const pair = await startRedisPair({ after })
    const proxy = await startCuttingProxy(t, pair.urls[0])
    const demo = await startDemo(t, { sessionStore: { kind: 'redis', url: proxy.url } })
    const readyz = async () => (await demo.visitor().get('/readyz')).status
    const [user, other] = [demo.visitor(), demo.visitor()]
    await user.logInWell(4)
    await other.get('/')
    assert.equal(await readyz(), 200)
    await pair.failOver()
    assert.equal((await other.logIn(5)).status, 503)
    assert.equal((await user.get('/account/sessions')).status, 200, 'reading still works')
    proxy.leadTo(pair.urls[1])
    await until('a login works', async () => (await other.logIn(5)).status === 302)
    demo.clock.advance({ seconds: 5 })
    assert.equal(await readyz(), 200)
    assert.equal((await user.get('/account/sessions')).status, 200, 'the user is still logged in')
  })
}
