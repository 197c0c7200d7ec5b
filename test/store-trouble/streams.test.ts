import assert from 'node:assert/strict'
import test from 'node:test'
import { sessionIdOf } from '../support/pages.ts'
import { signUpAs } from '../support/sign-up.ts'
import { openStream, STREAM_HEADERS } from '../support/stream.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'

test('an open stream reports the end of its session only after the session has ended, not while the store is down', async (t) => {
  const { demo, store, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const stream = await openStream(`${demo.url}/session/events`, visitor)
  await stream.until(/retry/)
  trouble.trouble('fails')
  for (let second = 0; second < 30; second++) {
    const before = trouble.troubled.length
    demo.clock.advance({ seconds: 1 })
    while (trouble.troubled.length === before) await turn()
    await turn()
  }
  await stream.until(/still here/)
  assert.doesNotMatch(stream.text(), /ended/)

  // Another process still reaches the store and ends the session.
  await store.end({ app: 'Tessera', id: sessionIdOf(visitor), reason: 'revoked', now: demo.clock.now() })
  trouble.mend()
  demo.clock.advance({ seconds: 1 })
  await stream.until(/event: ended/)
  await stream.ended
})

test('a stream requested while the store is down gets 503 with Retry-After, and no sign that the user is signed out', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(6)
  trouble.trouble('fails')
  for (const path of ['/session/events', '/admin/sessions/events', '/signup/events'])
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, setCookies } = await visitor.send(path, { method, headers: STREAM_HEADERS })
      assert.deepEqual([status, headers['retry-after'], setCookies], [503, '5', []], `${method} ${path}`)
    }
})

test('the stream of a waiting sign-up ends without an error when the store fails, and the server continues', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const visitor = demo.visitor()
  await signUpAs(demo, visitor, 'ana@example.com')
  const stream = await openStream(`${demo.url}/signup/events`, visitor)
  await stream.until(/Waiting for validation email/)
  trouble.trouble('fails')
  demo.clock.advance({ seconds: 1 })
  await stream.ended
  assert.equal(stream.text().match(/event: status/g)?.length, 1)
  // The first read and the watch both fail, and the server must wait for neither.
  trouble.trouble('fails', 'get')
  const failing = await openStream(`${demo.url}/signup/events`, visitor)
  await failing.ended
  assert.doesNotMatch(failing.text(), /event/)
  trouble.mend()
  const again = await openStream(`${demo.url}/signup/events`, visitor)
  await again.until(/Waiting for validation email/)
  again.close()
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
