import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../support/sign-up.ts'

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
