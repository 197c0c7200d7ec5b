import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'

test('[LAB-9] without koa-session, its pane says how to install it, and the experiment runs on this layer', async (t) => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'koa-session') return next(specifier, context)
      throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  t.after(() => hooks.deregister())
  const { status, text } = await (await startDemo(t)).visitor().post('/lab/fixation')
  assert.equal(status, 200)
  assert.match(text, /koa-session is not installed\. [\s\S]*<code>npm ci<\/code>/)
  assert.deepEqual(
    [...text.matchAll(/<dd class="actual[^"]*">([^<]*)/g)].map(([, actual]) => actual),
    ['The attacker is a guest.'],
  )
})
