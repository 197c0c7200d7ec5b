import assert from 'node:assert/strict'
import test from 'node:test'
import type { Redis } from 'ioredis'
import { Connections } from '../../../../src/parts/connections.ts'
import { openSessionStore } from '../../../../src/parts/open-session-store.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { STEPS } from '../../../../src/session/stores/redis/layout.ts'
import { redisStoreWith } from '../../../../src/session/stores/redis/store.ts'
import { trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import type { Scope } from '../../../support/process.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'
import { releasedRedis } from '../../support/released-data.ts'
import { assertKept, assertSideBySide, startReleased, writeSessions } from '../../support/released-sessions.ts'

const url = redisUrl

// The migration step gives each record a new field, and reads the indexes as a real step would.
const NEXT = [
  ...STEPS,
  `for _, id in ipairs(call('ZRANGE', app .. 'end', 0, -1)) do call('HSET', sessionKey(id), 'x', 'extra') end`,
]

if (url !== undefined) {
  const connected = async (scope: Scope) => {
    const client = await ioredisTo(url)
    scope.after(() => client.disconnect())
    return { client, ...ownPrefix() }
  }
  const layoutIn = (client: Redis, prefix: string, app: string) => client.get(`{${prefix}:${app}}:layout`)

  test('[ROW-1] no session is lost when this version uses the keys that version 0.5.0 wrote to Redis', async (t) => {
    const { client, prefix } = await connected(t)
    const { sessions, commands } = releasedRedis()
    for (const [command, key, ...parameters] of commands)
      await client.call(command, key.replace('{sessions:', `{${prefix}:`), ...parameters)
    assert.equal(await layoutIn(client, prefix, 'TEST'), null)
    const layer = await startReleased(t, { store: redisStore(client, { prefix }) })
    await assertKept(layer, sessions)
    assert.equal(await layoutIn(client, prefix, 'TEST'), String(STEPS.length))
  })

  test('[ROW-2] a new migration step adds a field in Redis while a process of the previous version uses the same Redis', async (t) => {
    const { client, prefix } = await connected(t)
    const old = await startReleased(t, { store: redisStore(client, { prefix }) })
    const sessions = await writeSessions(old)
    const recent = await startReleased(t, { store: redisStoreWith(NEXT, client, { prefix }) })
    await recent.manager.count()
    assert.equal(await layoutIn(client, prefix, 'TEST'), String(NEXT.length))
    assert.equal(await client.hget(`{${prefix}:TEST}:s:${sessions.ids.ana}`, 'x'), 'extra')
    await assertSideBySide(old, recent, sessions)
    await assertKept(recent, sessions)
  })

  test('[ROW-3] every call to Redis refuses a newer or an unreadable layout with an error that says what to do, and changes nothing', async (t) => {
    const { client, prefix } = await connected(t)
    for (const [layout, refusal] of [
      ['99', /newer version \(layout 99; this one knows \d\)\. Update the application, or use another prefix/],
      ...['two', '', '0', '-1', 'nan', '0x1', '1.0'].map(
        (text) => [text, /layout of the stored sessions is unreadable \(.*\)\. To start without sessions/] as const,
      ),
    ] as const) {
      await client.set(`{${prefix}:CONTRACT}:layout`, layout)
      const { store, newSession } = trialOf(redisStore(client, { prefix }))
      for (const call of [
        () => store.find({ id: 'x', hash: 'y' }),
        () => store.get({ id: 'x' }),
        () => store.create(newSession()),
        () => store.endMany({ filter: {}, reason: 'closed' }),
      ])
        await assert.rejects(call, refusal)
      assert.deepEqual(await keysOf(client, prefix), [`{${prefix}:CONTRACT}:layout`])
      assert.equal(await layoutIn(client, prefix, 'CONTRACT'), layout)
    }
  })

  test('[ROW-4] when twenty processes use Redis at once, one process runs the migration step, and each process checks the layout only once', async (t) => {
    const { client, prefix } = await connected(t)
    const counted = `if call('INCR', app .. 'steps') > 1 then error('taken twice') end`
    const commands: string[] = []
    const spied = {
      call: (command: string, ...parameters: string[]) => {
        commands.push(command)
        return client.call(command, ...parameters)
      },
    }
    const stores = Array.from({ length: 20 }, () => trialOf(redisStoreWith([...STEPS, counted], spied, { prefix })))
    await Promise.all(stores.map(({ store }) => store.count({ filter: {} })))
    assert.equal(await client.get(`{${prefix}:CONTRACT}:steps`), '1')
    commands.length = 0
    for (const { store } of stores) await store.find({ id: 'x', hash: 'y' })
    assert.deepEqual(new Set(commands), new Set(['HMGET']))
    assert.equal(commands.length, stores.length)
  })

  test('[ROW-3] the server does not start on a Redis with a newer layout, and says why', async (t) => {
    const { client } = await connected(t)
    const appName = ownPrefix().prefix
    await client.set(`{sessions:${appName}}:layout`, '99')
    const connections = new Connections(() => {})
    t.after(() => connections.close())
    await assert.rejects(openSessionStore({ kind: 'redis', url }, connections, appName), {
      name: 'StartError',
      message: /^Redis at [\w.:]+ \(SESSION_STORE\) cannot be used\. .*newer version \(layout 99/,
    })
    await client.del(`{sessions:${appName}}:layout`)
  })
}
