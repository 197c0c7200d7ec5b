import assert from 'node:assert/strict'
import test from 'node:test'
import type { Demo } from '../support/demo.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'
import type { Visitor } from '../support/visitor.ts'

test('a request that waits for a hanging store gets 503 at the timeout, and a request that needs no store is not delayed', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitors = await Promise.all([4, 5, 6].map((userId) => signedIn(demo, userId)))
  trouble.trouble('hangs')
  const waiting = visitors.map((visitor) => visitor.get('/account/sessions'))
  await trouble.waiting(3)
  const stranger = demo.visitor()
  assert.equal((await stranger.get('/healthz')).status, 200)
  assert.equal((await stranger.get('/favicon.ico')).status, 200)
  const metrics = stranger.get('/metrics')
  await trouble.waiting(4)
  demo.clock.advance({ seconds: 1 })
  assert.equal((await metrics).status, 200)
  trouble.giveUp()
  for (const { status, setCookies } of await Promise.all(waiting)) assert.deepEqual([status, setCookies], [503, []])
  trouble.mend()
  for (const visitor of visitors) assert.equal((await visitor.get('/account/sessions')).status, 200)
})

async function signedIn(demo: Demo, userId: number): Promise<Visitor> {
  const visitor = demo.visitor()
  await visitor.logInWell(userId)
  return visitor
}
