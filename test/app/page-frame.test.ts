import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { startDemo } from '../support/demo.ts'

test('[PAGE-15] the footer links to pages that every visitor may open', async (t) => {
  for (const [settings, expected] of [
    [{}, ['/', '/api/docs', '/dev/mailbox']],
    [{ profile: 'production' }, ['/', '/api/docs']],
  ] as const) {
    const demo = await startDemo(t, settings)
    const { text } = await demo.visitor().get('/nope')
    const links = [...text.matchAll(/class="footer-link" href="([^"]+)"/g)].map(([, href = '']) => href)
    assert.deepEqual(links, expected)
    for (const href of links) assert.equal((await demo.visitor().get(href)).status, 200, href)
  }
})

test('[PAGE-17] headings, links and buttons write Log In and Sign Up as the documented buttons do', () => {
  const views = join(projectRoot(), 'views')
  for (const file of readdirSync(views, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.eta'),
  )) {
    const labels = readFileSync(join(views, file), 'utf8').match(/<(h1|button|a class="button[^"]*")[^>]*>[^<]*/g) ?? []
    for (const label of labels) assert.doesNotMatch(label, />(Log in|Sign up)$/, `${file}: ${label}`)
  }
})
