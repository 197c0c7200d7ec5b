import { isGuestRecord } from '../record.ts'
import { eventOf } from './context.ts'
import { type GrantFields, raisesTrust, setsAnotherUser } from './grants.ts'
import { logIn } from './login.ts'
import type { SecureOptions } from './replace-session.ts'
import type { RequestSession } from './request-session.ts'
import { updateRecord } from './update-record.ts'

export interface SetPrivilegesOptions extends SecureOptions {
  /**
   * The user has just proved their identity. Always gives a fresh session and cookie, also when no trust is raised, and never fails
   * because the old session ended meanwhile. Default: true when another user is set; but then a session that had a user and
   * ended meanwhile stays ended.
   */
  login?: boolean
}

/** Replaces the grants: in place when they raise no trust, else on a session whose id and cookie were never known before. */
export async function setPrivileges(
  request: RequestSession,
  fields: GrantFields,
  options: SetPrivilegesOptions,
): Promise<void> {
  const before = request.record.grants
  await setGrants(request, fields, options)
  if (request.record.grants !== before) reportPrivileges(request)
}

/** Makes the session a guest's again. */
export async function clearPrivileges(request: RequestSession): Promise<void> {
  if (request.state.is === 'guest') return
  await updateRecord(request, ({ grants }) => ({
    changes: grants === '' ? undefined : { grants: '' },
    answer: undefined,
  }))
  reportPrivileges(request)
}

function reportPrivileges({ context, record, cause }: RequestSession): void {
  const privileges = context.policy.roles.expand(record.grants).names
  context.events.emit('privilegesChanged', { ...eventOf(record, cause), privileges })
}

async function setGrants(
  request: RequestSession,
  fields: GrantFields,
  { login, keepStorage }: SetPrivilegesOptions,
): Promise<void> {
  const { context } = request
  const raises = () => raisesTrust(context, request.record, fields)
  const isLogin = login ?? setsAnotherUser(request.record, fields)
  const afresh = login ?? (isLogin && isGuestRecord(request.record) && !request.lostUser)
  if (!isLogin && !raises()) {
    if (request.state.is === 'guest') return // no trust raised on a guest: nothing to store
    await updateRecord(request, (current) => ({
      changes: raisesTrust(context, current, fields) ? undefined : fields,
      answer: undefined,
    }))
    if (!raises()) return // else another device had lowered the session meanwhile
  }
  await logIn(request, { fields, login: isLogin, afresh, ...(keepStorage !== undefined && { keepStorage }) })
}
