import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { projectRoot } from '../../src/config/project-root.ts'
import { loadAssets } from '../../src/web/static-assets.ts'
import { startDemo } from '../support/demo.ts'

test('a script imports another script by its URL with the content hash', async () => {
  const { urls, files } = loadAssets(join(projectRoot(), 'views', 'assets'))
  const scripts = [...files.values()].filter(({ type }) => type.startsWith('text/javascript'))
  const texts = await Promise.all(scripts.map(({ content }) => content.in('identity')))
  const imported = texts.flatMap((text) => [...text.toString().matchAll(/^import .* from '([^']+)'/gm)])
  assert.ok(imported.length > 0)
  for (const [, address = ''] of imported) assert.ok(files.has(address), address)
  assert.match(String(urls['page-stream.js']), /^\/assets\/page-stream\.[0-9a-f]{12}\.js$/)
})

test('a style sheet contains the files that it imports, so that a page loads one', async () => {
  const { urls, files } = loadAssets(join(projectRoot(), 'views', 'assets'))
  const style = String(await files.get(urls['style.css'] ?? '')?.content.in('identity'))
  assert.doesNotMatch(style, /@import/)
  const sections = readdirSync(join(projectRoot(), 'views', 'assets', 'style'))
  for (const section of sections)
    assert.ok(style.includes(readFileSync(join(projectRoot(), 'views', 'assets', 'style', section), 'utf8')), section)
})

test('[ASSET-1] an asset is sent in the encoding that the client prefers, each with its own ETag', async (t) => {
  const demo = await startDemo(t)
  const [url = ''] = /\/assets\/style\.[^"]+/.exec((await demo.visitor().get('/')).text) ?? []
  const plain = await ask(demo.url + url, '')
  const etags = new Set<string | undefined>()
  for (const [accepted, encoding, decode] of [
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['', undefined, (body: Buffer) => body],
  ] as const) {
    const answer = await ask(demo.url + url, accepted)
    assert.deepEqual([answer.headers['content-encoding'], answer.headers.vary], [encoding, 'Accept-Encoding'])
    assert.equal(Number(answer.headers['content-length']), answer.body.length)
    assert.ok(decode(answer.body).equals(plain.body))
    if (encoding !== undefined) assert.ok(answer.body.length < plain.body.length / 2)
    etags.add(answer.headers.etag)
    const again = await ask(demo.url + url, accepted, { 'If-None-Match': answer.headers.etag })
    assert.deepEqual([again.status, again.headers.vary], [304, 'Accept-Encoding'])
    const head = await ask(demo.url + url, accepted, {}, 'HEAD')
    assert.deepEqual(
      [head.headers['content-length'], head.headers.etag],
      [answer.headers['content-length'], answer.headers.etag],
    )
  }
  assert.equal(etags.size, 3)
})

test('[ASSET-2] pages, API responses and exports are never compressed, because they may contain secrets', async (t) => {
  const demo = await startDemo(t)
  const administrator = demo.visitor()
  await administrator.logInWell(1)
  for (const path of [
    '/',
    '/account/tokens',
    '/admin/audit',
    '/admin/audit.csv',
    '/api/docs',
    '/api/me',
    '/metrics',
    '/nope',
  ]) {
    const { headers } = await administrator.get(path, { 'Accept-Encoding': 'gzip, deflate, br' })
    assert.equal(headers['content-encoding'], undefined, path)
  }
})

async function ask(url: string, accepted: string, headers: OutgoingHttpHeaders = {}, method = 'GET') {
  const asked = request(url, { method, headers: { ...headers, 'Accept-Encoding': accepted } }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}
