import assert from 'node:assert/strict'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { headingOf, sessionIdOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, signedUpCustomer } from '../../support/sign-up.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

test('[PAGE-8] the login page says why a session may have ended, and says nothing to a visitor who had none', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  demo.clock.advance({ hours: 3 })
  const page = await visitor.follow(await visitor.get('/customers'))
  assert.equal(
    noticeOf(page),
    'Your session has ended. It ends after 60 minutes without use, when you log out, and when your password is changed. Please log in again.',
  )
  assert.equal(noticeOf(await demo.visitor().get('/authenticate.shtml')), '')
  const stranger = demo.visitor()
  assert.equal(noticeOf(await stranger.follow(await stranger.get('/customers'))), '')
})

test('[PAGE-8] the login page names the timeout that is configured, and no timeout where sessions never expire', async (t) => {
  for (const [sessionTimeoutMinutes, text] of [
    [5, 'It ends after 5 minutes without use, when you log out, and'],
    [0, 'It ends when you log out, and'],
  ] as const) {
    const demo = await startDemo(t, { sessionTimeoutMinutes })
    const page = await demo.visitor().get('/authenticate.shtml?ended=1')
    assert.ok(noticeOf(page).includes(text), noticeOf(page))
  }
})

test('[PAGE-8] the login page shows an administrator’s message, and says that a password change or another device ended the session', async (t) => {
  const demo = await startDemo(t)
  const admin = demo.visitor()
  await admin.logInWell(6)
  const endOne = async (message: string) => {
    const ada = demo.visitor()
    await ada.logInWell(1)
    await admin.post(`/admin/sessions/${sessionIdOf(ada)}/end`, { message })
    return noticeOf(await ada.follow(await ada.get('/customers')))
  }
  assert.equal(await endOne('Call me'), 'Your session was ended. The administrator who ended it wrote: “Call me”')
  assert.equal(await endOne(''), 'Your session was ended. An administrator ended it.')

  const customer = await signedUpCustomer(demo)
  const changed = await secondDevice(demo)
  await customer.post('/account/password', { password: GOOD_PASSWORD, newPassword: 'another horse staple' })
  assert.equal(await seen(changed), 'Your session was ended. Your password was changed on another device.')
  const signedOut = await secondDevice(demo, 'another horse staple')
  await customer.post('/account/sessions/end-others')
  assert.equal(await seen(signedOut), 'Your session was ended. It was signed out on another of your devices.')
})

test('[PAGE-8] a device that was signed out alone reads once who signed it out, and why', async (t) => {
  const demo = await startDemo(t)
  const [ada, admin] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await admin.logInWell(6)
  const joined = async () => {
    const device = demo.visitor()
    const token = await demo.parts.sessions?.createOTP(sessionIdOf(ada))
    await device.post(`/customers?$4DSID=${token}`)
    const devices = (await demo.parts.sessions?.get(sessionIdOf(ada)))?.devices ?? []
    return { device, handle: devices.at(-1)?.handle }
  }
  const seen = async (device: Visitor) => noticeOf(await device.follow(await device.get('/customers')))

  const byAdmin = await joined()
  await admin.post(`/admin/sessions/${sessionIdOf(ada)}/devices/${byAdmin.handle}/end`)
  assert.equal(await seen(byAdmin.device), 'Your session was ended. An administrator signed this device out.')
  assert.notEqual(await seen(byAdmin.device), 'Your session was ended. An administrator signed this device out.')
  const byUser = await joined()
  await ada.post(`/account/sessions/${sessionIdOf(ada)}/${byUser.handle}/end`)
  assert.equal(await seen(byUser.device), 'Your session was ended. It was signed out on another of your devices.')
  const others = await joined()
  await ada.post('/account/sessions/end-others')
  assert.equal(await seen(others.device), 'Your session was ended. It was signed out on another of your devices.')
  const [all, login] = [await joined(), demo.visitor()]
  await login.logInWell(1)
  await login.post('/account/sessions/end-all')
  assert.equal(await seen(all.device), 'Your session was ended. It was signed out on another of your devices.')
})

test('[PAGE-13] the login page of the demo offers its accounts and keeps the wanted page', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const page = await visitor.follow(await visitor.get('/customers'))
  const links = [...page.text.matchAll(/class="demo-login" href="([^"]+)"/g)].map(([, href = '']) =>
    href.replaceAll('&amp;', '&'),
  )
  assert.equal(links.length, 6)
  assert.equal(links[3], '/authenticate.shtml?userId=4&next=%2Fcustomers')
  const filled = await visitor.get(String(links[3]))
  assert.match(filled.text, /name="userId"[^>]* value="4"/)
  assert.match(filled.text, /name="next" value="\/customers"/)
  const production = await startDemo(t, { profile: 'production' })
  assert.doesNotMatch((await production.visitor().get('/authenticate.shtml')).text, /demo-login/)
})

test('[PAGE-12] an administrator begins in the console, and the account is linked from every page', async (t) => {
  const demo = await startDemo(t)
  const admin = demo.visitor()
  assert.equal((await admin.logInWell(6)).location, '/admin/sessions')
  const { text } = await admin.get('/admin/sessions')
  assert.doesNotMatch(text, /authenticationOK/)
  assert.match(text, /class="own" href="\/account\/sessions"/)
  const account = await admin.get('/account/sessions')
  for (const path of ['/account/sessions', '/account/tokens', '/account/password', '/account/email'])
    assert.match(account.text, new RegExp(`<li><a href="${path}"`))
  const customer = await signedUpCustomer(demo)
  const own = await customer.get('/account')
  assert.match(own.text, /What you can do meanwhile[\s\S]*href="\/account\/tokens"/)
})

test('[WELCOME-3] a user who signed up reads after the login what happens next, until a customer has the address', async (t) => {
  const demo = await startDemo(t)
  await signedUpCustomer(demo)
  const visitor = demo.visitor()
  const page = await visitor.follow(await visitor.logInWell('ana@example.com', GOOD_PASSWORD))
  assert.equal(headingOf(page), 'Your page')
  assert.match(
    page.text,
    /What happens next[\s\S]*A salesperson enters you as a customer[\s\S]*href="\/account\/email"/,
  )
  await demo.parts.database.updateTable('customers').set({ email: 'ana@example.com' }).where('id', '=', 1).execute()
  const { text } = await visitor.get('/account')
  assert.doesNotMatch(text, /What happens next/)
  assert.match(text, /Your purchases/)
})

async function secondDevice(demo: Demo, password = GOOD_PASSWORD): Promise<Visitor> {
  const device = demo.visitor()
  await device.logInWell('ana@example.com', password)
  return device
}

async function seen(visitor: Visitor): Promise<string> {
  return noticeOf(await visitor.follow(await visitor.get('/account')))
}

function noticeOf({ text }: Answer): string {
  const [, notice = ''] = /<p class="notice" role="status">(.*?)<\/p>/.exec(text) ?? []
  return notice.replace(/<[^>]+>/g, '')
}
