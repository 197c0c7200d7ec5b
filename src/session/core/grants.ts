import { nearestName, refuseUnknown } from '../known-options.ts'
import type { SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { formatGrants, type Grants, type NameList, type Roles } from './roles.ts'

/** A text separates names by commas (4D). Privileges and roles are replaced. An absent user field does not change. */
export type PrivilegeGrant<P extends string = string, R extends string = string> =
  | NameList<P>
  | {
      privileges?: NameList<P>
      roles?: NameList<R>
      userName?: string
      userId?: string | number
    }

export type GrantFields = Pick<SessionRecord, 'grants'> & { userName?: string; userId?: string }

// An application may check names that come from its users.
const MOST_REPORTED = 100

export interface Grant {
  fields: GrantFields
  undeclared: Grants
}

/** @throws TypeError for an invalid grant. */
export function readGrant({ policy }: Context, grant: PrivilegeGrant): Grant {
  const { privileges, roles, userName, userId } =
    typeof grant === 'string' || Array.isArray(grant) ? { privileges: grant } : objectGrant(grant)
  const wanted: Grants = { privileges: names('privileges', privileges), roles: names('roles', roles) }
  const { grants, undeclared } = policy.roles.recognise(wanted)
  const fields = {
    grants: formatGrants(grants),
    ...(userName === undefined ? {} : { userName: textOf('userName', userName) }),
    ...(userId === undefined ? {} : { userId: textOf('userId', userId) }),
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

/** For a login, whose user would miss a privilege. @throws TypeError that suggests the nearest declared name. */
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

/** Once for each name. Without this warning, a misspelt name in a gate would lock every user out silently. */
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

function objectGrant(grant: unknown): Exclude<PrivilegeGrant, string | readonly string[]> {
  if (typeof grant === 'object' && grant !== null) {
    refuseUnknown('setPrivileges()', grant, { privileges: true, roles: true, userName: true, userId: true })
    return grant
  }
  throw new TypeError(
    `setPrivileges() takes "a,b", a list, or { privileges, roles, userName, userId }; got ${typeof grant}.`,
  )
}

function names(place: string, value: unknown): string[] {
  if (value === undefined || value === null) return []
  const list = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(list) || list.some((name) => typeof name !== 'string')) {
    throw new TypeError(`setPrivileges(): ${place} is a text with commas or a list of names.`)
  }
  return list.map((name: string) => name.trim()).filter((name) => name !== '')
}

function textOf(place: string, value: unknown): string {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  throw new TypeError(
    `setPrivileges(): ${place} is a text${place === 'userId' ? ' or a number' : ''}, got ${value === null ? 'null' : typeof value}.`,
  )
}
