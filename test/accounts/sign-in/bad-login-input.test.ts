import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { messageOf, snapshotOf } from '../../support/pages.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../../support/sign-up.ts'
import { type Fields, FORM, type Sent } from '../../support/visitor.ts'

const WHOLE_NUMBER = /^A userId is a whole number/

const REFUSED: [what: string, fields: Fields, status: number, message: RegExp][] = [
  ['nothing at all', {}, 422, /^Please enter your userId$/],
  ['no password', { userId: '4' }, 422, /^Please enter your password$/],
  ['no userId', { password: 'crm-demo' }, 422, /^Please enter your userId$/],
  ['an empty userId', { userId: '  ', password: 'x' }, 422, /^Please enter your userId$/],
  ['an empty password', { userId: '4', password: '' }, 422, /^Please enter your password$/],
  ['a word', { userId: 'four', password: 'x' }, 422, WHOLE_NUMBER],
  ['a negative number', { userId: '-4', password: 'x' }, 422, WHOLE_NUMBER],
  ['a fraction', { userId: '4.0', password: 'x' }, 422, WHOLE_NUMBER],
  ['an exponent', { userId: '4e0', password: 'x' }, 422, WHOLE_NUMBER],
  ['a hexadecimal number', { userId: '0x4', password: 'x' }, 422, WHOLE_NUMBER],
  ['other digits', { userId: '٤', password: 'x' }, 422, WHOLE_NUMBER],
  ['SQL', { userId: "4' OR 1=1 --", password: 'x' }, 422, WHOLE_NUMBER],
  ['a huge number', { userId: '9'.repeat(400), password: 'x' }, 422, WHOLE_NUMBER],
  ['a huge password', { userId: '4', password: 'x'.repeat(5000) }, 422, /longer than any password/],
  [
    'two userIds',
    [
      ['userId', '4'],
      ['userId', '5'],
      ['password', 'crm-demo'],
    ],
    400,
    /^Send the userId once/,
  ],
  [
    'two passwords',
    [
      ['userId', '4'],
      ['password', 'crm-demo'],
      ['password', 'x'],
    ],
    400,
    /^Send the password once/,
  ],
  ['a list', { 'userId[]': '4', password: 'crm-demo' }, 400, /^Send the userId once/],
  ['an object', { 'userId[$ne]': '0', 'password[$ne]': 'x' }, 400, /^Send the userId once/],
  ['a poisoned prototype', { '__proto__[userId]': '4', 'constructor[password]': 'crm-demo' }, 422, /enter your userId/],
  ['a NUL in the password', { userId: '4', password: 'crm-demo\0' }, 422, /^This password is wrong$/],
  ['half a character', { userId: '4', password: '\ud800' }, 422, /^This password is wrong$/],
]

test('[CRM-7] every wrong input in the login form gets a clear message', async (t) => {
  const demo = await startDemo(t)
  const before = await snapshotOf(demo.parts)
  for (const [what, fields, status, message] of REFUSED) {
    const answer = await demo.visitor().post('/4DACTION/authenticate', fields)
    assert.equal(answer.status, status, what)
    assert.match(messageOf(answer), message, what)
  }
  assert.equal(await snapshotOf(demo.parts), before)
  assert.equal(await demo.parts.sessions?.count({ state: 'user' }), 0)
})

const UNREADABLE: [what: string, sent: Sent, status: number][] = [
  ['1 MB', { headers: FORM, body: `userId=4&password=${'x'.repeat(1_000_000)}` }, 413],
  ['1 MB in pieces', { headers: { ...FORM, 'Transfer-Encoding': 'chunked' }, body: 'x'.repeat(1_000_000) }, 413],
  ['JSON', { headers: { 'Content-Type': 'application/json' }, body: '{"userId":4,"password":"crm-demo"}' }, 415],
  ['broken JSON', { headers: { 'Content-Type': 'application/json' }, body: '{' }, 415],
  ['plain text', { headers: { 'Content-Type': 'text/plain' }, body: 'userId=4&password=crm-demo' }, 415],
  ['no content type', { body: 'userId=4&password=crm-demo' }, 415],
  ['an unknown content type', { headers: { 'Content-Type': 'nonsense' }, body: 'userId=4' }, 415],
  ['a file upload', { headers: { 'Content-Type': 'multipart/form-data; boundary=x' }, body: '--x--' }, 415],
  ['an unknown compression', { headers: { ...FORM, 'Content-Encoding': 'nonsense' }, body: 'userId=4' }, 415],
  ['a broken compression', { headers: { ...FORM, 'Content-Encoding': 'gzip' }, body: 'userId=4' }, 415],
  [
    'an unknown character set',
    { headers: { 'Content-Type': `${FORM['Content-Type']}; charset=nonsense` }, body: 'userId=4' },
    415,
  ],
  ['broken escapes', { headers: FORM, body: 'userId=%E0%A4%A&password=%' }, 400],
  ['hundreds of fields', { headers: FORM, body: 'a=1&'.repeat(1000) }, 422],
]

test('[CRM-7] a malformed body is refused with 4xx, and the server continues', async (t) => {
  const demo = await startDemo(t)
  for (const [what, sent, status] of UNREADABLE) {
    const answer = await demo.visitor().send('/4DACTION/authenticate', { method: 'POST', ...sent })
    assert.equal(answer.status, status, what)
    assert.doesNotMatch(answer.text, /\bat .*\.js:|node_modules|SQLITE/, what)
  }
  await demo.visitor().logInWell(4)
})

test('"4", "04" and " 4 " count as the same userId', async (t) => {
  const demo = await startDemo(t)
  for (const spelling of ['4', '04', ' 4 ', '0000000000004']) await demo.visitor().logInWell(spelling)
})

test('an e-mail address keeps its leading zero', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await signUpAs(demo, visitor, '07@example.com')
  await visitor.get(await newestLink(demo, '07@example.com'))
  assert.equal((await demo.visitor().logIn('07@example.com', GOOD_PASSWORD)).status, 302)
  assert.equal((await demo.visitor().logIn('7@example.com', GOOD_PASSWORD)).status, 422)
})
