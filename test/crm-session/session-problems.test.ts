import assert from 'node:assert/strict'
import test from 'node:test'
import { SessionError, type SessionErrorCode } from '../../src/session/index.ts'
import { startDemo } from '../support/demo.ts'
import { headingOf } from '../support/pages.ts'

const PAGES: [code: SessionErrorCode, status: number, heading: string][] = [
  ['SESSION_ENDED', 409, 'Your session has ended'],
  ['SESSION_BUSY', 503, 'Your session cannot be reached right now'],
  ['STORE_UNAVAILABLE', 503, 'Your session cannot be reached right now'],
  ['SESSION_LIMIT', 503, 'All places are taken'],
  ['SESSIONS_OFF', 503, 'This server runs without sessions'],
  ['HEADERS_SENT', 500, 'Something went wrong on our side'],
]

test('every session error has a page that says what to do', async (t) => {
  let failure: SessionErrorCode | undefined
  const demo = await startDemo(
    t,
    {},
    {
      sessions: (real) => ({
        ...real,
        async resume(exchange) {
          if (failure) throw new SessionError(failure, 'for developers')
          return real.resume(exchange)
        },
      }),
    },
  )
  for (const [code, status, heading] of PAGES) {
    failure = code
    const answer = await demo.visitor().get('/customers')
    assert.deepEqual([answer.status, headingOf(answer)], [status, heading], code)
    assert.equal(answer.headers['retry-after'], status === 503 ? '5' : undefined, code)
    assert.deepEqual(answer.setCookies, [], code)
    assert.doesNotMatch(answer.text, /for developers/)
    if (code === 'SESSION_ENDED') assert.match(answer.text, /href="\/authenticate\.shtml">Start again</)
  }
  failure = undefined
  assert.equal((await demo.visitor().get('/')).status, 200)
})

test('at the limit MAX_SESSIONS new users see error 5503, and signed-in users stay signed in', async (t) => {
  const demo = await startDemo(t, { maxSessions: 1, guests: 'first-write' })
  const first = demo.visitor()
  await first.logInWell(4)
  const second = await demo.visitor().logIn(1)
  assert.equal(second.status, 503)
  assert.match(second.text, /5503/)
  assert.equal((await first.get('/customers')).status, 200)
})
