import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import test from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { startDemo } from '../support/demo.ts'

const TOKEN = 'b7Q2mZ0xk4Yt9Rw1'

test('a program on this machine may read the metrics of a server that listens only on loopback', async (t) => {
  const demo = await startDemo(t)
  assert.equal((await demo.visitor().get('/metrics')).status, 200)
  assert.equal((await demo.visitor().get('/metrics', { Host: `localhost:${demo.port}` })).status, 200)
})

test('a request for /metrics through a proxy, or with another name of this machine, gets 404', async (t) => {
  const demo = await startDemo(t)
  for (const headers of [
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'X-Forwarded-For': '203.0.113.7' },
    { Forwarded: 'for=203.0.113.7' },
    { 'X-Real-IP': '203.0.113.7' },
    { 'X-Forwarded-Proto': 'https' },
    { Via: '1.1 proxy' },
    { Host: hostname() },
  ]) {
    const { status, text, setCookies } = await demo.visitor().get('/metrics', headers)
    assert.deepEqual([status, text, setCookies], [404, 'Not found.\n', []], JSON.stringify(headers))
  }
})

test('a server that other machines can reach shows its metrics only with a token', async (t) => {
  const settings: Partial<Config>[] = [
    { publicUrl: 'https://crm.example.com' },
    { trustProxyHops: 1 },
    { host: '0.0.0.0' },
  ]
  for (const setting of settings)
    assert.equal((await (await startDemo(t, setting)).visitor().get('/metrics')).status, 404, JSON.stringify(setting))
  const local = await startDemo(t, { publicUrl: 'http://localhost:8044' })
  assert.equal((await local.visitor().get('/metrics')).status, 200)
})

test('with METRICS_TOKEN the server answers requests with this token from any machine, and refuses all other requests', async (t) => {
  const demo = await startDemo(t, { metricsToken: TOKEN, publicUrl: 'https://crm.example.com', trustProxyHops: 1 })
  const ask = (Authorization?: string) =>
    demo.visitor().get('/metrics', { 'X-Forwarded-For': '203.0.113.7', ...(Authorization && { Authorization }) })
  assert.equal((await ask(`Bearer ${TOKEN}`)).status, 200)
  assert.equal((await ask(`bearer ${TOKEN}`)).status, 200)
  for (const wrong of [undefined, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, 'Bearer ', TOKEN, `Basic ${TOKEN}`]) {
    const { status, headers, text, setCookies } = await ask(wrong)
    assert.deepEqual([status, headers['www-authenticate'], setCookies], [401, 'Bearer', []], wrong)
    assert.ok(!text.includes(TOKEN))
  }
  const local = await startDemo(t, { metricsToken: TOKEN })
  assert.equal((await local.visitor().get('/metrics')).status, 401, 'on this machine too')
  assert.ok(!local.log.join().includes(TOKEN))
})
