import { isGuestRecord } from '../record.ts'
import { eventOf } from './context.ts'
import { type GrantFields, raisesTrust, setsAnotherUser } from './grants.ts'
import { type LoginMode, logIn } from './login.ts'
import type { RequestSession } from './request-session.ts'
import { updateRecord } from './update-record.ts'

interface SetOptions {
  login: boolean | undefined
  keepStorage: LoginMode['keepStorage']
}

/** Replaces the grants: in place when they raise no trust, else on a session whose id and cookie were never known before. */
export async function setPrivileges(request: RequestSession, fields: GrantFields, options: SetOptions): Promise<void> {
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
  { login, keepStorage }: SetOptions,
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
  await logIn(request, fields, { login: isLogin, afresh, keepStorage })
}
