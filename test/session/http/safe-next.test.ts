import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { safeNext } from '../../../src/session/http/safe-next.ts'
import { startDemo } from '../../support/demo.ts'
import { FOREIGN_NEXTS } from '../../support/foreign-nexts.ts'

test('[PRIV-7] a guest is asked to log in, and is then redirected to the requested page', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const refused = await visitor.get('/customers?country=Italy&sort=total')
  assert.deepEqual(
    [refused.status, refused.location],
    [303, '/authenticate.shtml?next=%2Fcustomers%3Fcountry%3DItaly%26sort%3Dtotal'],
  )
  const form = await visitor.follow(refused)
  assert.match(form.text, /name="next" value="\/customers\?country=Italy&amp;sort=total"/)

  const next = '/customers?country=Italy&sort=total'
  const wrong = await visitor.logIn(1, 'wrong', { next })
  assert.match(
    wrong.text,
    /name="next" value="\/customers\?country=Italy&amp;sort=total"/,
    'a wrong password does not lose the way',
  )
  const right = await visitor.logIn(1, 'crm-demo', { next })
  assert.deepEqual([right.status, right.location], [302, next])
})

test('[PRIV-7] a signed-in user without the privilege reads which privilege is missing, and stays signed in', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(1)
  const answer = await visitor.get('/admin/sessions')
  assert.equal(answer.status, 403)
  assert.match(answer.text, /It needs the privilege “WebAdmin”/)
  assert.equal((await visitor.get('/customers')).status, 200)

  const administrator = demo.visitor()
  await administrator.logInWell(6)
  assert.equal((await administrator.get('/admin/sessions')).status, 200)
  assert.match((await administrator.get('/customers')).text, /It needs the privilege “viewCustomers”/)
})

test('[PRIV-7] the login never redirects to another origin, whatever the spelling of the URL', async (t) => {
  const demo = await startDemo(t)
  for (const next of FOREIGN_NEXTS) {
    assert.doesNotMatch(
      (await demo.visitor().get(`/authenticate.shtml?next=${encodeURIComponent(next)}`)).text,
      /name="next"/,
      next,
    )
    const answer = await demo.visitor().logIn(4, 'crm-demo', { next })
    assert.deepEqual([answer.status, answer.location], [302, '/authenticationOK.shtml'], next)
  }
  const twice = await demo.visitor().post('/4DACTION/authenticate', [
    ['userId', '4'],
    ['password', 'crm-demo'],
    ['next', '/customers'],
    ['next', '//evil.test'],
  ])
  assert.equal(twice.location, '/authenticationOK.shtml')
})

test('a path that browsers would resolve to another origin is never a safe redirect', () => {
  const nasty = fc.stringMatching(/^[/\\.:@?#%a-e0-9\t\n ]{0,30}$/)
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string(), fc.webUrl()), (text) => {
      const next = safeNext(text)
      if (next === undefined) return
      assert.equal(new URL(next, 'http://crm.test').origin, 'http://crm.test')
      assert.equal(next.startsWith('/') && !next.startsWith('//'), true)
    }),
    { numRuns: 2000 },
  )
})

test('the pages of this server are safe redirects', () => {
  for (const next of ['/', '/customers', '/customers/7', '/customers?q=a%20b&after=x_y-z', '/admin/sessions'])
    assert.equal(safeNext(next), next)
  for (const nothing of [undefined, null, 4, ['/customers'], { '/customers': 1 }])
    assert.equal(safeNext(nothing), undefined)
})

test('[TAB-6] the token of a one-time link does not travel to the login page, however it is spelled', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  const token = '0'.repeat(32)
  for (const [query, next] of [
    [`?$4DSID=${token}`, ''],
    [`?country=Italy&%244DSID=${token}&sort=total`, '?country=Italy&sort=total'],
    [`?%24%34DSID=${token}&$4DSID.replace=1`, ''],
  ])
    assert.equal(
      (await visitor.get(`/customers${query}`)).location,
      `/authenticate.shtml?next=${encodeURIComponent(`/customers${next}`)}`,
    )
})
