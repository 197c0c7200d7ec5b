import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { newestLink, signUpAs } from '../../support/sign-up.ts'
import { openStream, STREAM_HEADERS } from '../../support/stream.ts'

test('[MAIL-2] the waiting page is notified at once when another browser opens the link', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await openStream(`${demo.url}/signup/events`, ana)
  assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
  assert.match(await stream.until(/event: status\n.*\n/), /"step":"Waiting for validation email"/)
  await demo.visitor().get(await newestLink(demo, 'ana@example.com'))
  assert.match(await stream.until(/"step":"Email validated"/), /event: status/)
  stream.close()
})

test('a stream does not count as activity, sets no cookie, and ends with the session, after which a new stream gets 204', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const before = (await demo.parts.sessions?.get(sessionIdOf(ana)))?.lastAccessTime
  demo.clock.advance({ minutes: 5 })
  const stream = await openStream(`${demo.url}/signup/events`, ana)
  assert.equal(stream.headers['set-cookie'], undefined)
  assert.deepEqual((await demo.parts.sessions?.get(sessionIdOf(ana)))?.lastAccessTime, before)
  await demo.parts.sessions?.end(sessionIdOf(ana))
  await stream.ended
  for (const visitor of [ana, demo.visitor()]) {
    const { status, setCookies } = await visitor.get('/signup/events', STREAM_HEADERS)
    assert.deepEqual([status, setCookies], [204, []])
  }
})

test('a browser has one stream: a second stream ends the first stream, and every stream ends after five minutes', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const first = await openStream(`${demo.url}/signup/events`, ana)
  const second = await openStream(`${demo.url}/signup/events`, ana)
  assert.match(await first.until(/event: elsewhere/), /elsewhere/)
  await first.ended
  assert.equal(demo.parts.streams.size, 1)
  demo.clock.advance({ minutes: 5 })
  await second.ended
  assert.equal(demo.parts.streams.size, 0)
})

test('leaving the page ends its stream without an error', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await openStream(`${demo.url}/signup/events`, ana)
  stream.close()
  while (demo.parts.streams.size > 0) await new Promise((resolve) => setImmediate(resolve))
  await ana.get('/signup/waiting')
  assert.doesNotMatch(demo.log.join(''), /response failed/)
})

test('a server that stops ends the streams first and opens no more', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await openStream(`${demo.url}/signup/events`, ana)
  demo.parts.streams.stop()
  await stream.ended
  assert.equal((await ana.get('/signup/events', STREAM_HEADERS)).status, 204)
})
