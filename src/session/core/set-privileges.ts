import { isGuestRecord } from '../record.ts'
import { eventOf } from './context.ts'
import { type Grant, needsRotation, refuseUndeclared, setsAnotherUser, warnOfUndeclared } from './grants.ts'
import { logIn } from './login.ts'
import type { SecureOptions } from './replace-session.ts'
import type { RequestSession } from './request-session.ts'
import { updateRecord } from './update-record.ts'

export interface SetPrivilegesOptions extends SecureOptions {
  /**
   * Whether the user has just authenticated. With `true`, the call always rotates the session ID, even if the session
   * has ended. Default: true if the grant sets another user. If a signed-in session has ended, only an explicit `true`
   * prevents SESSION_ENDED.
   */
  login?: boolean
}

export async function setPrivileges(
  request: RequestSession,
  grant: Grant,
  options: SetPrivilegesOptions,
): Promise<void> {
  const before = request.record.grants
  await setGrants(request, grant, options)
  if (request.record.grants !== before) reportPrivileges(request)
}

export async function clearPrivileges(request: RequestSession): Promise<void> {
  if (request.state.is === 'guest') return
  await updateRecord(request, ({ grants }) => ({
    changes: grants === '' ? undefined : { grants: '' },
    result: undefined,
  }))
  reportPrivileges(request)
}

function reportPrivileges({ context, record, cause }: RequestSession): void {
  const privileges = context.policy.roles.expand(record.grants).names
  context.events.emit('privilegesChanged', { ...eventOf(record, cause), privileges })
}

async function setGrants(
  request: RequestSession,
  { fields, undeclared }: Grant,
  { login, keepStorage }: SetPrivilegesOptions,
): Promise<void> {
  const { context } = request
  const rotates = () => needsRotation(context, request.record, fields)
  const isLogin = login ?? setsAnotherUser(request.record, fields)
  const startsNew = login ?? (isLogin && isGuestRecord(request.record) && !request.lostUser)
  if (isLogin || rotates()) refuseUndeclared(context, 'setPrivileges()', undeclared)
  else {
    warnOfUndeclared(context, undeclared)
    if (request.state.is === 'guest') return // Without new privileges, there is nothing to store.
    await updateRecord(request, (current) => ({
      changes: needsRotation(context, current, fields) ? undefined : fields,
      result: undefined,
    }))
    if (!rotates()) return // If another request removed privileges, the grant adds privileges.
  }
  await logIn(request, { fields, login: isLogin, startsNew, ...(keepStorage !== undefined && { keepStorage }) })
}
