import { randomUUID } from 'node:crypto'
import type { CrmSession } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import { SessionError } from '../../session/index.ts'
import type { Account } from './account.ts'

const MOST_ATTEMPTS = 3

/** Random, and not a number that counts up, so that a session cannot accept the stamp of a change by another user. */
export function newSecurityStamp(): string {
  return randomUUID()
}

/** What a session of this account stores at its start. Pass the account that was read before the password check. */
export function stampsOf({ securityStamp }: Account): Pick<CrmStorage, 'securityStamps'> {
  return { securityStamps: [securityStamp] }
}

/** Whether the account has not changed since the login of this session. */
export function hasStampOf(session: Pick<CrmSession, 'storage'>, { securityStamp }: Account): boolean {
  return stampsIn(session).includes(securityStamp)
}

/** Whether the session is valid whenever the session `other` is valid. */
export function hasStampsOf(session: Pick<CrmSession, 'storage'>, other: Pick<CrmSession, 'storage'>): boolean {
  const stamps = stampsIn(session)
  return stampsIn(other).every((stamp) => stamps.includes(stamp))
}

/**
 * Lets the session continue after the change that gives the account the stamp `next`. Call this function before the
 * change, so that no request in between is refused. If the change fails, no account ever has this stamp. Returns `false`
 * for a session that is not valid for `account`.
 */
export async function acceptNextStamp(session: CrmSession, account: Account, next: string): Promise<boolean> {
  return session.use((storage) => {
    const { securityStamp } = account
    if (!hasStampOf({ storage }, account)) return false
    // A form that is sent twice makes two attempts, and either of them may change the account.
    const attempts = stampsIn({ storage }).filter((stamp) => stamp !== securityStamp)
    storage.securityStamps = [securityStamp, ...attempts.slice(-MOST_ATTEMPTS), next]
    return true
  })
}

/** A session from before the migration that added the stamps fits an account that has not changed since. */
function stampsIn(session: Pick<CrmSession, 'storage'>): readonly string[] {
  try {
    return session.storage.securityStamps ?? ['']
  } catch (error) {
    if (error instanceof SessionError && error.code === 'STORAGE_UNREADABLE') return ['']
    throw error
  }
}
