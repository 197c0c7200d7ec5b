import assert from 'node:assert/strict'
import test from 'node:test'
import type { Context } from 'koa'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { EventStreams } from '../../src/web/event-streams.ts'
import { startDemo } from '../support/demo.ts'
import { sessionIdOf } from '../support/pages.ts'
import { openStream, STREAM_HEADERS } from '../support/stream.ts'

const PATH = '/session/events'

test('a page is notified at once that its session has ended, and its next request is answered with 204', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const before = (await demo.parts.sessions?.get(sessionIdOf(ada)))?.lastAccessTime
  demo.clock.advance({ minutes: 5 })
  const stream = await openStream(demo.url + PATH, ada)
  assert.deepEqual((await demo.parts.sessions?.get(sessionIdOf(ada)))?.lastAccessTime, before, 'no activity')
  assert.equal((await ada.send(PATH, { method: 'HEAD', headers: STREAM_HEADERS })).status, 200)
  await demo.parts.sessions?.end(sessionIdOf(ada), 'revoked', { message: 'Bye' })
  await stream.until(/event: ended/)
  await stream.ended
  for (const method of ['GET', 'HEAD']) {
    const answer = await ada.send(PATH, { method, headers: STREAM_HEADERS })
    assert.deepEqual([answer.status, answer.setCookies], [204, []], method)
  }
  assert.match((await ada.get('/')).text, /Bye/, 'the message was left for a page')
})

test('each device has its own stream, and on one device the newest stream replaces the others', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const phone = demo.visitor()
  await phone.get(`/customers?$4DSID=${await demo.parts.sessions?.createOTP(id)}`)
  const streams = [await openStream(demo.url + PATH, ada), await openStream(demo.url + PATH, phone)]
  assert.equal(demo.parts.streams.size, 2)
  const again = await openStream(demo.url + PATH, ada)
  await streams[0]?.until(/event: elsewhere/)
  await streams[0]?.ended
  const device = (await demo.parts.sessions?.get(id))?.devices.find(({ via }) => via === 'link')
  await demo.parts.sessions?.detach(id, device?.handle ?? '')
  await streams[1]?.until(/event: ended/)
  assert.equal(demo.parts.streams.size, 1, 'the stream of the other device stays open')
  again.close()
})

test('session ID rotation does not end the session: the page reconnects with the new cookie', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const stream = await openStream(demo.url + PATH, ada)
  assert.equal((await ada.post('/account/confirm', { password: 'crm-demo', next: '/customers' })).status, 303)
  assert.equal(sessionIdOf(ada), id)
  demo.clock.advance({ seconds: 1 })
  await stream.until(/event: ended/)
  assert.equal((await ada.send(PATH, { method: 'HEAD', headers: STREAM_HEADERS })).status, 200)
  const next = await openStream(demo.url + PATH, ada)
  assert.equal(next.status, 200)
  next.close()
})

test('a stream lasts five minutes; then the page reconnects', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const stream = await openStream(demo.url + PATH, ada)
  demo.clock.advance({ minutes: 5 })
  await stream.ended
  assert.doesNotMatch(stream.text(), /event: ended/)
  const next = await openStream(demo.url + PATH, ada)
  assert.equal(next.status, 200)
  next.close()
})

test('guests, and servers without sessions, have no stream', async (t) => {
  const demo = await startDemo(t)
  const guest = demo.visitor()
  await guest.get('/')
  assert.equal((await guest.get(PATH, STREAM_HEADERS)).status, 204)
  const off = await startDemo(t, { sessions: 'none' })
  assert.equal((await off.visitor().get(PATH, STREAM_HEADERS)).status, 204)
})

test('a graceful shutdown ends the stream without saying that the session has ended', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const stream = await openStream(demo.url + PATH, ada)
  demo.parts.streams.stop()
  await stream.ended
  assert.doesNotMatch(stream.text(), /event: ended/)
  assert.equal((await ada.get(PATH, STREAM_HEADERS)).status, 503)
})

test('when no further stream can be opened, the caller of the function decides whether the page reconnects', () => {
  const streams = new EventStreams(manualClock(), { most: 0 })
  const answer = (signal: AbortSignal, whenFull?: 204 | 503) => {
    const ctx = { res: {} } as Context
    assert.equal(
      streams.open(ctx, 'key', signal, { session: { id: 'A', isGuest: () => false }, ...(whenFull && { whenFull }) }),
      undefined,
    )
    return ctx.status
  }
  const { signal } = new AbortController()
  assert.deepEqual([answer(signal), answer(signal, 503)], [204, 503])
  assert.equal(answer(AbortSignal.abort(), 503), 204, 'after the end, the page does not reconnect')
})

test('OPTIONS shows whether an address is a page, and changes nothing', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  await demo.parts.sessions?.end(sessionIdOf(ada), 'revoked', { message: 'Bye' })
  const allowed = async (path: string) => {
    const answer = await ada.send(path, { method: 'OPTIONS', headers: STREAM_HEADERS })
    assert.deepEqual([answer.status, answer.setCookies], [200, []], path)
    return String(answer.headers.allow)
  }
  assert.match(await allowed('/customers'), /GET/)
  assert.match(await allowed('/account/password'), /GET/)
  assert.equal(await allowed('/account/sessions/end-others'), 'POST')
  assert.match((await ada.get('/')).text, /Bye/, 'the message was left for a page')
})

test('pages of signed-in users listen for the end of the session, and pages of guests do not', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  assert.doesNotMatch((await ada.get('/')).text, /session-ended/)
  await ada.logInWell(1)
  assert.match((await ada.get('/')).text, /session-ended\.[0-9a-f]{12}\.js" type="module"/)
})
