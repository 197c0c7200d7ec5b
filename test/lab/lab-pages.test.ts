import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { assertNotLoaded } from '../support/loaded-files.ts'

test('[LAB-5] production has no lab and loads none of its files; the demo loads the lab at its first page', async (t) => {
  const production = (await startDemo(t, { profile: 'production' })).visitor()
  for (const path of ['/lab', '/lab/fixation', '/lab/fixation/test'])
    assert.equal((await production.get(path)).status, 404, path)
  assert.equal((await production.post('/lab/fixation')).status, 404)
  const demo = (await startDemo(t)).visitor()
  assert.equal((await demo.get('/lab')).status, 200)
  for (const profile of ['production', 'demo'] as const) assertNotLoaded('lab', profile)
})

test('[LAB-6] a run touches no session of the demo, and its page shows no token and no cookie of the lab', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const before = visitor.sessionCookie
  const count = await demo.parts.sessions?.count()
  const { status, text, setCookies } = await visitor.post('/lab/link-fixation')
  assert.deepEqual([status, setCookies], [200, []])
  assert.equal(visitor.sessionCookie, before)
  assert.equal(await demo.parts.sessions?.count(), count)
  assert.match(text, /GET \/open 200/)
  assert.doesNotMatch(text.slice(text.indexOf('<main')), /4DSID_LAB|\$4DSID=|koa\.sess|[0-9A-F]{32}|token=/)
})

test('[LAB-6] the lab works on a server that runs without sessions', async (t) => {
  const visitor = (await startDemo(t, { sessions: 'none' })).visitor()
  assert.match((await visitor.post('/lab/fixation')).text, /The attacker is a guest/)
})

test('[LAB-7] a network runs thirty experiments a minute, and no other site can start one', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const visitor = demo.visitor()
  const foreign = await visitor.post(
    '/lab/two-users',
    {},
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
  )
  assert.equal(foreign.status, 403)
  // Sixty presses of two networks at once.
  const servers = countOf('TCPServerWrap')
  let most = 0
  const look = setInterval(() => {
    most = Math.max(most, countOf('TCPServerWrap') - servers)
  })
  const presses = Array.from({ length: 60 }, (_, press) =>
    visitor.post('/lab/two-users', {}, press % 2 ? { 'X-Forwarded-For': '203.0.113.9' } : {}),
  )
  const answers = await Promise.all(presses)
  clearInterval(look)
  assert.ok(most <= 1, `${most} experiments ran at a time`)
  const busy = answers.filter(({ status }) => status === 503)
  assert.ok(answers.filter(({ status }) => status === 200).length + busy.length === 60 && busy.length > 0)
  assert.match(busy[0]?.text ?? '', /Too many experiments are waiting\. Please try again in a few seconds\./)
  assert.equal(busy[0]?.headers['retry-after'], '5')
  const refused = await demo.visitor().post('/lab/two-users')
  assert.equal(refused.status, 429)
  assert.match(refused.text, /Your network may run 30 experiments a minute\. Please try again in \d+ seconds?\./)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal((await visitor.get('/lab/two-users')).status, 200)
})

test('[LAB-8] with several processes, the lab says that it needs one', async (t) => {
  const visitor = (await startDemo(t, { webConcurrency: 2 })).visitor()
  for (const path of ['/lab', '/lab/fixation']) {
    const { text } = await visitor.get(path)
    assert.match(text, /Start the server without <code>WEB_CONCURRENCY<\/code>/)
    assert.doesNotMatch(text, /<form method="post" action="\/lab/)
  }
  assert.equal((await visitor.post('/lab/fixation')).status, 503)
})

test('[LAB-4] an experiment links to the source of its test', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  assert.match((await visitor.get('/lab/fixation')).text, /<a href="\/lab\/fixation\/test">/)
  const { text, headers } = await visitor.get('/lab/fixation/test')
  assert.match(String(headers['content-type']), /^text\/plain/)
  assert.match(text, /\[PRIV-8\]/)
  assert.equal((await visitor.get('/lab/unknown/test')).status, 404)
  assert.equal((await visitor.get('/lab/unknown')).status, 404)
})

function countOf(resource: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === resource).length
}
