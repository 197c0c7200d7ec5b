import { nearestName, refuseUnknown } from '../known-options.ts'
import type { SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { formatGrants, type Grants, type NameList, type Roles } from './roles.ts'

/** The new privileges and roles. In a text, commas separate names (4D). Without `userName` or `userId`, the user stays. */
export type PrivilegeGrant<P extends string = string, R extends string = string> =
  | NameList<P>
  | {
      privileges?: NameList<P>
      roles?: NameList<R>
      userName?: string
      userId?: string | number
    }

export type GrantFields = Pick<SessionRecord, 'grants'> & { userName?: string; userId?: string }

// The maximum number of names that cause a warning. User input may contain any number of names.
const MOST_REPORTED = 100

export interface Grant {
  fields: GrantFields
  undeclared: Grants
}

/** @throws TypeError for an invalid grant. */
export function readGrant({ policy }: Context, grant: PrivilegeGrant, where = 'setPrivileges()'): Grant {
  const isNames = typeof grant === 'string' || Array.isArray(grant)
  const given: ObjectGrant = isNames ? { privileges: grant } : objectGrant(where, grant)
  const { privileges, roles } = given
  const wanted: Grants = {
    privileges: names(where, 'privileges', privileges),
    roles: names(where, 'roles', roles),
  }
  const { grants, undeclared } = policy.roles.recognise(wanted)
  const fields = {
    grants: formatGrants(grants),
    ...userField(where, given, 'userName'),
    ...userField(where, given, 'userId'),
  }
  return { fields, undeclared }
}

export function warnOfUndeclared({ events }: Context, { privileges, roles }: Grants): void {
  const ignored = [...privileges, ...roles]
  if (ignored.length === 0) return
  events.emit('warning', {
    code: 'UNDECLARED_PRIVILEGES',
    message: `Undeclared privileges and roles were ignored: ${ignored.join(', ')}.`,
  })
}

/** @throws TypeError for an undeclared name, because the user would lack the privilege. Suggests a declared name. */
export function refuseUndeclared({ policy }: Context, where: string, undeclared: Grants): void {
  for (const [kind, place] of [
    ['privilege', 'privileges'],
    ['role', 'roles'],
  ] as const) {
    const [name] = undeclared[place]
    if (name === undefined) continue
    throw new TypeError(`${where}: the ${kind} ${name} is not declared. ${adviceFor(name, place, policy.roles)}`)
  }
}

/** Warns once for each undeclared name. No user has such a privilege, so a misspelt name would refuse every user. */
export function warnOfUndeclaredCheck({ policy, events, reportedPrivileges }: Context, name: string): void {
  if (policy.roles.declares(name) || reportedPrivileges.has(name) || reportedPrivileges.size >= MOST_REPORTED) return
  reportedPrivileges.add(name)
  events.emit('warning', {
    code: 'UNDECLARED_PRIVILEGE_CHECKED',
    message: `No session has the privilege ${name}, because it is not declared. ${adviceFor(name, 'privileges', policy.roles)}`,
  })
}

function adviceFor(name: string, place: keyof Grants, { declared }: Roles): string {
  const nearest = nearestName(name, declared[place])
  return nearest === undefined ? `Add it to the option ${place} of createSessions().` : `Did you mean ${nearest}?`
}

export function setsAnotherUser(record: SessionRecord, { userName, userId }: Partial<GrantFields>): boolean {
  return (userName !== undefined && userName !== record.userName) || (userId !== undefined && userId !== record.userId)
}

export function needsRotation({ policy }: Context, record: SessionRecord, fields: GrantFields): boolean {
  if (setsAnotherUser(record, fields)) return true
  const has = policy.roles.expand(record.grants)
  return policy.roles.expand(fields.grants).names.some((name) => !has.has(name))
}

type ObjectGrant = Exclude<PrivilegeGrant, string | readonly string[]>

function objectGrant(where: string, grant: unknown): ObjectGrant {
  if (typeof grant === 'object' && grant !== null) {
    refuseUnknown(where, grant, { privileges: true, roles: true, userName: true, userId: true })
    return grant
  }
  throw new TypeError(`${where} takes "a,b", a list, or { privileges, roles, userName, userId }; got ${typeof grant}.`)
}

function names(where: string, place: string, value: unknown): string[] {
  if (value === undefined || value === null) return []
  const list = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(list) || list.some((name) => typeof name !== 'string')) {
    throw new TypeError(`${where}: ${place} is a text with commas or a list of names.`)
  }
  return list.map((name: string) => name.trim()).filter((name) => name !== '')
}

/** Throws for undefined. If undefined counted as absent, a programming error would keep the session's present user. */
function userField<F extends 'userName' | 'userId'>(
  where: string,
  grant: ObjectGrant,
  field: F,
): Partial<Record<F, string>> {
  if (!Object.hasOwn(grant, field)) return {}
  const value = grant[field]
  if (value === undefined)
    throw new TypeError(`${where}: ${field} is undefined. Pass the user's value, or leave ${field} out.`)
  const isText = typeof value === 'string' && !(field === 'userId' && value === '')
  const isNumber = field === 'userId' && Number.isFinite(value)
  if (isText || isNumber) return { [field]: String(value) } as Record<F, string>
  const expected = field === 'userId' ? 'a non-empty text or a number' : 'a text'
  throw new TypeError(
    `${where}: ${field} is ${expected}, got ${typeof value === 'number' ? value : JSON.stringify(value)}.`,
  )
}
