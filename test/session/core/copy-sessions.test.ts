import assert from 'node:assert/strict'
import test from 'node:test'
import { copySessions } from '../../../src/session/index.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { type Described, type LayerVisitor, PAGES, STORES, startLayer } from '../support/layer.ts'

const names = Object.keys(STORES)

for (const [index, from] of names.entries()) {
  const to = names[(index + 1) % names.length] as string
  test(`sessions move from ${from} to ${to}, and no user has to log in again`, async (t) => {
    const clock = manualClock()
    const [old, next] = [STORES[from]?.(), STORES[to]?.()]
    assert.ok(old && next)
    const before = await startLayer(t, PAGES, { store: old, clock })
    const ana = before.visitor()
    const { id } = await ana.read<Described>('/login')
    await ana.read('/write?key=a&value=1')
    const phone = before.visitor()
    await phone.read(`/read?$4DSID=${await before.manager.createOTP(id)}`)
    const openLink = await before.manager.createOTP(id, { data: { page: 3 } })
    const guest = before.visitor()
    await guest.read('/write?key=b&value=2')
    const gone = before.visitor()
    await gone.read('/login')
    const past = gone.copy()
    await gone.read('/logout')
    const { token } = await before.manager.newToken('4', { name: 'report', scope: 'read', absoluteSeconds: 3600 })
    const was = await ana.read<Described>('/read')

    const copied = await copySessions(old, next, { appName: 'TEST', now: clock.now() })
    assert.deepEqual(copied, { sessions: 3, credentials: 5 })

    const after = await startLayer(t, PAGES, { store: next, clock })
    const moved = (visitor: LayerVisitor) => {
      const there = after.visitor()
      for (const [name, value] of visitor.cookies) there.cookies.set(name, value)
      return there
    }
    assert.deepEqual(await moved(ana).read<Described>('/read'), was)
    assert.equal((await moved(phone).read<Described>('/read')).id, id)
    assert.deepEqual((await moved(guest).read<Described>('/read')).storage, { b: '2' })
    assert.equal((await moved(past).read<Described>('/read')).userName, '')
    assert.equal((await after.visitor().read<Described>(`/read?$4DSID=${openLink}`)).id, id)
    const rest = await after.manager.resumeToken({
      authorization: `Bearer ${token}`,
      device: null,
      address: null,
      onClose: () => {},
    })
    assert.equal(rest.userId, '4')
    // This write succeeds only if the copied session has the same version as in the old store.
    assert.deepEqual((await moved(ana).read<Described>('/write?key=c&value=3')).storage, { a: '1', c: '3' })

    await assert.rejects(copySessions(old, next, { appName: 'TEST', now: clock.now() }), /Copy into an empty one/)
  })
}
