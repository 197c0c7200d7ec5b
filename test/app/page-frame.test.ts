import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { startDemo } from '../support/demo.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../support/sign-up.ts'

test('[PAGE-15] the footer links to pages that every visitor may open', async (t) => {
  for (const [settings, expected] of [
    [{}, ['/', '/api/docs', '/dev/mailbox', '/under-the-hood']],
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
    const labels = readFileSync(join(views, file), 'utf8').match(/<(h1|button|a)\b[^>]*>[^<]*/g) ?? []
    for (const label of labels) assert.doesNotMatch(label, />\s*(Log in|Sign up)\b/, `${file}: ${label}`)
  }
})

test('[TAB-12] a form that asks for the password tells password managers the login name of the user', async (t) => {
  const demo = await startDemo(t)
  const [ada, ana] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com')
  await ana.get(await newestLink(demo, 'ana@example.com'))
  await ada.logInWell(1)
  await ana.logInWell('ana@example.com', GOOD_PASSWORD)
  demo.clock.advance({ minutes: 20 })
  for (const [visitor, name] of [
    [ada, '1'],
    [ana, 'ana@example.com'],
  ] as const)
    for (const path of ['/account/confirm', '/account/email', '/account/password', '/account/tokens']) {
      const { text } = await visitor.get(path)
      const names = [...text.matchAll(/autocomplete="username" value="([^"]*)"/g)].map(([, value]) => value)
      assert.deepEqual(names, [name], path)
      assert.match(text, /type="password"/, path)
    }
})
