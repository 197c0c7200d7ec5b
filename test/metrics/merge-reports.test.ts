import assert from 'node:assert/strict'
import test from 'node:test'
import { mergeReports } from '../../src/metrics/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { startDemo } from '../support/demo.ts'
import { readScrape } from '../support/metrics.ts'
import { openStream } from '../support/stream.ts'

test('merging the reports of several processes adds up counters and queue lengths, but not values of a shared store', async (t) => {
  const store = memoryStore()
  const demos = [await startDemo(t, {}, { store }), await startDemo(t, {}, { store })]
  const streams = []
  for (const demo of demos) {
    const visitor = demo.visitor()
    await visitor.logInWell(4)
    await visitor.get('/customers/1')
    streams.push(await openStream(`${demo.url}/session/events`, visitor))
  }
  // Processes exchange their reports as JSON.
  const reports = await Promise.all(
    demos.map(async ({ parts }) => JSON.parse(JSON.stringify(await parts.metrics.report()))),
  )
  const series = readScrape(await mergeReports(reports))
  assert.equal(series.get('crm_sessions_created_total{kind="web",via="login"}'), 2)
  assert.equal(series.get('crm_event_streams_open'), 2)
  assert.equal(series.get('crm_sessions_live{kind="web"}'), 2, 'and not four')
  assert.equal(series.get('crm_http_requests_total{method="GET",route="/customers/:id",status="2xx"}'), 2)
  assert.equal(series.get('crm_http_request_seconds_count{method="GET",route="/customers/:id"}'), 2)
  const buckets = [...series].filter(
    ([name]) => name.startsWith('crm_session_store_seconds_bucket') && name.includes('"find"'),
  )
  const values = buckets.map(([, value]) => value)
  assert.ok(values.length > 5)
  assert.deepEqual(
    values,
    values.toSorted((one, other) => one - other),
    'buckets still grow',
  )
  assert.ok(series.has('process_cpu_seconds_total'))
  for (const stream of streams) stream.close()
})
