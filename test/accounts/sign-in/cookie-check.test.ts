import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, sessionIdOf } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

const FORM = { userId: '4', password: 'crm-demo', checksCookie: '1', next: '/customers' }

for (const guests of ['first-request', 'first-write'] as const) {
  test(`[TAB-8] a login with blocked cookies says so, and leaves no session (${guests})`, async (t) => {
    const demo = await startDemo(t, { guests })
    const visitor = demo.visitor()
    const get = (path: string) => {
      visitor.cookies.clear()
      return visitor.get(path)
    }
    assert.match((await get('/authenticate.shtml?next=/customers')).text, /name="checksCookie"/)
    visitor.cookies.clear()
    const { location } = await visitor.post('/4DACTION/authenticate', FORM)
    const page = await get(String(location))
    assert.match(messageOf(page), /Allow cookies for this site/)
    assert.match(page.text, /name="next" value="\/customers"/)
    assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 0)
  })
}

test('[TAB-8] a browser that sends the cookie of its first login reaches the page it asked for', async (t) => {
  const demo = await startDemo(t, { guests: 'first-write' })
  const visitor = demo.visitor()
  const page = await visitor.follow(await visitor.post('/4DACTION/authenticate', FORM))
  assert.equal(headingOf(page), 'Your customers')
})

test('[TAB-8] the check does not end a session whose cookie was used, or a session that is older than a minute', async (t) => {
  const demo = await startDemo(t)
  const [used, old, stranger] = [demo.visitor(), demo.visitor(), demo.visitor()]
  const began = (visitor: Visitor) => stranger.get(`/authenticate.shtml?began=${sessionIdOf(visitor)}`)
  await used.logInWell(4)
  await used.get('/customers')
  await old.logInWell(5)
  await began(used)
  demo.clock.advance({ minutes: 2 })
  await began(old)
  await began(demo.visitor())
  assert.equal(await demo.parts.sessions?.count({ userId: '4' }), 1)
  assert.equal(await demo.parts.sessions?.count({ userId: '5' }), 1)
})
