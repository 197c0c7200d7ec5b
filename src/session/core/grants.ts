import type { SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { formatGrants, type Grants } from './roles.ts'

/** A text separates names by commas (4D). Privileges and roles are replaced. An absent user field does not change. */
export type PrivilegeGrant<P extends string = string> =
  | string
  | readonly P[]
  | {
      privileges?: string | readonly P[]
      roles?: string | readonly string[]
      userName?: string
      userId?: string | number
    }

export type GrantFields = Pick<SessionRecord, 'grants'> & { userName?: string; userId?: string }

/** Ignores undeclared names with a warning. @throws TypeError for an invalid grant. */
export function readGrant({ policy, events }: Context, grant: PrivilegeGrant): GrantFields {
  const { privileges, roles, userName, userId } =
    typeof grant === 'string' || Array.isArray(grant) ? { privileges: grant } : objectGrant(grant)
  const wanted: Grants = { privileges: names('privileges', privileges), roles: names('roles', roles) }
  const { grants, unknown } = policy.roles.recognise(wanted)
  if (unknown.length > 0) {
    events.emit('warning', {
      code: 'UNDECLARED_PRIVILEGES',
      message: `Undeclared privileges and roles were ignored: ${unknown.join(', ')}.`,
    })
  }
  return {
    grants: formatGrants(grants),
    ...(userName === undefined ? {} : { userName: textOf('userName', userName) }),
    ...(userId === undefined ? {} : { userId: textOf('userId', userId) }),
  }
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
  if (typeof grant === 'object' && grant !== null) return grant
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
