import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../support/demo.ts'
import { sessionIdOf } from '../support/pages.ts'
import { STREAM_HEADERS } from '../support/stream.ts'
import type { Visitor } from '../support/visitor.ts'

const TOLD = /role="status"><strong>Your session was ended\.<\/strong> See you on Monday</

test('[SECURE-10] a redirect does not consume the message, and the page after the redirect shows the message', async (t) => {
  const { ada } = await endedWithMessage(t)
  const moved = await ada.get('/customers')
  assert.deepEqual([moved.status, moved.setCookies], [303, []])
  assert.match((await ada.follow(moved)).text, TOLD)
  assert.doesNotMatch((await ada.get('/')).text, TOLD)
})

test('[SECURE-10] an error page and the answer to a form show the message too', async (t) => {
  const { ada } = await endedWithMessage(t)
  const missing = await ada.get('/no-such-page')
  assert.equal(missing.status, 404)
  assert.match(missing.text, TOLD)
  const second = await endedWithMessage(t)
  const refused = await second.ada.logIn(1, 'wrong')
  assert.equal(refused.status, 422)
  assert.match(refused.text, TOLD)
})

test('[SECURE-10] streams, assets, prefetches, HEAD and polling pages do not consume the message', async (t) => {
  const { ada, demo } = await endedWithMessage(t)
  const style = /href="(\/assets\/style[^"]+)"/.exec((await demo.visitor().get('/')).text)?.[1] ?? ''
  await ada.get('/session/events', STREAM_HEADERS)
  await ada.get(style)
  await ada.get('/', { 'Sec-Purpose': 'prefetch' })
  await ada.get('/admin/sessions?refresh', { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' })
  await ada.send('/', { method: 'HEAD' })
  assert.match((await ada.get('/')).text, TOLD)
})

test('[SECURE-10] each device shows the message once, even when it opens many pages at the same time', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const phone = demo.visitor()
  await phone.get(`/customers?$4DSID=${await demo.parts.sessions?.createOTP(id)}`)
  await demo.parts.sessions?.end(id, 'revoked', { message: 'See you on Monday' })
  for (const device of [ada, phone]) {
    const tabs = Array.from({ length: 5 }, () => device.copy())
    const pages = await Promise.all(tabs.map((tab) => tab.get('/')))
    assert.equal(pages.filter(({ text }) => TOLD.test(text)).length, 1)
  }
})

test('the login form shows the message, and the page after the login does not', async (t) => {
  const { ada } = await endedWithMessage(t)
  assert.match((await ada.get('/authenticate.shtml')).text, TOLD)
  const welcome = await ada.follow(await ada.logInWell(1))
  assert.equal(welcome.status, 200)
  assert.doesNotMatch(welcome.text, TOLD)
})

async function endedWithMessage(scope: Parameters<typeof startDemo>[0]): Promise<{ demo: Demo; ada: Visitor }> {
  const demo = await startDemo(scope)
  const ada = demo.visitor()
  await ada.logInWell(1)
  await demo.parts.sessions?.end(sessionIdOf(ada), 'revoked', { message: 'See you on Monday' })
  return { demo, ada }
}
