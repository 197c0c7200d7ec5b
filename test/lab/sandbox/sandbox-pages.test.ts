import assert from 'node:assert/strict'
import test from 'node:test'
import type { Config } from '../../../src/config/config.ts'
import { startDemo } from '../../support/demo.ts'
import { pathOf } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

const SECRET = /4DSID_SANDBOX|[0-9A-F]{32}\.[\w-]{43}/
const STEP = '/lab/sandbox'

test('[LAB-24] only a POST of the own page shows the cookies of a sandbox, and no response with them is stored', async (t) => {
  const demo = await startDemo(t)
  const visitor = await withSandbox(demo.visitor())
  for (const page of ['/lab/clock', '/lab/curl']) assert.doesNotMatch(mainOf(await visitor.get(page)), SECRET)
  const shown = await visitor.post('/lab/curl')
  assert.equal(shown.headers['cache-control'], 'no-store')
  assert.match(mainOf(shown), SECRET)
  assert.deepEqual(shown.setCookies, [])
  const foreign = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }
  for (const path of ['/lab/curl', STEP]) {
    const refused = await visitor.post(path, { step: 'start' }, foreign)
    assert.equal(refused.status, 403)
    assert.doesNotMatch(mainOf(refused), SECRET)
  }
  assert.doesNotMatch(mainOf(await demo.visitor().post('/lab/curl')), SECRET)
  await visitor.post(STEP, { step: 'use' })
  for (const page of ['/lab/clock', '/lab/curl']) assert.doesNotMatch(mainOf(await visitor.get(page)), SECRET)
  for (const { cookie } of linesOf(shown)) {
    const secrets = cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
    for (const secret of secrets) assert.ok(!demo.log.join().includes(secret))
  }
})

test('[LAB-26] a cookie of a sandbox opens nothing of the demo, and a cookie of the demo opens no sandbox', async (t) => {
  const demo = await startDemo(t)
  const visitor = await withSandbox(demo.visitor())
  const lines = linesOf(await visitor.post('/lab/curl'))
  const count = () => demo.parts.sessions?.count()
  const before = await count()
  const path = pathOf(lines[0]?.address)
  for (const { cookie } of lines) {
    const answer = await demo.visitor().get(path, { Cookie: cookie })
    assert.deepEqual([answer.text, answer.setCookies], ['You are Ana.\n', []])
  }
  assert.equal(await count(), before)
  for (const { cookie } of lines) {
    const value = /=([^;]+)/.exec(cookie)?.[1] ?? ''
    for (const header of [cookie, `4DSID_Tessera=${value}`, `__Host-4DSID_Tessera=${value}`, `lab_Tessera=${value}`])
      for (const page of ['/authenticationOK.shtml', '/account/sessions', '/customers', '/admin/sessions'])
        assert.match(String((await demo.visitor().get(page, { Cookie: header })).location), /^\/authenticate/, page)
    for (const token of [value, `crm_${value}`])
      assert.equal(
        (await demo.visitor().get('/api/me', { Authorization: `Bearer ${token}`, Cookie: cookie })).status,
        401,
      )
  }
  const ada = demo.visitor()
  await ada.logInWell(1)
  for (const name of ['4DSID_Tessera', '__Host-4DSID_SANDBOX']) {
    const { text } = await demo.visitor().get(path, { Cookie: `${name}=${ada.sessionCookie}` })
    assert.equal(text, 'You are a guest.\n')
  }
  const gone = await demo.visitor().get(`${STEP}/unknown`)
  assert.deepEqual(
    [gone.status, gone.text],
    [404, 'Page not found\nThis sandbox is gone. Start a new one at /lab/curl.\n'],
  )
})

test('[LAB-25] the line for curl names the address of the visitor, also on a server without sessions', async (t) => {
  const address = async (settings: Partial<Config>, headers = {}) => {
    const visitor = await withSandbox((await startDemo(t, settings)).visitor())
    return linesOf(await visitor.post('/lab/curl', {}, headers))[0]?.address.replace(/[\w-]{36}$/, '')
  }
  const named = { Host: 'localhost:8044', Origin: 'http://localhost:8044' }
  assert.equal(await address({ publicUrl: 'https://crm.example.com' }), 'https://crm.example.com/lab/sandbox/')
  assert.equal(await address({ sessions: 'none' }, named), 'http://localhost:8044/lab/sandbox/')
  const tls = { certFile: 'unused', keyFile: 'unused' }
  const secure = await withSandbox((await startDemo(t, { tls })).visitor())
  assert.match((await secure.post('/lab/curl')).text, /curl --insecure --cookie &quot;.*&quot;https:\/\/127\.0\.0\.1:/)
})

test('[LAB-27] a network makes sixty steps a minute in its sandboxes, and an unknown step changes nothing', async (t) => {
  const demo = await startDemo(t)
  const visitor = await withSandbox(demo.visitor())
  assert.equal((await visitor.post(STEP, { step: 'unknown' })).status, 422)
  const path = pathOf(linesOf(await visitor.post('/lab/curl'))[0]?.address)
  for (let step = 2; step < 60; step++) assert.equal((await visitor.post(STEP, { step: 'minute' })).status, 303)
  for (const path of [STEP, '/lab/curl']) assert.equal((await visitor.post(path, { step: 'minute' })).status, 429)
  assert.equal((await demo.visitor().get(path)).status, 429)
  assert.match((await visitor.get('/lab/clock')).text, /Day 1, 09:58/)
  demo.clock.advance({ minutes: 31 })
  assert.match((await visitor.get('/lab/clock')).text, /Your sandbox is gone\./)
})

test('[LAB-26] a HEAD request of a sandbox has the answer of GET, moves no clock, and leaves no trace', async (t) => {
  const demo = await startDemo(t)
  const visitor = await withSandbox(demo.visitor())
  const [{ cookie = '', address = '' } = {}] = linesOf(await visitor.post('/lab/curl'))
  const headers = { Cookie: cookie }
  const before = mainOf(await visitor.get('/lab/clock'))
  demo.clock.advance({ minutes: 20 })
  const head = await demo.visitor().send(pathOf(address), { method: 'HEAD', headers })
  assert.equal(mainOf(await visitor.get('/lab/clock')), before)
  const get = await demo.visitor().get(pathOf(address), headers)
  const { 'content-type': type } = get.headers
  assert.deepEqual([head.status, head.headers['content-type']], [get.status, type])
  assert.notEqual(mainOf(await visitor.get('/lab/clock')), before)
  assert.equal((await demo.visitor().send(`${STEP}/unknown`, { method: 'HEAD' })).status, 404)
  demo.clock.advance({ minutes: 20 })
  await demo.visitor().send(pathOf(address), { method: 'HEAD', headers })
  demo.clock.advance({ minutes: 11 })
  assert.equal((await demo.visitor().get(pathOf(address), headers)).status, 404)
})

test('[LAB-28] production has no sandbox; with several processes, its pages say that it needs one', async (t) => {
  const production = (await startDemo(t, { profile: 'production' })).visitor()
  for (const path of ['/lab/clock', '/lab/curl', `${STEP}/unknown`])
    assert.equal((await production.get(path)).status, 404)
  for (const path of [STEP, '/lab/curl']) assert.equal((await production.post(path)).status, 404)
  const many = (await startDemo(t, { webConcurrency: 2 })).visitor()
  for (const path of ['/lab/clock', '/lab/curl'])
    assert.match((await many.get(path)).text, /Start the server without <code>WEB_CONCURRENCY<\/code>/)
  for (const path of [STEP, '/lab/curl']) assert.equal((await many.post(path, { step: 'start' })).status, 503)
  assert.equal((await many.get(`${STEP}/unknown`)).status, 503)
})

async function withSandbox(visitor: Visitor): Promise<Visitor> {
  const { status, location } = await visitor.post(STEP, { step: 'start', page: '/lab/curl' })
  assert.deepEqual([status, location], [303, '/lab/curl'])
  return visitor
}

function mainOf({ text }: { text: string }): string {
  return text.slice(text.indexOf('<main'))
}

function linesOf({ text }: { text: string }): { cookie: string; address: string }[] {
  const lines = [...text.matchAll(/curl --cookie &quot;(.*?)&quot; &quot;(.*?)&quot;/g)]
  assert.equal(lines.length, 2, text)
  return lines.map(([, cookie = '', address = '']) => ({ cookie, address }))
}
