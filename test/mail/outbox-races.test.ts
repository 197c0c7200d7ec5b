import assert from 'node:assert/strict'
import test from 'node:test'
import { mailboxTransport } from '../../src/mail/index.ts'
import { enqueueMail, leaseMail, settleMail } from '../../src/mail/outbox.ts'
import { startDemo } from '../support/demo.ts'

const AT_ONCE = Array.from({ length: 10 })
const ROUNDS = 2

test('when ten workers take mail at once, each worker takes a different mail, and no mail is sent twice', async (t) => {
  const { parts, clock } = await startDemo(t)
  const { database } = parts
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index] of AT_ONCE.entries())
      await enqueueMail(database, validationFor(`ana-${index}@example.com`), clock.now())
    const leased = await Promise.all(AT_ONCE.map(() => leaseMail(database, clock.now())))
    assert.equal(new Set(leased.map((mail) => mail?.id)).size, AT_ONCE.length)
    await Promise.all(leased.map((mail) => mail && settleMail(database, mail, { state: 'sent' })))
    clock.advance({ minutes: 2 })
  }
})

test('when ten workers take ten mails to one address at once, only one mail goes out within a minute', async (t) => {
  const { parts, clock } = await startDemo(t)
  const { database } = parts
  for (let round = 0; round < ROUNDS; round++) {
    for (const _ of AT_ONCE) await enqueueMail(database, validationFor('ana@example.com'), clock.now())
    await database.updateTable('outbox').set({ due_at: '' }).where('state', '=', 'waiting').execute()
    const leased = await Promise.all(AT_ONCE.map(() => leaseMail(database, clock.now())))
    assert.equal(leased.filter((mail) => mail !== undefined).length, 1)
    await database.deleteFrom('outbox').execute()
  }
})

test('the mailbox keeps two hundred mails, however many arrive at once', async (t) => {
  const { parts, clock } = await startDemo(t)
  const { database } = parts
  const { send } = mailboxTransport(database, () => clock.now())
  const mail = { to: 'ana@example.com', subject: 'Mail', text: '', html: '', links: [] }
  for (let round = 0; round < 22; round++) await Promise.all(AT_ONCE.map(() => send(mail)))
  assert.equal((await database.selectFrom('mailbox').select('id').execute()).length, 200)
})

function validationFor(email: string) {
  return { kind: 'validate', user_id: 'user', session_id: 'A'.repeat(32), email } as const
}
