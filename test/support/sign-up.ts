import assert from 'node:assert/strict'
import type { Demo } from './demo.ts'
import { pathOf, sessionIdOf } from './pages.ts'
import type { Answer, Visitor } from './visitor.ts'

export interface ReadMail {
  id: number
  to: string
  subject: string
  text: string
  html: string
  links: string[]
  sentAt: string
}

/** A password that both profiles accept. */
export const GOOD_PASSWORD = 'correct horse battery'

/** Signs up with the form, and makes the outbox send the mail. */
export async function signUpAs(demo: Demo, visitor: Visitor, email: string, password = GOOD_PASSWORD): Promise<Answer> {
  const answer = await visitor.post('/signup', { email, password })
  assert.deepEqual([answer.status, answer.location], [303, '/signup/waiting'], answer.text)
  await demo.parts.mail.tick()
  return answer
}

/** A customer who has signed up, opened the mailed link and logged in. */
export async function signedUpCustomer(demo: Demo, email = 'ana@example.com'): Promise<Visitor> {
  const customer = demo.visitor()
  await signUpAs(demo, customer, email)
  await customer.get(await newestLink(demo, email))
  await customer.logInWell(email, GOOD_PASSWORD)
  return customer
}

/** The mails on the mailbox page, newest first. */
export async function readMailbox(visitor: Visitor): Promise<ReadMail[]> {
  return JSON.parse((await visitor.get('/dev/mailbox', { Accept: 'application/json' })).text)
}

/** The path and query of the newest link mailed to this address. */
export async function newestLink(demo: Demo, email: string): Promise<string> {
  const mail = (await readMailbox(demo.visitor())).find(({ to, links }) => to === email && links[0]?.includes('$4DSID'))
  assert.ok(mail?.links[0], `there is no link for ${email}`)
  return pathOf(mail.links[0])
}

export async function statusOf(demo: Demo, visitor: Visitor) {
  return (await demo.parts.sessions?.storage(sessionIdOf(visitor)))?.status
}

export async function userOf(demo: Demo, email: string) {
  return demo.parts.database.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst()
}

/** A page of the sign-up without the values that differ between any two visitors. */
export function comparable(text: string, email: string, visitor: Visitor): string {
  return text
    .replaceAll(email, 'E')
    .replaceAll(sessionIdOf(visitor), 'S')
    .replaceAll(/name="once" value="[^"]+"/g, '')
}

/** Reads mail from the database, because the production profile has no mailbox page. */
export async function mailsIn({
  parts,
}: {
  parts: Parameters<typeof userOf>[0]['parts']
}): Promise<Pick<ReadMail, 'links'>[]> {
  const rows = await parts.database.selectFrom('mailbox').selectAll().orderBy('id', 'desc').execute()
  return rows.map(({ links }) => ({ links: JSON.parse(links) }))
}
