import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { enqueueMail } from '../../src/mail/index.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf, pathOf } from '../support/pages.ts'
import { GOOD_PASSWORD, signUpAs } from '../support/sign-up.ts'
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts'

test('[MAIL-9] with SMTP_URL the mail goes out over SMTP, in text and HTML, and the mailbox page stays empty', async (t) => {
  const peer = await startSmtpPeer(t)
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}`, mailFrom: 'CRM <crm@example.org>' })
  await signUpAs(demo, demo.visitor(), "o'hara@example.com")
  assert.equal(peer.taken.length, 1)
  const [{ from, to, mail } = assert.fail()] = peer.taken
  assert.deepEqual([from, to], ['crm@example.org', ["o'hara@example.com"]])
  assert.equal(mail.from?.text, '"CRM" <crm@example.org>')
  assert.equal(mail.subject, 'Validate your e-mail address for Tessera')
  assert.equal(mail.headers.get('auto-submitted'), 'auto-generated')
  const link = linkIn(mail.text)
  assert.ok(String(mail.html).replaceAll('&#36;', '$').includes(`href="${link}"`))
  assert.equal(headingOf(await demo.visitor().get(pathOf(link))), 'Congratulations')
  assert.match((await demo.visitor().get('/dev/mailbox')).text, /the server sends new mail and does not show it here/)
})

test('[MAIL-8] a mail server that is down loses no sign-up: the page says so, and the mail goes out when the server is back', async (t) => {
  const first = await startSmtpPeer(t)
  const { port } = first
  await first.stop()
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${port}` })
  const ana = demo.visitor()
  const page = await ana.follow(await signUpAs(demo, ana, 'ana@example.com'))
  assert.match(page.text, /The mail server does not answer at the moment\. The next attempt is at 09:00:05 UTC/)
  const peer = await startSmtpPeer(t, { port })
  demo.clock.advance({ seconds: 5 })
  await demo.parts.mail.tick()
  assert.equal(peer.taken.length, 1)
  assert.match((await ana.get('/signup/waiting')).text, /A mail with a link is on its way/)
  assert.equal(headingOf(await demo.visitor().get(pathOf(linkIn(peer.taken[0]?.mail.text)))), 'Congratulations')
})

test('[STOP-3] a mail server that does not respond delays the stop by a second', { timeout: 10_000 }, async (t) => {
  const silent = createServer().listen(0, '127.0.0.1')
  const connected = once(silent, 'connection')
  await once(silent, 'listening')
  t.after(() => void silent.close())
  const { port } = silent.address() as AddressInfo
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${port}` })
  assert.equal(
    (await demo.visitor().post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })).status,
    303,
  )
  demo.parts.mail.wake()
  const [socket] = (await connected) as [Socket]
  const stopped = demo.parts.mail.stop()
  demo.clock.advance({ seconds: 1 })
  await stopped
  socket.destroy()
})

test('[MAIL-8] "send again" creates a new link and revokes the old link', async (t) => {
  const peer = await startSmtpPeer(t)
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  assert.equal((await ana.post('/signup/again')).location, '/signup/waiting')
  await demo.parts.mail.tick()
  assert.equal(peer.taken.length, 1, 'not twice within a minute')
  demo.clock.advance({ minutes: 1 })
  await demo.parts.mail.tick()
  const [older, newer] = peer.taken.map(({ mail }) => pathOf(linkIn(mail.text)))
  assert.equal(headingOf(await demo.visitor().get(String(older))), 'Invalid token')
  assert.equal(headingOf(await demo.visitor().get(String(newer))), 'Congratulations')
  const again = await ana.post('/signup/again')
  assert.match((await ana.follow(again)).text, /Email validated/)
  assert.equal(peer.taken.length, 2, 'after the validation, the user gets no more mail')
})

test('[MAIL-8] a mail is sent again later if the mail server is busy, but not if the mail server refuses the recipient', async (t) => {
  let busy = true
  const peer = await startSmtpPeer(t, {
    onRcptTo({ address }, _session, callback) {
      if (address.startsWith('unknown'))
        return callback(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
      if (busy) return callback(Object.assign(new Error('try later'), { responseCode: 451 }))
      callback()
    },
  })
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  const [ana, unknown] = [demo.visitor(), demo.visitor()]
  await signUpAs(demo, ana, 'ana@example.com')
  await signUpAs(demo, unknown, 'unknown@example.com')
  assert.match((await unknown.get('/signup/waiting')).text, /could not be delivered/)
  assert.match((await ana.get('/signup/waiting')).text, /The next attempt is at/)
  busy = false
  demo.clock.advance({ seconds: 5 })
  await demo.parts.mail.tick()
  assert.deepEqual(
    peer.taken.map(({ to }) => to),
    [['ana@example.com']],
  )
})

test('[MAIL-8] a mail server that hangs delays no page', async (t) => {
  const open = new Set<Socket>()
  const silent = createServer((socket) => open.add(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${typeof address === 'object' && address?.port}` })
  const ana = demo.visitor()
  const answer = await ana.post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
  assert.equal(answer.status, 303)
  assert.match((await ana.follow(answer)).text, /The mail is being sent/)
  for (const socket of open) socket.destroy()
  silent.close()
  await demo.parts.mail.tick()
  assert.match((await ana.get('/signup/waiting')).text, /The next attempt is at/)
})

test('[MAIL-8] of two processes with one outbox, one sends each mail, and a mail of a process that died is sent by another process', async (t) => {
  const peer = await startSmtpPeer(t)
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  await leaseAsIfDying(demo)
  await signUpAs(demo, demo.visitor(), 'bo@example.com')
  assert.deepEqual(addressees(peer), ['bo@example.com'])
  demo.clock.advance({ minutes: 2 })
  await Promise.all([demo.parts.mail.tick(), demo.parts.mail.tick()])
  assert.deepEqual(addressees(peer), ['bo@example.com', 'ana@example.com'])
})

test('an address gets one mail a minute, even when another mail is requested while the first mail is being delivered', async (t) => {
  let finish = () => {}
  const held = new Promise<void>((resolve) => {
    finish = resolve
  })
  let begun = () => {}
  const beginning = new Promise<void>((resolve) => {
    begun = resolve
  })
  const peer = await startSmtpPeer(t, {
    async onMailFrom(_address, _session, callback) {
      begun()
      await held
      callback()
    },
  })
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  const ana = demo.visitor()
  await ana.post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
  await beginning
  const page = await ana.follow(await ana.post('/signup/again'))
  assert.match(page.text, /The next one goes out at 09:01:00 UTC/)
  finish()
  assert.deepEqual(await takenAfter(demo, peer, [0, 30, 30]), [1, 1, 2])
})

test('an address gets one mail a minute, even when all queued mail goes out after an outage', async (t) => {
  let busy = true
  const peer = await startSmtpPeer(t, {
    onRcptTo(_address, _session, callback) {
      callback(busy ? Object.assign(new Error('try later'), { responseCode: 450 }) : null)
    },
  })
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  await signUpAs(demo, demo.visitor(), 'ana@example.com')
  const { database, clock } = demo.parts
  const { kind, user_id, session_id, email } = await database.selectFrom('outbox').selectAll().executeTakeFirstOrThrow()
  await enqueueMail(database, { kind, user_id, session_id, email }, clock.now())
  await enqueueMail(database, { kind, user_id, session_id, email }, clock.now())
  busy = false
  assert.deepEqual(await takenAfter(demo, peer, [5, 30, 30, 59, 1]), [1, 1, 2, 2, 3])
})

test('[MAIL-8] mail waits while the mail server refuses the connection or the sender, and fails if the mail server refuses the content', async (t) => {
  const refuse = (step: string, isNow: () => boolean): SMTPServerOptions => ({
    [step](...all: unknown[]) {
      const callback = all.at(-1) as (error?: Error) => void
      callback(isNow() ? Object.assign(new Error('not from you'), { responseCode: 554 }) : undefined)
    },
  })
  for (const step of ['onConnect', 'onMailFrom']) {
    let refusing = true
    const peer = await startSmtpPeer(
      t,
      refuse(step, () => refusing),
    )
    const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
    const ana = demo.visitor()
    await signUpAs(demo, ana, 'ana@example.com')
    assert.match((await ana.get('/signup/waiting')).text, /The next attempt is at/, step)
    refusing = false
    assert.deepEqual(await takenAfter(demo, peer, [5]), [1], step)
  }
  const peer = await startSmtpPeer(t, {
    onData(stream, _session, callback) {
      stream.resume().on('end', () => callback(Object.assign(new Error('spam'), { responseCode: 554 })))
    },
  })
  const demo = await startDemo(t, { smtpUrl: `smtp://127.0.0.1:${peer.port}` })
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  assert.match((await ana.get('/signup/waiting')).text, /could not be delivered/)
})

/** Advances the clock by each of these seconds in turn. Returns the number of delivered mails after each advance. */
async function takenAfter(demo: Demo, { taken }: SmtpPeer, rests: number[]): Promise<number[]> {
  const counts: number[] = []
  for (const seconds of rests) {
    demo.clock.advance({ seconds })
    await demo.parts.mail.tick()
    counts.push(taken.length)
  }
  return counts
}

/** Signs up a user whose mail is reserved by a process that died while sending the mail. */
async function leaseAsIfDying(demo: Demo): Promise<void> {
  const { database, clock, mail } = demo.parts
  await demo.visitor().post('/signup', { email: 'ana@example.com', password: GOOD_PASSWORD })
  await mail.tick()
  await database
    .updateTable('outbox')
    .set({ state: 'waiting', attempts: 1, leased_until: new Date(clock.now() + 120_000).toISOString() })
    .execute()
}

function addressees(peer: { taken: { to: string[] }[] }): string[] {
  const all = peer.taken.flatMap(({ to }) => to)
  return all.slice(all.indexOf('bo@example.com'))
}

function linkIn(text: string | undefined): string {
  return /http:\/\/\S+\$4DSID=[0-9A-F]{32}/.exec(String(text))?.[0] ?? assert.fail(`no link in ${text}`)
}
