import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { mailboxTransport } from '../../src/mail/index.ts'
import { startDemo } from '../support/demo.ts'
import { temporaryFolder } from '../support/process.ts'
import { dropAtTheEnd, ownCrmDatabase } from '../support/servers/crm-databases.ts'
import { readMailbox, signUpAs } from '../support/sign-up.ts'

test('[MAIL-9] without SMTP_URL the mail is shown at /dev/mailbox, which the waiting page links to', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  const waiting = await ana.follow(await signUpAs(demo, ana, 'ana@example.com'))
  assert.match(waiting.text, /href="\/dev\/mailbox"/)
  const { text } = await ana.get('/dev/mailbox')
  const [mail] = await readMailbox(ana)
  assert.deepEqual(Object.keys(mail ?? {}), ['id', 'to', 'subject', 'text', 'html', 'links', 'sentAt'])
  assert.ok(text.includes(`<a class="button" href="${mail?.links[0]}">Open the link</a>`))
  assert.match(
    text,
    /<iframe class="html" sandbox="allow-popups allow-popups-to-escape-sandbox"[^>]* srcdoc="&lt;!doctype/,
  )
})

test('[MAIL-9] the mailbox shows a QR code only for a link that a phone can open, and otherwise says what to do', async (t) => {
  for (const [publicUrl, hasCode] of [
    ['http://192.168.0.7:8044', true],
    ['http://localhost:8044', false],
  ] as const) {
    const demo = await startDemo(t, { publicUrl })
    const ana = demo.visitor()
    await signUpAs(demo, ana, 'ana@example.com')
    const { text } = await ana.get('/dev/mailbox')
    assert.equal(/<svg class="qr"[^>]*role="img" aria-label="The link as a QR code"/.test(text), hasCode)
    assert.equal(text.includes('A phone can scan the code.'), hasCode)
    assert.equal(text.includes('start the demo with <code>npm run demo:lan</code>'), !hasCode)
  }
})

test('the mailbox lists the newest mail first, keeps at most two hundred mails, and is unchanged after a restart', async (t) => {
  const { setting: database, drop } = await ownCrmDatabase('filled', join(temporaryFolder(t), 'crm.sqlite'))
  dropAtTheEnd(drop)
  const demo = await startDemo(t, { database })
  const { send } = mailboxTransport(demo.parts.database, () => demo.clock.now())
  for (let count = 0; count < 205; count += 1)
    await send({ to: 'a@example.com', subject: `Mail ${count}`, text: '', html: '', links: [] })
  const again = await startDemo(t, { database })
  const mails = await readMailbox(again.visitor())
  assert.deepEqual([mails.length, mails[0]?.subject, mails.at(-1)?.subject], [200, 'Mail 204', 'Mail 5'])
})

test('the mailbox does not exist in the production profile', async (t) => {
  const demo = await startDemo(t, { profile: 'production' })
  assert.equal((await demo.visitor().get('/dev/mailbox')).status, 404)
  assert.equal((await demo.visitor().get('/dev/mailbox', { Accept: 'application/json' })).status, 404)
})

test('another site cannot read the mailbox', async (t) => {
  const demo = await startDemo(t)
  const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
  assert.equal((await demo.visitor().get('/dev/mailbox', headers)).status, 403)
})
