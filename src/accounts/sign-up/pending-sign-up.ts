import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { CrmStorage, SignUpStep } from '../../crm-session/crm-storage.ts'
import { newestMail } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { formatExactTime, formatTime } from '../../web/format.ts'
import { PENDING_MILLISECONDS } from '../people/users.ts'

export interface SignUpProgress {
  step: SignUpStep
  email: string
  isDone: boolean
  mail: string
  /** The time at which the link expires. */
  until: { iso: string; text: string } | undefined
  canSendAgain: boolean
  /** True until the mail is sent. The page then polls for changes. */
  isMoving: boolean
}

/** Reads the state of the mail, because the state of the account would reveal whether the address is taken. */
export async function readSignUpProgress(
  { database, clock }: { database: Kysely<Database>; clock: Pick<Clock, 'now'> },
  status: CrmStorage['status'],
): Promise<SignUpProgress | undefined> {
  if (status === undefined) return undefined
  const { step, email, ID } = status
  const mail = await newestMail(database, ID)
  const now = clock.now()
  const isOver = mail === undefined || Date.parse(mail.created_at) + PENDING_MILLISECONDS <= now
  const isDone = step === 'Email validated'
  const common = { step, email, isDone, canSendAgain: !isDone && !isOver, isMoving: false, until: undefined }
  if (isDone) return { ...common, mail: '' }
  if (isOver) return { ...common, mail: 'This address was not validated in time. Please sign up again.' }
  if (mail.state === 'sent' && mail.link_until !== null) {
    if (Date.parse(mail.link_until) <= now)
      return { ...common, mail: 'The link has expired. Send it again to get a new one.' }
    const until = { iso: mail.link_until, text: formatTime(mail.link_until) }
    return { ...common, mail: 'A mail with a link is on its way to you.', until }
  }
  if (mail.state === 'dropped') {
    const text =
      mail.problem === 'REPLACED'
        ? 'This sign-up was replaced by a newer one.'
        : 'The mail could not be delivered. Check the address, or sign up with another one.'
    return { ...common, mail: text }
  }
  const due = formatExactTime(mail.due_at)
  if (mail.problem !== null)
    return {
      ...common,
      isMoving: true,
      mail: `The mail server does not answer at the moment. The next attempt is at ${due}.`,
    }
  const isDelayed = Date.parse(mail.due_at) > now
  const text = isDelayed
    ? `A mail went to this address a moment ago. The next one goes out at ${due}, with a new link that ends the old one.`
    : 'The mail is being sent.'
  return { ...common, isMoving: true, mail: text }
}
