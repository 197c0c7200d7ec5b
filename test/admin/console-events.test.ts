import assert from 'node:assert/strict'
import test from 'node:test'
import { SessionChanges } from '../../src/admin/session-changes.ts'
import { createSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { sessionIdOf } from '../support/pages.ts'
import { openStream, STREAM_HEADERS } from '../support/stream.ts'
import type { Visitor } from '../support/visitor.ts'

test('an open console is notified of a change at once, but at most once a second', async (t) => {
  const { demo, admin } = await startConsole(t)
  const stream = await openStream(`${demo.url}/admin/sessions/events`, admin)
  assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
  await demo.visitor().get('/')
  await stream.until(/event: changed/)
  for (let index = 0; index < 10; index++) await demo.visitor().get('/')
  demo.clock.advance({ seconds: 1 })
  await stream.until(/event: changed[\s\S]*event: changed/)
  demo.clock.advance({ seconds: 1 })
  demo.clock.advance({ seconds: 30 })
  await stream.until(/still here/)
  assert.equal(stream.text().match(/event: changed/g)?.length, 2)
  stream.close()
})

test('the console’s stream and its refreshes do not count as activity, set no cookie, and end with the session', async (t) => {
  const { demo, admin } = await startConsole(t)
  const id = sessionIdOf(admin)
  const before = (await demo.parts.sessions?.get(id))?.lastAccessTime
  demo.clock.advance({ minutes: 5 })
  const stream = await openStream(`${demo.url}/admin/sessions/events`, admin)
  assert.equal(stream.headers['set-cookie'], undefined)
  for (const path of ['/admin/sessions?refresh=', '/admin/sessions?user=6&refresh=', `/admin/sessions/${id}?refresh=`])
    assert.equal((await admin.get(path)).status, 200)
  assert.deepEqual((await demo.parts.sessions?.get(id))?.lastAccessTime, before)
  await admin.logOut()
  await stream.ended
  assert.equal((await admin.get('/admin/sessions/events', STREAM_HEADERS)).status, 204)
  assert.equal((await demo.visitor().get('/admin/sessions/events', STREAM_HEADERS)).status, 204)
})

test('after the last console is closed, the server watches no sessions', async (t) => {
  const { demo, admin } = await startConsole(t)
  const stream = await openStream(`${demo.url}/admin/sessions/events`, admin)
  stream.close()
  while (demo.parts.streams.size > 0) await new Promise(setImmediate)
  assert.equal((await admin.get('/admin/sessions')).status, 200)
})

test('the console notices within seconds that a session began, was used or ended in another process', async () => {
  const store = memoryStore()
  const clock = manualClock()
  const common = { appName: 'Tessera', store, clock, secureCookie: false, roles: {}, privileges: {} }
  const [here, there] = [createSessions(common), createSessions(common)]
  const changes = new SessionChanges({ sessions: here, clock, isShared: true })
  let told = 0
  const stop = changes.watch(() => void told++)
  const looks = async () => {
    await settle()
    clock.advance({ seconds: 3 })
    await settle()
    clock.advance({ seconds: 1 })
  }
  await looks()
  assert.equal(told, 0)
  const { id } = await there.newToken('4', {})
  await looks()
  assert.equal(told, 1)
  await looks()
  assert.equal(told, 1, 'nothing happened')
  await there.end(id)
  await looks()
  assert.equal(told, 2)
  stop()
  await there.newToken('5', {})
  await looks()
  assert.equal(told, 2, 'there are no watchers')
  await here.close()
  await there.close()
})

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

async function startConsole(scope: Parameters<typeof startDemo>[0]): Promise<{ demo: Demo; admin: Visitor }> {
  const demo = await startDemo(scope)
  const admin = demo.visitor()
  await admin.logInWell(6)
  return { demo, admin }
}
