import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { SessionStore, WriteState } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { scrape } from '../support/metrics.ts'

const NOTICE_SECONDS = 5
const READ_ONLY: WriteState = { state: 'read-only', error: new Error('READONLY of 10.0.0.7') }
const FULL: WriteState = { state: 'refusing', error: new Error('OOM of 10.0.0.7') }

test('[WRITE-6] the server notices within five seconds that its store refuses writes, and only a read-only store makes the server not ready', async (t) => {
  const { demo, probe } = await startProbedDemo(t, [{ state: 'writable' }])
  assert.deepEqual(await seen(demo), [200, 'ready', 'ok', 'writable'])
  for (const [answer, ...expected] of [
    [READ_ONLY, 503, 'not ready', 'the store is read-only', 'read-only'],
    [FULL, 200, 'degraded', 'the store refuses writes', 'refusing'],
    [new Error('no answer'), 200, 'degraded', 'the store does not answer a write', 'unavailable'],
    [{ state: 'writable' }, 200, 'ready', 'ok', 'writable'],
  ] as const) {
    probe.answers = [answer]
    demo.clock.advance({ seconds: NOTICE_SECONDS })
    assert.deepEqual(await seen(demo), expected)
  }
  const told = demo.log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'readiness')
  assert.deepEqual(told.map(({ msg, err }) => [msg, err?.message]).slice(0, 2), [
    ['this server is not ready', 'READONLY of 10.0.0.7'],
    ['this server is degraded', 'OOM of 10.0.0.7'],
  ])
})

test('a server with a read-only store does not become ready when the write probe fails during the reconnection of the store', async (t) => {
  const { demo, probe } = await startProbedDemo(t, [READ_ONLY])
  assert.equal((await seen(demo))[0], 503)
  probe.answers = [new Error('The connection is not open yet.')]
  demo.clock.advance({ seconds: NOTICE_SECONDS })
  assert.deepEqual(await seen(demo), [503, 'not ready', 'the store is read-only', 'read-only'])
})

test('health checks and scrapes within two seconds share one write probe', async (t) => {
  const { demo, probe } = await startProbedDemo(t, [{ state: 'writable' }])
  const ask = () => Promise.all([seen(demo), seen(demo), seen(demo)])
  await ask()
  demo.clock.advance({ milliseconds: 1999 })
  await ask()
  assert.equal(probe.calls, 1)
  demo.clock.advance({ milliseconds: 1 })
  await ask()
  assert.equal(probe.calls, 2)
})

test('for a store without a write probe, the health check tests no writes and the metrics contain no write state', async (t) => {
  const { probe: _, ...store } = memoryStore()
  const demo = await startDemo(t, {}, { store })
  assert.deepEqual(await seen(demo), [200, 'ready', 'ok', undefined])
})

async function startProbedDemo(t: TestContext, answers: (WriteState | Error)[]) {
  const probe = { answers, calls: 0 }
  const store: SessionStore = {
    ...memoryStore(),
    async probe() {
      probe.calls++
      const [answer] = probe.answers
      if (answer instanceof Error) throw answer
      return answer ?? { state: 'writable' }
    },
  }
  return { demo: await startDemo(t, {}, { store }), probe }
}

/** What `/readyz` and `/metrics` report. Throws if they reveal the address of the store. */
async function seen(demo: Demo) {
  const answer = await demo.visitor().get('/readyz')
  assert.doesNotMatch(answer.text, /10\.0\.0\.7/)
  const { status, checks } = JSON.parse(answer.text)
  const series = [...(await scrape(demo.visitor()))].find(([name, value]) => name.startsWith(SERIES) && value === 1)
  return [answer.status, status, checks.sessionWrites, series?.[0].slice(SERIES.length, -2)]
}

const SERIES = 'crm_session_store_writes{state="'
