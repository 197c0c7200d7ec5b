import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { selfSignedCertificate } from '../../../scripts/certificate.ts'
import { startServer } from '../../../src/process/server.ts'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, pathOf, sessionIdOf } from '../../support/pages.ts'
import { ownSettings, temporaryFolder } from '../../support/process.ts'
import { routesOf } from '../../support/routes.ts'
import { GOOD_PASSWORD, mailsIn, newestLink, readMailbox, signUpAs, statusOf, userOf } from '../../support/sign-up.ts'
import { Visitor } from '../../support/visitor.ts'

test('[OTP-15] opening a link that needs confirmation does not consume the link, but pressing the button consumes it', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  const phone = demo.visitor()
  for (let look = 0; look < 5; look += 1) {
    const answer = await phone.get(link)
    assert.deepEqual([answer.status, headingOf(answer)], [200, 'Validate your e-mail address'])
    assert.match(answer.text, /<button type="submit">Validate this address<\/button>/)
  }
  assert.equal((await userOf(demo, 'ana@example.com'))?.validated, 0)
  assert.equal(headingOf(await phone.post(link)), 'Congratulations')
  assert.equal(sessionIdOf(phone), sessionIdOf(ana))
  assert.equal(headingOf(await phone.get(link)), 'Invalid token')
  assert.equal(headingOf(await phone.post(link)), 'Invalid token')
})

test('[OTP-15] if another user is signed in, the page names that user, and keeping that session is the default', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  const ada = demo.visitor()
  await ada.logInWell(1)
  const mine = sessionIdOf(ada)
  const page = await ada.get(link)
  assert.match(page.text, /<a class="button" href="\/">Stay signed in as Ada Marlow<\/a>/)
  assert.match(page.text, /<button class="quiet" type="submit">Leave my session and validate<\/button>/)
  const kept = await ada.post(link)
  assert.deepEqual([kept.status, sessionIdOf(ada)], [409, mine])
  const [, action = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(page.text) ?? []
  assert.equal(headingOf(await ada.post(action.replaceAll('&amp;', '&'))), 'Congratulations')
  assert.notEqual(sessionIdOf(ada), mine)
  assert.notEqual(await demo.parts.sessions?.get(mine), undefined, 'the other session stays live')
})

test('[OTP-15] every other page also asks for confirmation of a link, and then opens', async (t) => {
  const demo = await startDemo(t)
  const [ada, phone, jonas] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  const token = await demo.parts.sessions?.createOTP(sessionIdOf(ada), { confirm: true })
  const link = `/customers?sort=total&$4DSID=${token}`
  const page = await phone.get(link)
  assert.equal(headingOf(page), 'Open this link?')
  assert.match(page.text, /session of <strong>Ada Marlow<\/strong>/)
  await jonas.logInWell(2)
  const shown = await jonas.get(link)
  assert.match(shown.text, /signed in here as <strong>Jonas Keller<\/strong>[\s\S]*belongs to <strong>Ada Marlow/)
  assert.equal((await jonas.post(link)).status, 409)
  const answer = await phone.post(link)
  assert.deepEqual([answer.status, answer.location], [303, '/customers?sort=total'])
  assert.equal(headingOf(await phone.follow(answer)), 'Your customers')
  assert.equal(sessionIdOf(phone), sessionIdOf(ada))
  assert.equal(
    (await demo.visitor().post(link)).location,
    '/customers?sort=total',
    'a spent one leads to the page, unrestored',
  )
})

test('[OTP-15] a page with a form of its own also asks for confirmation of a link, and the button does not send the form', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const posts = new Set(routesOf(demo).flatMap(({ method, path }) => (method === 'POST' ? [path] : [])))
  const paths = routesOf(demo).flatMap(({ method, path }) => (method === 'GET' && posts.has(path) ? [path] : []))
  const pages = paths.filter((path) => !/validateEmail|^\/signup\/not-me$|^\/account\/email\/confirm$/.test(path))
  assert.ok(pages.includes('/operations') && pages.includes('/account/password') && pages.includes('/signup'))
  for (const path of pages) {
    const link = `${path}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada), { confirm: true })}`
    const phone = demo.visitor()
    assert.equal(headingOf(await phone.get(link)), 'Open this link?', path)
    const answer = await phone.post(link)
    assert.deepEqual([answer.status, answer.location], [303, path])
    assert.equal(sessionIdOf(phone), sessionIdOf(ada), path)
  }
})

test('[OTP-15] a link to a page that does not exist is not consumed in production', async (t) => {
  const demo = await startDemo(t, { profile: 'production', guests: 'first-write' })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const [mail = assert.fail()] = await mailsIn(demo)
  const ana = demo.visitor()
  for (const link of mail.links.map(pathOf).toReversed()) {
    const wrong = link.replace('?', '/?')
    const page = await ana.get(wrong)
    assert.equal(page.status, 404)
    assert.doesNotMatch(page.text, /<form[^>]*4DSID/)
  }
  const validated = await ana.post(pathOf(mail.links[0]), { password: GOOD_PASSWORD })
  assert.equal(headingOf(validated), 'Congratulations')
})

test('in production the user chooses the password on the page that the link opens, so a stranger who knows the address cannot choose the password', async (t) => {
  const demo = await startDemo(t, { profile: 'production', guests: 'first-write' })
  const stranger = demo.visitor()
  assert.doesNotMatch((await stranger.get('/signup')).text, /type="password"/)
  await signUpAs(demo, stranger, 'ana@example.com', 'the password of a stranger')
  assert.equal((await userOf(demo, 'ana@example.com'))?.password, null)
  const [mail = assert.fail()] = await mailsIn(demo)
  const link = pathOf(String(mail.links[0]))
  const ana = demo.visitor()
  assert.match((await ana.get(link)).text, /data-shortest="15"/)
  const short = await ana.post(link, { password: 'short' })
  assert.deepEqual([short.status, messageOf(short)], [422, 'The password has 5 characters; at least 15 are needed.'])
  const [, again = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(short.text) ?? []
  assert.equal(headingOf(await ana.post(again, { password: GOOD_PASSWORD })), 'Congratulations')
  assert.equal((await stranger.logIn('ana@example.com', 'the password of a stranger')).status, 422)
  assert.equal((await ana.logIn('ana@example.com', GOOD_PASSWORD)).location, '/account')
  assert.equal((await stranger.get('/account')).status, 303)
})

test('in production a recipient who did not sign up can delete the account with a second link that opens no session', async (t) => {
  const demo = await startDemo(t, { profile: 'production', guests: 'first-write' })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const [mail = assert.fail()] = await mailsIn(demo)
  const [link = '', notMe = ''] = mail.links.map(pathOf)
  const ana = demo.visitor()
  assert.equal(headingOf(await ana.get(notMe)), 'Was this not you?')
  assert.notEqual(await userOf(demo, 'ana@example.com'), undefined)
  const answer = await ana.post(`${notMe}&$4DSID.replace=1`)
  assert.deepEqual([headingOf(answer), answer.setCookies], ['The account is deleted', []])
  assert.equal(await userOf(demo, 'ana@example.com'), undefined)
  assert.equal(headingOf(await ana.post(link, { password: GOOD_PASSWORD })), 'Invalid token')
})

test('[OTP-19] a /4DACTION/ URL also accepts the link, and an invalid link redirects to the login page', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const link = (await newestLink(demo, 'ana@example.com')).replace('/validateEmail', '/4DACTION/validateEmail')
  assert.equal(headingOf(await demo.visitor().get(link)), 'Congratulations')
  assert.match((await demo.visitor().get(link)).text, /Invalid token[\s\S]*href="\/authenticate\.shtml">Log In/)
  assert.equal((await statusOf(demo, ana))?.step, 'Email validated')
})

test('[OTP-16] no token and no password of a whole sign-up is in the log, and its pages are not cached', async (t) => {
  const demo = await startDemo(t, { logLevel: 'trace' })
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  const { headers } = await demo.visitor().get(link)
  assert.deepEqual([headers['referrer-policy'], headers['cache-control']], ['strict-origin', 'private, no-store'])
  await demo.visitor().get(link.replace('$4DSID', '%244DSID'))
  await demo.visitor().get(`/validateEmail?state=${link.slice(-32)}&other=${link.slice(-32)}`)
  const log = demo.log.join('')
  assert.match(log, /validateEmail\?\$4DSID=\*\*\*/)
  for (const secret of [link.slice(-32), GOOD_PASSWORD]) assert.ok(!log.includes(secret))
})

test('[MODE-4] one-time links work over HTTPS as over HTTP, and they open a web session', async (t) => {
  const folder = temporaryFolder(t)
  const { cert, key } = selfSignedCertificate()
  for (const [name, text] of [
    ['cert.pem', cert],
    ['key.pem', key],
  ] as const)
    writeFileSync(join(folder, name), text)
  const tls = { TLS_CERT: join(folder, 'cert.pem'), TLS_KEY: join(folder, 'key.pem') }
  const server = await startServer({ env: { ...(await ownSettings(t, folder)), ...tls, PLATFORM_PORT: '0' } })
  t.after(() => server.stop())
  const [ana, phone] = [new Visitor(server.url), new Visitor(server.url)]
  const answer = await ana.post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
  assert.equal(answer.status, 303)
  assert.match(String(answer.setCookies[0]), /^__Host-4DSID_Tessera=.*; Secure/)
  await server.parts.mail.tick()
  const [mail] = await readMailbox(ana)
  assert.match(String(mail?.links[0]), /^https:\/\/localhost:/)
  assert.equal(headingOf(await phone.get(pathOf(String(mail?.links[0])))), 'Congratulations')
  assert.equal(sessionIdOf(phone), sessionIdOf(ana))
  assert.equal((await server.parts.sessions?.get(sessionIdOf(phone)))?.kind, 'web')
})

test('a user who signed up sees the customer with the same address, and no other pages', async (t) => {
  const demo = await startDemo(t)
  const customer = await demo.parts.database
    .selectFrom('customers')
    .selectAll()
    .where('id', '=', 7)
    .executeTakeFirstOrThrow()
  for (const email of [customer.email, 'stranger@example.com']) {
    await signUpAs(demo, demo.visitor(), email)
    await demo.visitor().get(await newestLink(demo, email))
  }
  const own = demo.visitor()
  const answer = await own.logIn(customer.email.toUpperCase(), GOOD_PASSWORD)
  assert.deepEqual([answer.status, answer.location], [302, '/account'])
  const page = await own.follow(answer)
  assert.ok(page.text.includes(customer.name.replaceAll('&', '&amp;').replaceAll("'", '&#39;')))
  assert.match(page.text, /Your purchases/)
  assert.equal((await own.get('/customers')).status, 403)
  assert.equal((await own.get('/authenticationOK.shtml')).status, 403)
  const stranger = demo.visitor()
  assert.match(
    (await stranger.follow(await stranger.logIn('stranger@example.com', GOOD_PASSWORD))).text,
    /no customer with this address/,
  )
  const ada = demo.visitor()
  await ada.logInWell('ada.marlow@crm.example')
  assert.equal(headingOf(await ada.get('/authenticationOK.shtml')), 'Welcome, Ada Marlow')
  assert.equal((await ada.get('/account')).status, 403)
})

test('without sessions signing up is impossible, and the pages say so', async (t) => {
  const visitor = (await startDemo(t, { sessions: 'none' })).visitor()
  for (const page of ['/signup', '/signup/waiting', '/signup/events', '/validateEmail?$4DSID=A'])
    assert.equal((await visitor.get(page)).status, 503, page)
})

test('a link whose path names another host gets 404, on the page and from its button', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const query = (await newestLink(demo, 'ana@example.com')).split('?')[1]
  for (const path of ['//evil.test/', '//evil.test', '/\\evil.test/']) {
    const opened = await demo.visitor().get(`${path}?${query}`)
    assert.deepEqual([opened.status, /evil\.test/.test(opened.text)], [404, false], path)
    const posted = await demo.visitor().post(`${path}?${query}`)
    assert.deepEqual([posted.status, posted.location], [404, undefined], path)
  }
})

test('a forged link cannot choose which user’s session the button says it replaces', async (t) => {
  const demo = await startDemo(t, { linkMode: 'confirm' })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const link = await newestLink(demo, 'ana@example.com')
  const actionOn = async (visitor: Visitor, address: string) => {
    const page = await visitor.get(address)
    const [, action = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(page.text) ?? []
    return decodeURIComponent(action.replaceAll('&amp;', '&'))
  }
  assert.doesNotMatch(await actionOn(demo.visitor(), `${link}&$4DSID.replace=1`), /4DSID\.replace/)
  const ada = demo.visitor()
  await ada.logInWell(1)
  assert.match(await actionOn(ada, `${link}&x.replace=1`), /\$4DSID\.replace=1$/)
})
