import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import Koa from 'koa'
import { type Frame, pages } from '../../src/web/pages.ts'

test('a page arrives complete in UTF-8, also with characters beyond Latin-1 and with half of a surrogate pair', async (t) => {
  const url = await serve(t, { 'text.eta': '<p><%= it.title %></p>' })
  for (const title of ['plain', 'é', '€ – ’', '日本語', '😀'])
    assert.equal(await textAt(url, 'text', title), `<p>${title}</p>`)
  assert.equal(await textAt(url, 'text', '€ and half of \ud83d'), '<p>€ and half of \ufffd</p>')
})

test('a template includes others by absolute and by relative names', async (t) => {
  const url = await serve(t, {
    'one/page.eta': `<%~ include('./part') %> <%~ include('/shared') %>`,
    'one/part.eta': 'part one',
    'two/page.eta': `<%~ include('./part') %> <%~ include('/shared') %>`,
    'two/part.eta': 'part two',
    'shared.eta': 'shared',
  })
  for (let time = 1; time <= 2; time++)
    for (const name of ['one', 'two']) assert.equal(await textAt(url, `${name}/page`), `part ${name} shared`)
})

/** Serves each template at its name. The title of the page is the parameter `title`, in JSON. */
async function serve(t: TestContext, templates: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'views-'))
  for (const [name, text] of Object.entries(templates)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const app = new Koa()
  app.use(pages(folder, () => ({}) as Frame))
  app.use((ctx) => ctx.show(ctx.path.slice(1), { title: JSON.parse(String(ctx.query.title)) }))
  const server = app.listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function textAt(url: string, template: string, title = ''): Promise<string> {
  // JSON escapes half of a surrogate pair, which a URL cannot contain.
  const json = JSON.stringify(title)
  const answer = await fetch(`${url}/${template}?title=${encodeURIComponent(json)}`)
  return answer.text()
}
