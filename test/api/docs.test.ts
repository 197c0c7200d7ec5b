import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { startDemo } from '../support/demo.ts'

test('[BEARER-14] the documentation is public, and all its files come from this server', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const page = await visitor.get('/api/docs')
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
  assert.doesNotMatch(page.text, /(src|href)="(https?:)?\/\//)
  const files = [...page.text.matchAll(/(?:src|href)="(\/(?:api|assets)\/[^"]+\.[^"]+)"/g)].map(([, url = '']) => url)
  assert.ok(files.some((url) => /^\/api\/docs\/swagger-ui-bundle\.[0-9a-f]{12}\.js$/.test(url)))
  for (const url of files) {
    const file = await visitor.get(url)
    assert.equal(file.status, 200, url)
    if (url === '/api/openapi.json') continue
    assert.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal((await visitor.get(url, { 'If-None-Match': String(file.headers.etag) })).status, 304)
  }
})

test('[ASSET-3] the documentation has the frame of the other pages', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  assert.match((await visitor.get('/api/docs')).text, /href="\/authenticate\.shtml">Log In</)
  await visitor.logInWell(4)
  const { text } = await visitor.get('/api/docs')
  const header = text.slice(text.indexOf('<header'), text.indexOf('</header>'))
  assert.match(header, /href="\/customers"[^>]*>Customers</)
  assert.match(header, /Log out/)
})

test('[ASSET-3] the documentation and all its files are at most 500 KB large, with brotli and with gzip', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const page = await visitor.get('/api/docs')
  const files = new Set([...page.text.matchAll(/(?:src|href)="(\/(?:api|assets)\/[^"]+)"/g)].map(([, url = '']) => url))
  for (const encoding of ['br', 'gzip']) {
    let bytes = Number(page.headers['content-length'])
    for (const url of files)
      bytes += Number((await visitor.get(url, { 'Accept-Encoding': encoding })).headers['content-length'])
    assert.ok(bytes > 300_000 && bytes < 500 * 1024, `${encoding}: ${bytes}`)
  }
})

test('[BEARER-14] the API description can be cached, and is sent again only when it has changed', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const document = await visitor.get('/api/openapi.json')
  assert.equal(document.headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(document.headers['cache-control'], 'no-cache')
  const again = await visitor.get('/api/openapi.json', { 'If-None-Match': String(document.headers.etag) })
  assert.deepEqual([again.status, again.text], [304, ''])
})

test('the server serves only the files that the documentation viewer needs', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const folder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
  const served: string[] = []
  for (const file of readdirSync(folder)) {
    const { name, ext } = parse(file)
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
      .slice(0, 12)
    assert.equal((await visitor.get(`/api/docs/${file}`)).status, 401, file)
    if ((await visitor.get(`/api/docs/${name}.${hash}${ext}`)).status === 200) served.push(file)
  }
  assert.deepEqual(served, ['swagger-ui-bundle.js', 'swagger-ui.css'])
  for (const path of ['', '../package.json', '..%2fpackage.json'])
    assert.equal((await visitor.get(`/api/docs/${path}`)).status, 401, path)
})
