import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Config } from '../../config/config.ts'
import { type ComposeMail, renderMail } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { formatTime } from '../../web/format.ts'
import { accounts } from '../people/accounts.ts'
import { addReset, RESET_MILLISECONDS } from '../people/password-resets.ts'

const NEW_PASSWORD_PATH = '/password/new'

export interface ResetMailParts {
  config: Pick<Config, 'appName'>
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
  origins: { forLinks: string }
}

/** Composes the mail with the link. Returns `undefined` for an address without an account, which gets no mail. */
export function composeResetMail({ config, database, clock, origins }: ResetMailParts): ComposeMail {
  return async function composeResetMail({ email, details }) {
    const now = clock.now()
    const named = await accounts.findByName(database, { email }, now)
    if (named === undefined || named.isPending) return undefined
    const { account } = named
    const { at, device } = JSON.parse(details ?? '{}') as { at: string; device: string }
    const token = await inTurn(database, { user: account.userId }, (transaction) =>
      addReset(transaction, account, { askedAt: at, device }, now),
    )
    const linkUntil = now + RESET_MILLISECONDS
    const facts = {
      appName: config.appName,
      loginName: account.loginName,
      device,
      reset: `${origins.forLinks}${NEW_PASSWORD_PATH}?token=${token}`,
      until: formatTime(linkUntil),
    }
    return { mail: renderMail('password-reset', email, facts), linkUntil }
  }
}
