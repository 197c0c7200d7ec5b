import assert from 'node:assert/strict'
import test from 'node:test'
import { addSalesperson } from '../../src/accounts/index.ts'
import type { SessionStore } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { assertNotLoaded } from '../support/loaded-files.ts'
import { headingOf, sessionIdOf } from '../support/pages.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

test('[TOUR-1] the bar is on the pages of each step, and the console begins with the login of an administrator', async (t) => {
  const { demo, ada } = await onTour(t)
  const stops = ['/authenticationOK.shtml', '/account/sessions', '/lab', '/lab/fixation', '/', '/customers']
  const bars: string[] = []
  for (const path of stops) bars.push(barOf(await ada.get(path)))
  assert.deepEqual(bars, ['2 Your data in the session', '3 A second device', '5 The lab', '5 The lab', '', ''])
  assert.equal(barOf(await ada.get('/admin/sessions')), '', 'no bar on a page that the user may not open')
  const login = await ada.post('/tour', { step: '4' })
  assert.equal(login.location, '/authenticate.shtml?userId=6&next=%2Fadmin%2Fsessions')
  const form = await ada.follow(login)
  assert.equal(barOf(form), '4 The console')
  await ada.logIn(6, 'crm-demo', { tour: '4' })
  assert.equal(barOf(await ada.get('/admin/sessions')), '4 The console')
  assert.equal((await ada.post('/tour', { step: '4' })).location, '/admin/sessions')
  assert.deepEqual(await stepOf(demo, ada), { step: 4 })
})

test('[TOUR-1] a guest begins with the login, a user with the next step, and an unknown step is the first', async (t) => {
  const demo = await startDemo(t)
  const [guest, user] = [demo.visitor(), demo.visitor()]
  await user.logInWell(1)
  for (const step of ['1', '3', '0', '6', '', '2.5', 'x']) {
    assert.equal((await guest.post('/tour', { step })).location, '/', step)
    const page = step === '3' ? '/account/sessions' : '/authenticationOK.shtml'
    assert.equal((await user.post('/tour', { step })).location, page, step)
  }
  for (const path of ['/', '/authenticate.shtml']) assert.equal(barOf(await guest.get(path)), '1 Log in', path)
})

test('[TOUR-2] a visitor gets a session for the tour only by starting it, and no page writes the step', async (t) => {
  const store = memoryStore()
  let writes = 0
  const counted: SessionStore = Object.assign(Object.create(store), {
    update: (...call: Parameters<SessionStore['update']>) => {
      writes += 1
      return store.update(...call)
    },
  })
  const demo = await startDemo(t, { guests: 'first-write' }, { store: counted })
  const visitor = demo.visitor()
  for (const path of ['/', '/authenticate.shtml', '/lab']) assert.equal(barOf(await visitor.get(path)), '', path)
  assert.equal((await visitor.post('/tour/end')).status, 303)
  assert.equal(visitor.sessionCookie, '')
  await visitor.post('/tour')
  assert.notEqual(visitor.sessionCookie, '')
  const { ada } = await onTour(t, demo)
  const before = writes
  assert.ok(before > 0)
  for (const path of ['/', '/authenticationOK.shtml', '/account/sessions', '/lab']) await ada.get(path)
  assert.equal(writes, before)
})

test('[TOUR-3] a login keeps the tour only if its form carries the step, and keeps nothing else', async (t) => {
  const { demo, ada } = await onTour(t)
  assert.deepEqual(await stepOf(demo, ada), { step: 2 })
  await ada.logIn(2, 'crm-demo', { tour: '9' })
  assert.equal(await stepOf(demo, ada), undefined)
  const guest = demo.visitor()
  await guest.get('/')
  await guest.post('/signup', { email: 'planted@example.com', password: 'correct horse battery' })
  await guest.post('/tour')
  assert.match(JSON.stringify(await storageOf(demo, guest)), /planted@example\.com/)
  const form = await guest.get('/')
  assert.match(form.text, /name="tour" value="1"/)
  await guest.logIn(1, 'crm-demo', { tour: '1' })
  const storage = await storageOf(demo, guest)
  assert.deepEqual(storage?.tour, { step: 2 })
  assert.doesNotMatch(JSON.stringify(storage), /planted/)
})

test('[TOUR-4] the end of the tour removes the step, leads back to the page, and to no other site', async (t) => {
  const { demo, ada } = await onTour(t)
  assert.match((await ada.get('/lab/fixation')).text, /name="page" value="\/lab\/fixation"/)
  assert.match((await ada.post('/lab/fixation')).text, /name="page" value="\/lab"/)
  assert.equal((await ada.post('/tour/end', { page: '/account/sessions' })).location, '/account/sessions')
  assert.equal(await stepOf(demo, ada), undefined)
  assert.equal(barOf(await ada.get('/account/sessions')), '')
  for (const page of ['https://evil.test/', '//evil.test', '']) {
    assert.equal((await ada.post('/tour/end', { page })).location, '/')
  }
  await ada.post('/tour', { step: '3' })
  assert.equal(barOf(await ada.get('/account/sessions')), '3 A second device')
  // The page of a session that has just ended still has the button.
  await demo.parts.sessions?.endMany({ userId: '1' })
  assert.equal((await ada.post('/tour/end', { page: '/lab' })).location, '/lab')
})

test('[TOUR-5] a link opens the session with its tour on a second device, once, and only by its button', async (t) => {
  const { demo, ada } = await onTour(t)
  const made = await ada.post('/tour/link')
  assert.deepEqual([made.status, headingOf(made)], [200, 'Your one-time link'])
  // A phone cannot open a link to localhost.
  const named = await onTour(t, await startDemo(t, { publicUrl: 'http://crm.example' }))
  assert.deepEqual([made, await named.ada.post('/tour/link')].map(hasQrCode), [false, true])
  const path = /authenticationOK\.shtml\?\$4DSID=[0-9A-F]{32}/.exec(made.text)?.[0] ?? ''
  const [phone, late] = [demo.visitor(), demo.visitor()]
  assert.equal(headingOf(await phone.get(`/${path}`)), 'Open this link?')
  const opened = await phone.follow(await phone.post(`/${path}`))
  assert.deepEqual([headingOf(opened), barOf(opened)], ['Welcome, Ada Marlow', '2 Your data in the session'])
  assert.equal(sessionIdOf(phone), sessionIdOf(ada))
  assert.notEqual(phone.sessionCookie, ada.sessionCookie)
  assert.equal((await late.follow(await late.post(`/${path}`))).text.includes('Ada Marlow'), false)
  assert.match(String((await phone.post('/tour/link')).location), /^\/account\/confirm\?/)
})

test('[TOUR-6] production has no tour and loads none of its files, and its login stores no step', async (t) => {
  const demo = await startDemo(t, { profile: 'production' })
  const visitor = demo.visitor()
  for (const path of ['/tour', '/tour/end', '/tour/link']) assert.equal((await visitor.post(path)).status, 404, path)
  const user = { firstname: 'Mira', lastname: 'Voss', email: 'mira@example.com', password: 'four quiet green rivers' }
  await addSalesperson(demo.parts, { ...user, role: 'salesperson' })
  assert.equal((await visitor.logIn(user.email, user.password, { tour: '2' })).status, 302)
  assert.equal(await stepOf(demo, visitor), undefined)
  assertNotLoaded('tour', 'production')
})

async function onTour(t: Parameters<typeof startDemo>[0], started?: Demo) {
  const demo = started ?? (await startDemo(t))
  const ada = demo.visitor()
  await ada.post('/tour')
  await ada.logIn(1, 'crm-demo', { tour: '1' })
  return { demo, ada }
}

function hasQrCode({ text }: Answer): boolean {
  return text.includes('QR code of the link')
}

/** The number and the title of the step that the bar of a page shows. '' without a bar. */
function barOf({ text }: Answer): string {
  const [, number, title] = /Step (\d) of 5<\/span> ([^<]+)</.exec(text) ?? []
  return title === undefined ? '' : `${number} ${title}`
}

async function storageOf(demo: Demo, visitor: Visitor) {
  return demo.parts.sessions?.storage(sessionIdOf(visitor))
}

async function stepOf(demo: Demo, visitor: Visitor) {
  return (await storageOf(demo, visitor))?.tour
}
