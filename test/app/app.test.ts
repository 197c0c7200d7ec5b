import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createApp } from '../../src/app/app.ts'
import { projectRoot } from '../../src/config/project-root.ts'
import { startDemo } from '../support/demo.ts'
import { headingOf, snapshotOf } from '../support/pages.ts'
import { routesOf } from '../support/routes.ts'

test('GET and HEAD change nothing', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(5)
  const before = await snapshotOf(demo.parts)
  // An event stream never ends.
  for (const { path } of routesOf(demo).filter(({ method, path }) => method === 'GET' && !path.endsWith('/events')))
    for (const method of ['GET', 'HEAD']) await visitor.send(path.replace(':id', '1'), { method })
  assert.equal(await snapshotOf(demo.parts), before)
})

test('unknown addresses and methods get a page that says so', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  assert.equal(headingOf(await visitor.get('/nope')), 'Page not found')
  for (const path of [
    '/Customers',
    '/customers/',
    '/authenticate.shtml/',
    '/%E0%A4%A',
    '/..%2f..%2fetc/passwd',
    '/assets/../src/app.ts',
  ])
    assert.equal((await visitor.get(path)).status, 404, path)

  const put = await visitor.send('/customers', { method: 'PUT' })
  assert.deepEqual([put.status, put.headers.allow], [405, 'HEAD, GET, POST'])
  assert.equal(headingOf(put), 'That does not work here')
  assert.equal((await visitor.get('/logout')).status, 405)
  const unknown = await visitor.send('/customers', { method: 'PROPFIND' })
  assert.ok([405, 501].includes(unknown.status))
})

test('an error is answered as JSON or plain text on request', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  const json = await visitor.get('/nope', { Accept: 'application/json' })
  const { error } = JSON.parse(json.text)
  assert.deepEqual([error.status, error.title, error.requestId], [404, 'Page not found', json.headers['x-request-id']])
  const text = await visitor.get('/nope', { Accept: 'text/plain' })
  assert.match(String(text.headers['content-type']), /^text\/plain/)
  assert.match(text.text, /^Page not found\n/)
})

test('an unexpected error shows the user only a reference, and the log has the details', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(5)
  await demo.parts.database.schema.dropTable('purchases').execute()
  const answer = await visitor.get('/customers/1')
  assert.equal(answer.status, 500)
  assert.ok(answer.text.includes(String(answer.headers['x-request-id'])))
  assert.doesNotMatch(answer.text, /purchases|SQLITE|node_modules|customer-pages|no such table|relation/)
  const line = demo.log.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'request failed')
  assert.equal(line.requestId, answer.headers['x-request-id'])
  assert.match(line.err.stack, /(no such table: purchases|relation "purchases" does not exist)[\s\S]*src\/crm\//)
  assert.equal((await visitor.get('/customers')).status, 200)
})

test('a client that disconnects during the response is not logged as an error, but other errors are logged', async (t) => {
  const demo = await startDemo(t)
  const app = createApp(demo.parts)
  const errors = () => demo.log.filter((line) => JSON.parse(line).level >= 50).length
  for (const code of ['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET'])
    app.emit('error', Object.assign(new Error(code), { code }))
  assert.equal(errors(), 0)
  app.emit('error', new Error('a fault of ours'))
  assert.equal(errors(), 1)
})

test('static assets are cached, have a new URL when their content changes, and do not use the session', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const { text } = await demo.visitor().get('/')
  const urls = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url = '']) => url)
  assert.ok(new Set(urls).size >= 3)
  for (const url of urls) {
    const asset = await visitor.get(url)
    assert.equal(asset.status, 200)
    assert.match(String(asset.headers['cache-control']), /immutable/)
    assert.equal((await visitor.get(url, { 'If-None-Match': asset.headers.etag })).status, 304)
  }
  assert.equal((await visitor.get('/favicon.ico')).headers['content-type'], 'image/svg+xml')
  assert.equal(visitor.cookies.size, 0)
})

test('every script and style that a page names is an asset', () => {
  const views = join(projectRoot(), 'views')
  const names = readdirSync(views, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.eta') && !file.startsWith('platform'))
    .flatMap((file) => readFileSync(join(views, file), 'utf8').match(/(?<=assets\[')[^']+/g) ?? [])
  assert.ok(names.length > 5)
  assert.deepEqual(
    names.filter((name) => name !== 'htmx.min.js' && !existsSync(join(views, 'assets', name))),
    [],
  )
})

test('the health check answers without a session', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  const answer = await visitor.get('/healthz')
  assert.deepEqual([answer.status, answer.text, answer.setCookies], [200, '{"status":"ok"}', []])
})

test('the server sends HSTS only when its public address uses https', async (t) => {
  const open = await (await startDemo(t, { publicUrl: 'https://crm.example.com' })).visitor().get('/nope')
  assert.match(String(open.headers['strict-transport-security']), /max-age=31536000; includeSubDomains/)
  const local = await (await startDemo(t)).visitor().get('/nope')
  assert.equal(local.headers['strict-transport-security'], undefined)
})
