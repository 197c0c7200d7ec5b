import assert from 'node:assert/strict'
import test from 'node:test'
import type { Trace } from '../../src/inspector/trace.ts'
import { addCall, stepsTo, TRACES_PER_SESSION, TraceRing } from '../../src/inspector/trace-ring.ts'

test('the ring keeps the newest requests of each session, and the sessions with the newest requests', () => {
  const ring = new TraceRing()
  ring.add('A', trace('first', { setCookie: ['Path=/'] }))
  for (let count = 1; count <= 2 * TRACES_PER_SESSION; count += 1) ring.add('A', trace(`${count}`))
  assert.deepEqual(
    ring.of('A').map(({ requestId }) => requestId),
    Array.from({ length: TRACES_PER_SESSION }, (_, index) => `${TRACES_PER_SESSION + index + 1}`),
  )
  assert.deepEqual(ring.cookieOf('A'), ['Path=/'])
  ring.add('B', trace('of B'))
  for (let count = 0; count < 199; count += 1) ring.add(`session ${count}`, trace('one'))
  assert.deepEqual([ring.of('A').length, ring.of('B').length], [0, 1])
  ring.add('B', trace('of B again'))
  ring.add('another session', trace('one'))
  assert.deepEqual([ring.of('session 0').length, ring.of('B').length], [0, 2])
})

test('a trace keeps a limited number of store calls, and counts the others', () => {
  const one = trace('one')
  for (let count = 0; count < 100; count += 1) addCall(one, { operation: 'find', outcome: 'ok', milliseconds: 1 })
  assert.deepEqual([one.calls.length, one.moreCalls], [60, 40])
})

test('the steps to a page are the redirects that led to it, and no older or other redirect', () => {
  const old = trace('old', { at: 0, redirectedTo: '/b' })
  const first = trace('first', { at: 60_000, redirectedTo: '/a' })
  const other = trace('other', { at: 60_001, redirectedTo: '/other' })
  const second = trace('second', { at: 60_002, address: '/a', redirectedTo: '/b' })
  const page = trace('page', { at: 60_003, address: '/b' })
  const steps = (...traces: Trace[]) => stepsTo(page, traces).map(({ requestId }) => requestId)
  assert.deepEqual(steps(old, first, other, second, page), ['first', 'second', 'page'])
  assert.deepEqual(steps(old, page), ['page'])
  assert.deepEqual(steps(page, first), ['page'])
})

function trace(requestId: string, fields: Partial<Trace> = {}): Trace {
  return {
    requestId,
    method: 'GET',
    address: `/${requestId}`,
    at: 0,
    milliseconds: 1,
    status: 200,
    redirectedTo: '',
    route: '',
    view: '',
    before: undefined,
    after: undefined,
    calls: [],
    moreCalls: 0,
    setCookie: undefined,
    ...fields,
  }
}
