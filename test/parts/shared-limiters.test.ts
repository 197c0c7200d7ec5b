import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { LoginLimit } from '../../src/accounts/index.ts'
import type { Config } from '../../src/config/config.ts'
import { Connections } from '../../src/parts/connections.ts'
import { openLimiters } from '../../src/parts/shared-limiters.ts'
import { demoConfig } from '../support/demo.ts'
import { ownDatabase, ownName, postgresUrl, redisUrl } from '../support/servers/test-servers.ts'

testOn('a SQLite file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'crm-limits-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return { kind: 'sqlite', file: join(folder, 'sessions.sqlite') }
})
if (redisUrl !== undefined) {
  const url = redisUrl
  testOn('Redis', async () => ({ kind: 'redis', url }))
}
if (postgresUrl !== undefined) testOn('PostgreSQL', async (t) => ({ kind: 'postgres', url: await ownDatabase(t) }))

function testOn(where: string, settingOf: (t: TestContext) => Promise<Config['sessionStore']>): void {
  test(`[LIMIT-9] two processes count the failures of a login together, on ${where}`, async (t) => {
    const config = demoConfig({ sessionStore: await settingOf(t), webConcurrency: 2, appName: ownName() })
    const [one, other] = [await openLimit(t, config), await openLimit(t, config)]
    const attempt = { name: 4, address: '2001:db8::1' }

    const failures = Array.from({ length: 30 }, (_, guess) => (guess % 2 ? one : other).attempt(attempt).fail())
    const waits = await Promise.all(failures)
    assert.equal(waits.filter((wait) => wait === undefined).length, 10)
    for (const limit of [one, other]) {
      const wait = Number(await limit.attempt(attempt).wait())
      assert.ok(wait > 890 && wait <= 900, String(wait))
      assert.equal(await limit.attempt({ ...attempt, name: 5 }).wait(), undefined)
      assert.equal(await limit.attempt({ ...attempt, device: { userId: '4', token: 'known' } }).wait(), undefined)
    }

    const device = { userId: '4', token: 'known' }
    for (let guess = 0; guess < 10; guess += 1)
      assert.equal(await (guess % 2 ? one : other).attempt({ ...attempt, device }).fail(), undefined)
    assert.ok(Number(await one.attempt({ ...attempt, device }).wait()) > 890)
    assert.equal(await other.attempt({ ...attempt, device: { userId: '4', token: 'another' } }).wait(), undefined)
  })
}

async function openLimit(t: TestContext, config: Config): Promise<LoginLimit> {
  const connections = new Connections(() => {})
  t.after(() => connections.close())
  return new LoginLimit(await openLimiters(config, connections))
}
