import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf, withoutChip } from '../support/pages.ts'
import type { Visitor } from '../support/visitor.ts'

const PART = { 'HX-Request': 'true', 'Sec-Fetch-Mode': 'cors' }
const TOLD = /See you on Monday/

test('[LIVE-2] a request for a part that reaches another page opens that page, which still has its message', async (t) => {
  const { demo, ada } = await startWithAda(t)
  const shown = { ...PART, 'HX-Current-URL': `${demo.url}/customers` }
  await demo.parts.sessions?.endMany({ userId: '1' }, 'revoked', { message: 'See you on Monday' })
  const refused = await ada.post('/customers/15/notes', { note: 'Called' }, shown)
  assert.deepEqual(
    [refused.status, headingOf(refused), TOLD.test(refused.text)],
    [409, 'Your session has ended', false],
  )

  const moved = await ada.get('/customers?q=a', shown)
  assert.equal(moved.status, 303)
  const led = await ada.get(String(moved.location), shown)
  assert.deepEqual([led.status, led.headers['hx-redirect'], led.text], [204, moved.location, ''])
  assert.deepEqual(led.setCookies, [])
  assert.match((await ada.get(String(moved.location))).text, TOLD)
})

test('[LIVE-3] the answer with a part is the whole page, and no cache stores it', async (t) => {
  const { demo, ada } = await startWithAda(t)
  const whole = await ada.get('/customers?q=a')
  const part = await ada.get('/customers?q=a', { ...PART, 'HX-Current-URL': `${demo.url}/customers?q=b` })
  assert.equal(withoutChip(part), withoutChip(whole))
  for (const { headers } of [whole, part]) {
    assert.match(String(headers['cache-control']), /no-store/)
    assert.match(String(headers.vary), /HX-Request/)
  }
})

async function startWithAda(t: TestContext): Promise<{ demo: Demo; ada: Visitor }> {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  return { demo, ada }
}
