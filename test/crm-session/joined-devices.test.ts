import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { devicesOf, IPHONE } from '../support/devices.ts'
import { sessionIdOf } from '../support/pages.ts'
import { newestLink, signUpAs } from '../support/sign-up.ts'
import { openStream } from '../support/stream.ts'

const NOTICE =
  /role="status"><strong>A device joined your session\.<\/strong> [^<]*at \d\d:\d\d UTC: Safari on an iPhone\./

test('[LINK-6] when a link signs in another device, the user is told on an open page, on the next page and in the list of devices', async (t) => {
  const demo = await startDemo(t)
  const [ada, phone] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  const token = await demo.parts.sessions?.createOTP(sessionIdOf(ada))
  const stream = await openStream(`${demo.url}/session/events`, ada)
  await stream.until(/event: session/)
  const joined = await phone.get(`/customers?$4DSID=${token}`, { 'User-Agent': IPHONE })
  assert.equal(joined.status, 200)
  await stream.until(/event: joined\ndata: \{"text":"[^"]*Safari on an iPhone/)
  stream.close()

  assert.doesNotMatch((await phone.get('/customers')).text, NOTICE, 'the device that joined gets no notice')
  assert.doesNotMatch(
    (await ada.get('/customers', { 'Sec-Fetch-Mode': 'cors' })).text,
    NOTICE,
    'a script shows no notice',
  )
  await ada.send('/customers', { method: 'HEAD' })
  const told = await ada.get('/customers')
  assert.match(told.text, NOTICE)
  assert.doesNotMatch((await ada.get('/customers')).text, NOTICE, 'once')
  assert.match(told.text, /sign it out on the page “Your devices”/)
  const ways = (await devicesOf(ada)).map(({ facts }) => facts['Came by'])
  assert.deepEqual(ways.toSorted(), ['One-time link, no password', 'Password'])
})

test('[LINK-6] a link that the device opens itself, and a link for one request, are not announced', async (t) => {
  const demo = await startDemo(t)
  const [ada, other, tablet] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  const link = async (options = {}) =>
    `/customers?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada), options)}`
  await tablet.get(await link(), { 'User-Agent': IPHONE })
  assert.match((await ada.get('/customers')).text, NOTICE)
  await ada.get(await link())
  await other.get(await link({ requestOnly: true }))
  for (const visitor of [ada, tablet]) assert.doesNotMatch((await visitor.get('/customers')).text, /A device joined/)
})

test('[LINK-6] a guest who has signed up is told too, without a list of devices', async (t) => {
  const demo = await startDemo(t)
  const [ana, phone] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com')
  await phone.get(await newestLink(demo, 'ana@example.com'), { 'User-Agent': IPHONE })
  const { text } = await ana.get('/signup/waiting')
  assert.match(text, NOTICE)
  assert.doesNotMatch(text, /Your devices/)
})
