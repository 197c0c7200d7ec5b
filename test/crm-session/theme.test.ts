import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { makeToken } from '../support/tokens.ts'
import type { Answer } from '../support/visitor.ts'

test('[THEME-1] [THEME-2] the chosen theme is in the first byte of every page, and stays over login and logout', async (t) => {
  for (const settings of [{}, { guests: 'first-write' }] as const) {
    const demo = await startDemo(t, settings)
    const ada = demo.visitor()
    assert.equal(themeOf(await ada.get('/')), 'light dark')
    const chosen = await ada.post('/theme', { theme: 'dark', page: '/authenticate.shtml?next=%2Fcustomers' })
    assert.deepEqual([chosen.status, chosen.location], [303, '/authenticate.shtml?next=%2Fcustomers#theme'])
    assert.match((await ada.get('/under-the-hood')).text, /theme[^<]*<span[\s\S]*?<ins>&quot;dark&quot;/)
    assert.equal(themeOf(await ada.get('/')), 'dark')
    await ada.logInWell(1)
    assert.equal(themeOf(await ada.get('/customers')), 'dark')
    await ada.logOut()
    assert.equal(themeOf(await ada.get('/')), 'dark')
    assert.equal(themeOf(await ada.get('/nope')), 'dark', 'an error page too')
    await ada.post('/theme', { theme: '', page: '/' })
    assert.equal(themeOf(await ada.get('/')), 'light dark')
  }
})
function themeOf({ text }: Answer): string {
  const [, theme = ''] = text.match(/<meta name="color-scheme" content="([^"]*)">/) ?? []
  assert.equal(/<html lang="en" data-theme="(\w+)">/.exec(text)?.[1] ?? 'light dark', theme)
  return theme
}

test('[THEME-3] a choice begins a guest’s session only if there is something to keep, and leads nowhere else', async (t) => {
  const demo = await startDemo(t, { guests: 'first-write' })
  const visitor = demo.visitor()
  for (const theme of ['', 'purple', '"><script>']) {
    const answer = await visitor.post('/theme', { theme, page: '//example.org' })
    assert.deepEqual([answer.status, answer.location, answer.setCookies], [303, '/#theme', []], theme)
  }
  await visitor.post('/theme', { theme: 'light', page: '/' })
  assert.equal(themeOf(await visitor.get('/')), 'light')
  assert.equal(themeOf(await demo.visitor().get('/')), 'light dark', 'another browser')
})

test('[THEME-4] the switch is on no page that it could not return to', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const hasSwitch = ({ text }: Answer) => text.includes('action="/theme"')
  assert.ok(hasSwitch(await visitor.get('/signup')))
  assert.ok(hasSwitch(await visitor.get(`/signup?request=${'a1b2'.repeat(8)}`)), 'a public id')
  const link = await visitor.get(`/?$4DSID=${'A1B2'.repeat(8)}`)
  assert.deepEqual([link.status, hasSwitch(link)], [200, false], 'a one-time link')
  assert.ok(!hasSwitch(await visitor.logIn(1, 'wrong')), 'a refused form')
  await visitor.logInWell(1)
  const made = await makeToken(visitor)
  assert.deepEqual([made.status, hasSwitch(made)], [200, false], 'a token that is shown once')
  const without = await startDemo(t, { sessions: 'none' })
  assert.ok(!hasSwitch(await without.visitor().get('/')), 'without sessions')
})
