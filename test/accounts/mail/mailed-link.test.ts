import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { FIREFOX } from '../../support/devices.ts'
import { headingOf, pathOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, mailsIn, newestLink, signUpAs, userOf } from '../../support/sign-up.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const PRODUCTION = { profile: 'production', guests: 'first-write' } as const
const FACTS = /<time datetime="2[^"]+">[^<]+ UTC<\/time>\. Device: Firefox on Windows\./
const EQUAL_BUTTONS =
  /<button type="submit">[^<]+<\/button>\s*<button type="submit" formaction="\/link\/decline" formnovalidate>This was not me<\/button>/

test('[LINK-3] in production a mailed link lives 15 minutes and opens only its own page', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const [mail = assert.fail()] = await mailsIn(demo)
  for (const link of mail.links.map(pathOf)) {
    const elsewhere = link.replace(/^[^?]+/, '/tools/validateEmail')
    assert.equal(headingOf(await demo.visitor().get(elsewhere)), 'Invalid token')
    assert.equal(headingOf(await demo.visitor().post(elsewhere)), 'Invalid token')
    for (const below of ['/', '/x', '/%2e', '//']) {
      const stranger = demo.visitor()
      assert.equal((await stranger.post(link.replace('?', `${below}?`))).status, 404, below)
      assert.equal(stranger.sessionCookie, '', 'the link opened no session')
    }
    assert.equal((await demo.visitor().get(link)).status, 200)
  }
  demo.clock.advance({ minutes: 14 })
  for (const link of mail.links.map(pathOf)) assert.equal((await demo.visitor().get(link)).status, 200)
  demo.clock.advance({ minutes: 1 })
  for (const link of mail.links.map(pathOf)) assert.equal((await demo.visitor().get(link)).status, 400)
})

test('a mailed link leads to the configured address, whatever host the request names', async (t) => {
  const demo = await startDemo(t, { ...PRODUCTION, publicUrl: 'https://crm.example.com', trustProxyHops: 1 })
  const visitor = demo.visitor()
  const forged = {
    Host: 'evil.test',
    Forwarded: 'host=evil.test',
    'X-Forwarded-Host': 'evil.test',
    'X-Forwarded-Proto': 'https',
  }
  await visitor.post('/signup', { email: 'ana@example.com' }, forged)
  await demo.parts.mail.tick()
  const [mail = assert.fail()] = await mailsIn(demo)
  await visitor.post(pathOf(mail.links[0]), { password: GOOD_PASSWORD })
  await visitor.post('/password/reset', { email: 'ana@example.com' }, forged)
  demo.clock.advance({ minutes: 2 })
  await demo.parts.mail.tick()
  const links = (await mailsIn(demo)).flatMap((sent) => sent.links.map((link) => new URL(link)))
  assert.deepEqual(links.map(({ origin, pathname }) => `${origin}${pathname}`).sort(), [
    'https://crm.example.com/password/new',
    'https://crm.example.com/signup/not-me',
    'https://crm.example.com/validateEmail',
  ])
})

test('[LINK-4] [LINK-5] the page of a sign-up link shows the owner, the time and the device, and declining ends the link and the sign-up', async (t) => {
  const demo = await startDemo(t, PRODUCTION)
  await signUpAs(demo, withFirefox(demo.visitor()), 'ana@example.com')
  const [mail = assert.fail()] = await mailsIn(demo)
  const link = pathOf(mail.links[0])
  const stranger = demo.visitor()
  const page = await stranger.get(link)
  assert.match(page.text, /belongs to <strong>a•••@example\.com<\/strong>/)
  assert.match(page.text, FACTS)
  assert.match(page.text, EQUAL_BUTTONS)
  assert.equal(page.headers['x-robots-tag'], 'noindex')

  const declined = await decline(stranger, page)
  assert.deepEqual([declined.status, headingOf(declined)], [200, 'The link has ended'])
  assert.equal(headingOf(await stranger.get(link)), 'Invalid token')
  assert.equal(await userOf(demo, 'ana@example.com'), undefined)
  const again = await decline(stranger, page)
  assert.deepEqual([again.status, headingOf(again)], [400, 'The link had ended before'])
})

test('[LINK-4] [LINK-5] the page of a link for a new address shows the owner, the time and the device, and declining ends only the link', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  const ada = withFirefox(demo.visitor())
  await ada.logInWell(1)
  await ada.post('/account/email', { email: 'ada@new.example', password: 'crm-demo' })
  await demo.parts.mail.tick()
  const link = await newestLink(demo, 'ada@new.example')
  const page = await demo.visitor().get(link)
  assert.match(page.text, />Ada Marlow</)
  assert.match(page.text, FACTS)
  assert.match(page.text, EQUAL_BUTTONS)
  assert.equal(page.headers['x-robots-tag'], 'noindex')
  assert.equal(headingOf(await decline(demo.visitor(), page)), 'The link has ended')
  assert.equal((await demo.visitor().post(link)).status, 400)
  assert.equal((await ada.get('/customers')).status, 200, 'the session that created the link stays live')
})

test('[LINK-4] [LINK-5] the page of any other link shows the time and the device, and the link can be declined', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const terms = { confirm: true, device: FIREFOX }
  const link = `/customers?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada), terms)}`
  const page = await demo.visitor().get(link)
  assert.match(page.text, FACTS)
  assert.match(page.text, EQUAL_BUTTONS)
  const jonas = demo.visitor()
  await jonas.logInWell(2)
  const other = await jonas.get(link)
  assert.match(other.text, FACTS)
  assert.match(
    other.text,
    /<button class="quiet"[^>]*>Leave my session[^<]*<\/button>\s*<button class="quiet"[^>]*>This was not me</,
  )
  assert.equal(headingOf(await decline(jonas, other)), 'The link has ended')
  assert.equal((await demo.visitor().post(link)).location, '/customers')
  assert.equal((await jonas.get('/customers')).status, 200)
})

function decline(visitor: Visitor, { text }: Answer): Promise<Answer> {
  return visitor.post('/link/decline', { token: /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '' })
}

/** Sends all requests from Firefox. */
function withFirefox(visitor: Visitor): Visitor {
  const send = visitor.send.bind(visitor)
  visitor.send = (path, { headers, ...sent } = {}) =>
    send(path, { ...sent, headers: { 'User-Agent': FIREFOX, ...headers } })
  return visitor
}
