import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { valueUntil } from '../../../../src/session/core/device-binding/bound-values.ts'
import { memoryStore } from '../../../../src/session/stores/memory/index.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { type Scope, temporaryFolder } from '../../../support/process.ts'
import { ownName, postgresUrl, redisUrl } from '../../../support/servers/test-servers.ts'
import { troubledStore } from '../../../support/troubled-store.ts'
import { BoundBrowser, cookiesIn } from '../../support/bound-browser.ts'
import { type CounterPage, startCounterServer } from '../../support/counter-server.ts'
import { openDamagedStore } from '../../support/damaged-store.ts'
import { PAGES, STORES, startLayer } from '../../support/layer.ts'

const BOUND_COOKIE = '__Host-4DSID_TEST-bound'
const WRITES = 20

for (const [name, open] of Object.entries(STORES)) {
  test(`[BIND-11] two managers on one store see each other’s bindings and failures, and of many failures at once one counts, on ${name}`, async (t) => {
    const shared = { store: open(), clock: manualClock(), deviceBinding: {} }
    const [one, two] = [await startLayer(t, PAGES, shared), await startLayer(t, PAGES, shared)]
    const counted: unknown[] = []
    for (const { manager } of [one, two])
      manager.on('bindingFailed', ({ failures, ended }) => counted.push([failures, ended]))
    const browser = await new BoundBrowser(one.visitor()).begin()
    const elsewhere = two.visitor()
    for (const [cookie, value] of browser.visitor.cookies) elsewhere.cookies.set(cookie, value)
    assert.equal((await elsewhere.read('/read')).userName, 'Ana Lima')
    const there = new BoundBrowser(elsewhere, browser.key)
    there.handle = browser.handle
    const refreshed = await Promise.all(
      Array.from({ length: 8 }, () => there.refresh(browser.key.proof(browser.challenge))),
    )
    assert.deepEqual([...new Set(refreshed.map(({ status }) => status))], [200])
    shared.clock.advance({ minutes: 11 })
    for (let nth = 1; nth <= 10; nth++) {
      const names = await Promise.all(
        Array.from(
          { length: 10 },
          async (_, n) => (await (n % 2 ? elsewhere : browser.visitor).read('/read')).userName,
        ),
      )
      assert.deepEqual([...new Set(names)], [''])
      shared.clock.advance({ seconds: 10 })
    }
    assert.deepEqual(
      counted,
      Array.from({ length: 10 }, (_, n) => [n + 1, n === 9]),
    )
    assert.equal(JSON.parse((await there.refresh()).text).continue, false)
    assert.equal(await one.manager.count(), 0)
  })

  test(`[BIND-14] logins with a bound cookie, and with a cookie that a bound login has replaced, repeat this login, on ${name}`, async (t) => {
    const { visitor, manager } = await startLayer(t, PAGES, { store: open(), deviceBinding: {} })
    const guest = visitor()
    await guest.get('/write')
    const late = new BoundBrowser(guest.copy())
    const browser = await new BoundBrowser(guest).begin()
    const other = new BoundBrowser(browser.visitor.copy())
    for (const one of [browser, other, late]) await one.logIn()
    assert.equal(await manager.count({ state: 'user' }), 3)
    assert.equal((await other.register()).status, 403)
    assert.equal((await other.visitor.read('/read')).userName, 'Ana Lima')
    assert.equal((await other.register()).status, 200)
    assert.equal((await browser.visitor.read('/read')).userName, '')
    assert.equal((await late.visitor.read('/read')).userName, '')
    assert.equal(await manager.count({ state: 'user' }), 1)
  })

  test(`[BIND-6] a key, a proof and cookies of another application, or of an ended session, are worth nothing, on ${name}`, async (t) => {
    const shared = { store: open(), clock: manualClock(), deviceBinding: {} }
    const [one, two] = [await startLayer(t, PAGES, shared), await startLayer(t, PAGES, { ...shared, appName: 'OTHER' })]
    const browser = await new BoundBrowser(one.visitor()).begin()
    const unbound = new BoundBrowser(one.visitor())
    await unbound.logIn()
    const moved = (from: BoundBrowser) => {
      const impostor = new BoundBrowser(two.visitor(), from.key)
      for (const [cookie, value] of from.visitor.cookies)
        for (const name of [cookie, cookie.replace('TEST', 'OTHER')]) impostor.visitor.cookies.set(name, value)
      return Object.assign(impostor, { handle: from.handle, challenge: from.challenge, offered: from.offered })
    }
    assert.equal((await moved(browser).visitor.read('/read')).userName, '')
    assert.equal(JSON.parse((await moved(browser).refresh()).text).continue, false)
    assert.equal((await moved(unbound).register()).status, 403)
    const late = new BoundBrowser(unbound.visitor.copy(), unbound.key)
    await unbound.visitor.get('/logout')
    assert.equal((await late.register(unbound.key.registration(unbound.offered))).status, 403)
    assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
  })

  test(`[BIND-6] a damaged binding lets no copy in and no key out, on ${name}`, async (t) => {
    const { store, damage } = await openDamagedStore(t, name)
    const { visitor, clock, manager } = await startLayer(t, PAGES, { store, deviceBinding: {} })
    const browser = await new BoundBrowser(visitor()).begin()
    const { id } = await browser.visitor.read('/read')
    clock.advance({ minutes: 1 })
    for (const text of ['', '-', '- EC 1 x', '- ES256:A:A NaN', '- RS256:AAAA 1 2 3 4']) {
      await damage('details', id, `bound ${browser.handle} ${text}`)
      const thief = browser.visitor.copy()
      thief.cookies.delete(BOUND_COOKIE)
      assert.equal((await thief.read('/read')).userName, '', text)
      const asked = await browser.refresh()
      assert.deepEqual([asked.status, cookiesIn(asked)], [403, []], text)
      assert.equal((await browser.register()).status, 403, text)
    }
    assert.equal((await manager.get(id))?.devices[0]?.bound, true)
    await damage('details', id, `bound ${'0'.repeat(16)} - ES256:A:A 0 0 0 0`)
    assert.equal((await manager.get(id))?.devices[0]?.bound, false, 'the binding of another cookie')
  })
}

test('[BIND-9] a store that fails refuses a registration and a refresh with 503; a lost reply still registers the key', async (t) => {
  const troubled = troubledStore(memoryStore())
  const { visitor, manager } = await startLayer(t, PAGES, { store: troubled.store, deviceBinding: {} })
  const events: string[] = []
  manager.on('bound', ({ handle }) => events.push(handle))
  for (const calls of [['find'], ['touch'], ['setDetails']] as const) {
    const browser = new BoundBrowser(visitor())
    await browser.logIn()
    troubled.trouble('fails', ...calls)
    const failed = await browser.register()
    assert.deepEqual([failed.status, cookiesIn(failed)], [503, []], calls.join())
    assert.match(String(failed.headers['retry-after']), /^\d+$/)
    troubled.mend()
    assert.equal((await browser.register()).status, 200, calls.join())
  }
  const browser = new BoundBrowser(visitor())
  await browser.logIn()
  troubled.trouble('loses answers', 'setDetails')
  assert.equal((await browser.register()).status, 200)
  assert.deepEqual([events.length, events.at(-1)], [4, browser.handle])
  troubled.mend()
  troubled.trouble('fails', 'find')
  const failed = await browser.refresh()
  assert.deepEqual([failed.status, cookiesIn(failed)], [503, []])
  troubled.mend()
  assert.equal((await browser.refresh()).status, 200)
})

test('[BIND-6] a cookie without a key of its own, and one of two live cookies, registers nothing', async (t) => {
  const shared = { store: memoryStore(), clock: manualClock() }
  const before = await startLayer(t, PAGES, { ...shared, secureCookie: true })
  const { visitor } = await startLayer(t, PAGES, { ...shared, deviceBinding: {} })
  const old = before.visitor()
  await old.get('/login')
  const browser = new BoundBrowser(visitor())
  for (const [cookie, value] of old.cookies) browser.visitor.cookies.set(cookie, value)
  for (const key of ['', 'undefined']) {
    const forged = valueUntil('registration', key, shared.clock.now() + 60_000)
    assert.equal((await browser.register(browser.key.registration(forged))).status, 403)
  }
  assert.equal((await browser.visitor.read('/read')).userName, 'Ana Lima')
  const fresh = new BoundBrowser(visitor())
  await fresh.logIn()
  const [one, two] = [fresh, browser].map((from) => [...from.visitor.cookies].map((pair) => pair.join('=')).join('; '))
  const proof = fresh.key.registration(fresh.offered)
  assert.equal((await fresh.register(proof, { Cookie: `${one}; ${two}` })).status, 403)
  assert.equal((await fresh.register(proof)).status, 200)
})

const SHARED: Record<string, (scope: Scope) => string> = {
  SQLite: (scope) => `sqlite:${join(temporaryFolder(scope), 'sessions.sqlite')}`,
  ...(redisUrl && { Redis: () => redisUrl as string }),
  ...(postgresUrl && { PostgreSQL: () => postgresUrl as string }),
}

for (const [name, address] of Object.entries(SHARED))
  test(`[BIND-11] a registration in one process and ${WRITES} writes in two processes at the same time are all stored, on ${name}`, async (t) => {
    const [shared, appName] = [address(t), ownName()]
    const start = () => startCounterServer(t, shared, appName, 'deviceBinding')
    const [one, two] = await Promise.all([start(), start()])
    const browser = new BoundBrowser(one.visit())
    await browser.logIn()
    const elsewhere = two.visit(browser.visitor)
    const write = (nth: number) => (nth % 2 === 0 ? elsewhere : browser.visitor).get('/count')
    const [bound, ...writes] = await Promise.all([
      browser.register(),
      ...Array.from({ length: WRITES }, (_, n) => write(n)),
    ])
    assert.deepEqual(
      [bound, ...writes].map(({ status }) => status),
      Array(WRITES + 1).fill(200),
    )
    assert.equal((await elsewhere.read<CounterPage>('/read')).storage.count, WRITES)
    const there = new BoundBrowser(two.visit(browser.visitor), browser.key)
    there.handle = browser.handle
    assert.equal((await there.refresh(browser.key.proof(browser.challenge))).status, 200)
    await browser.visitor.copy().get('/logout')
    assert.equal(JSON.parse((await there.refresh()).text).continue, false)
  })
