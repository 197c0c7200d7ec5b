import { isPlainObject, refuseUnknown, typeOf } from '../known-options.ts'
import { isGuestRecord } from '../record.ts'
import { eventOf } from './context.ts'
import { type Grant, needsRotation, refuseUndeclared, setsAnotherUser, warnOfUndeclared } from './grants.ts'
import { logIn } from './login.ts'
import type { SecureOptions } from './replace-session.ts'
import type { RequestSession } from './request-session.ts'
import { updateRecord } from './update-record.ts'

export interface SetPrivilegesOptions extends SecureOptions {
  /**
   * Whether the user has just authenticated. Default: true if the grant sets another user. With true, the call rotates
   * the session ID. If the session of a user has ended, only an explicit `login: true` creates a new session. A call
   * that sets a user without this option throws SESSION_ENDED.
   */
  login?: boolean
  /** Values that the storage of the new session gets in the same step. Only for a call with `login: true`. */
  storage?: object
  /** How the user has just authenticated, such as 'password'. Only for a call with `login: true`. */
  proof?: string
  /**
   * "Stay logged in": the session that this login begins has no other timeout than this number of days (1 to 400), and
   * the browser keeps the cookie when it closes. Needs `login: true`. See `docs/lifetimes.md`.
   */
  remember?: { days: number }
}

// Browsers delete every cookie after 400 days.
const MOST_DAYS = 400
const DAY_MILLISECONDS = 24 * 3_600_000

/** @throws TypeError for an invalid value. */
export function checkRemember({ login, remember }: SetPrivilegesOptions): void {
  if (remember === undefined) return
  refuseUnknown('remember of setPrivileges()', remember, { days: true })
  const { days } = remember
  if (!(Number.isFinite(days) && days >= 1 && days <= MOST_DAYS))
    throw new TypeError(
      `setPrivileges(): remember.days is a number from 1 to ${MOST_DAYS}, got ${typeof days === 'string' ? JSON.stringify(days) : String(days)}.`,
    )
  if (login !== true)
    throw new TypeError(
      'setPrivileges(): remember needs login: true, because only a login begins a remembered session.',
    )
}

/** @throws TypeError for values that no login would store. */
export function checkLoginStorage({ login, storage }: SetPrivilegesOptions): void {
  if (storage === undefined) return
  if (!isPlainObject(storage))
    throw new TypeError(`setPrivileges(): storage takes an object with values, got ${typeOf(storage)}.`)
  if (login !== true)
    throw new TypeError('setPrivileges(): storage needs login: true. Use use() to change the storage.')
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
  { login, keepStorage, storage, remember, proof }: SetPrivilegesOptions,
): Promise<void> {
  const { context } = request
  const rotates = () => needsRotation(context, request.record, fields)
  const isLogin = login ?? setsAnotherUser(request.record, fields)
  const startsNew = login ?? (isLogin && isGuestRecord(request.record) && !request.lostUser)
  if (isLogin || rotates()) refuseUndeclared(context, 'setPrivileges()', undeclared)
  else {
    warnOfUndeclared(context, undeclared)
    if (request.state.is === 'guest') return // A guest without new privileges needs no stored session.
    await updateRecord(request, (current) => ({
      changes: needsRotation(context, current, fields) ? undefined : fields,
      result: undefined,
    }))
    if (!rotates()) return // Another request may have removed a privilege. The grant then adds it again.
  }
  await logIn(request, {
    fields,
    login: isLogin,
    startsNew,
    ...(keepStorage !== undefined && { keepStorage }),
    ...(storage !== undefined && { storage }),
    ...(proof !== undefined && { proof }),
    ...(remember && { rememberMilliseconds: Math.ceil(remember.days * DAY_MILLISECONDS) }),
  })
}
