import assert from 'node:assert/strict'
import test from 'node:test'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { ApiClient, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'
import { readScrape, type Scrape, scrape } from '../support/metrics.ts'
import { sessionIdOf } from '../support/pages.ts'
import { newestLink, signUpAs } from '../support/sign-up.ts'
import { openStream } from '../support/stream.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'

// After this time, the next scrape counts the live sessions again.
const KEPT_SECONDS = 5

test('a scrape is in Prometheus’s text format, is not cached, and neither sets a cookie nor creates a session', async (t) => {
  const demo = await startDemo(t)
  const answer = await demo.visitor().get('/metrics')
  assert.deepEqual([answer.status, answer.setCookies], [200, []])
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(answer.headers['cache-control'], 'no-store')
  const series = readScrape(answer.text)
  for (const name of ['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes', 'nodejs_eventloop_lag_seconds'])
    assert.ok(series.has(name), name)
  for (const name of series.keys()) assert.match(name, /^(crm|process|nodejs)_/)
  assert.equal(await demo.parts.sessions?.count(), 0)
  const head = await demo.visitor().send('/metrics', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
})

test('the metrics count new sessions by kind and origin, ended sessions by reason, and live sessions', async (t) => {
  const demo = await startDemo(t)
  const watcher = demo.visitor()
  const [guest, user, other] = [demo.visitor(), demo.visitor(), demo.visitor()]
  assert.equal((await scrape(watcher)).get('crm_sessions_ended_total{kind="web",reason="idle"}'), 0, 'from the start')
  await guest.get('/')
  await user.get('/')
  await user.logInWell(4)
  await other.logInWell(5)
  await signedIn(demo, 4)
  await other.logOut()
  demo.clock.advance({ seconds: KEPT_SECONDS })
  const series = await scrape(watcher)
  assertSeries(series, {
    'crm_sessions_created_total{kind="web",via="visit"}': 2,
    'crm_sessions_created_total{kind="web",via="login"}': 1,
    'crm_sessions_created_total{kind="rest",via="sign-in"}': 1,
    crm_sessions_secured_total: 1,
    'crm_sessions_ended_total{kind="web",reason="secured"}': 1,
    'crm_sessions_ended_total{kind="web",reason="closed"}': 1,
    'crm_sessions_live{kind="web"}': 2,
    'crm_sessions_live{kind="rest"}': 1,
  })
})

test('the count of live sessions is cached between scrapes', async (t) => {
  const store = memoryStore()
  let counted = 0
  const count = store.count.bind(store)
  store.count = (...asked) => {
    counted++
    return count(...asked)
  }
  const demo = await startDemo(t, {}, { store })
  const watcher = demo.visitor()
  await Promise.all(Array.from({ length: 10 }, () => scrape(watcher)))
  const once = counted
  assert.ok(once > 0 && once <= 3, String(once))
  await demo.visitor().get('/')
  assert.equal((await scrape(watcher)).get('crm_sessions_live{kind="web"}'), 0)
  demo.clock.advance({ seconds: KEPT_SECONDS })
  assert.equal((await scrape(watcher)).get('crm_sessions_live{kind="web"}'), 1)
  assert.equal(counted, 2 * once)
})

test('the metrics count redeemed and refused one-time links', async (t) => {
  const demo = await startDemo(t)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  for (let n = 0; n < 3; n++) await demo.visitor().get(link)
  assertSeries(await scrape(demo.visitor()), {
    'crm_session_links_total{outcome="redeemed"}': 1,
    'crm_session_links_total{outcome="refused"}': 2,
  })
})

test('the metrics count requests by route and status class, never by URL', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const watcher = demo.visitor()
  await visitor.logInWell(4)
  for (const id of [1, 2, 1]) await visitor.get(`/customers/${id}`)
  await visitor.get('/customers/100')
  await visitor.get('/nope/4711')
  await visitor.get('/nope/4712')
  await visitor.send('/nope/4713', { method: 'PROPFIND' })
  await visitor.get('/favicon.ico')
  await visitor.get('/healthz')
  const client = await signedIn(demo, 4)
  await client.get('/customers/1')
  await new ApiClient(demo).get('/nothing/4714')
  await demo.visitor().get(`/admin/sessions/${sessionIdOf(visitor)}`)
  const series = await scrape(watcher)
  assertSeries(series, {
    'crm_http_requests_total{method="GET",route="/customers/:id",status="2xx"}': 3,
    'crm_http_requests_total{method="GET",route="/customers/:id",status="4xx"}': 1,
    'crm_http_requests_total{method="POST",route="/4DACTION/authenticate",status="3xx"}': 1,
    'crm_http_requests_total{method="GET",route="none",status="4xx"}': 2,
    'crm_http_requests_total{method="other",route="none",status="5xx"}': 1,
    'crm_http_requests_total{method="GET",route="/assets/*",status="2xx"}': 1,
    'crm_http_requests_total{method="GET",route="/api/customers/{id}",status="2xx"}': 1,
    'crm_http_requests_total{method="GET",route="/api/*",status="4xx"}': 1,
    'crm_http_requests_total{method="GET",route="/admin/sessions/:id",status="3xx"}': 1,
    'crm_http_request_seconds_count{method="GET",route="/customers/:id"}': 4,
  })
  for (const name of series.keys()) assert.doesNotMatch(name, /471|[0-9A-F]{32}|healthz/)
})

test('each scrape measures open streams, waiting mail, and password hashes that wait or run', async (t) => {
  const demo = await startDemo(t)
  const [visitor, watcher] = [demo.visitor(), demo.visitor()]
  await visitor.logInWell(4)
  const stream = await openStream(`${demo.url}/session/events`, visitor)
  await demo.parts.mail.stop()
  await demo.visitor().post('/signup', { email: 'ana@example.com', password: 'correct horse battery' })
  const hashing = Promise.all(Array.from({ length: 6 }, () => demo.parts.passwords.hash('a long password')))
  const { waiting, running } = demo.parts.passwords.load
  assert.equal(waiting + running, 6)
  const busy = await scrape(watcher)
  assertSeries(busy, { crm_event_streams_open: 1, 'crm_outbox_mails{state="waiting"}': 1 })
  assert.ok(busy.has('crm_password_hashes_waiting') && busy.has('crm_password_hashes_running'))
  await hashing
  stream.close()
  assertSeries(await scrape(watcher), { crm_password_hashes_waiting: 0, crm_password_hashes_running: 0 })
})

test('the metrics contain the duration of store calls by operation, and the number of failed calls', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const [visitor, watcher] = [demo.visitor(), demo.visitor()]
  await visitor.logInWell(4)
  const before = await scrape(watcher)
  assert.equal(before.get('crm_session_store_errors_total'), 0)
  await visitor.get('/customers')
  trouble.trouble('fails')
  await visitor.get('/customers')
  await visitor.get('/customers/1')
  const after = await scrape(watcher)
  const found = 'crm_session_store_seconds_count{operation="find",outcome="ok"}'
  assert.equal(Number(after.get(found)) - (before.get(found) ?? 0), 1)
  assertSeries(after, {
    'crm_session_store_seconds_count{operation="find",outcome="error"}': 2,
    'crm_session_store_seconds_bucket{le="+Inf",operation="find",outcome="error"}': 2,
    'crm_http_requests_total{method="GET",route="/customers",status="5xx"}': 1,
    'crm_http_requests_total{method="GET",route="/customers/:id",status="5xx"}': 1,
  })
  assert.ok(Number(after.get('crm_session_store_errors_total')) >= 2)
})

test('when the store is down or hangs, a scrape omits only the gauge of live sessions and answers within a second', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const [visitor, watcher] = [demo.visitor(), demo.visitor()]
  await visitor.logInWell(4)
  assert.equal((await scrape(watcher)).get('crm_sessions_live{kind="web"}'), 1)
  for (const kind of ['fails', 'hangs'] as const) {
    trouble.trouble(kind)
    demo.clock.advance({ seconds: KEPT_SECONDS })
    const scraping = scrape(watcher)
    if (kind === 'hangs') {
      await trouble.waiting()
      demo.clock.advance({ seconds: 1 })
    }
    const series = await scraping
    assert.ok(!series.has('crm_sessions_live{kind="web"}'), kind)
    assert.equal(series.get('crm_sessions_created_total{kind="web",via="login"}'), 1)
    trouble.mend()
  }
  demo.clock.advance({ seconds: KEPT_SECONDS })
  assert.equal((await scrape(watcher)).get('crm_sessions_live{kind="web"}'), 1)
})

test('without sessions only the session metrics are missing', async (t) => {
  const series = await scrape((await startDemo(t, { sessions: 'none' })).visitor())
  assert.deepEqual(
    [...series.keys()].filter((name) => name.startsWith('crm_sessions_')),
    [],
  )
  assert.ok(series.has('crm_password_hashes_waiting'))
})

test('two servers in one process count separately', async (t) => {
  const [busy, idle] = [await startDemo(t), await startDemo(t)]
  await busy.visitor().logInWell(4)
  const created = 'crm_sessions_created_total{kind="web",via="login"}'
  assert.equal((await scrape(busy.visitor())).get(created), 1)
  assert.equal((await scrape(idle.visitor())).get(created), 0)
})

function assertSeries(series: Scrape, expected: Record<string, number>): void {
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, series.get(name)]))
  assert.deepEqual(found, expected)
}
