import { isPlainObject, refuseUnknown } from '../known-options.ts'

/**
 * `createSessions` infers these types from the declaration, so that the compiler checks the names in calls.
 * @typeParam P the privileges in the lists.
 * @typeParam R the roles.
 * @typeParam K the privileges that include other privileges. They are the keys, which TypeScript infers separately.
 */
export interface RoleDeclaration<P extends string = string, R extends string = string, K extends string = string> {
  /** Maps a privilege to its included privileges. 4D's form `[{ privilege, includes }]` is accepted too. */
  privileges?: { readonly [N in K]?: readonly P[] } | readonly { privilege: K; includes?: readonly P[] }[]
  /** Maps a role to its privileges. 4D's form `[{ role, privileges }]` is accepted too. */
  roles?: { readonly [N in R]: readonly P[] } | readonly { role: R; privileges?: readonly P[] }[]
}

/** A list of names, or a text in which commas separate names (4D). TypeScript checks only the first name of a text. */
export type NameList<N extends string> = N | `${N},${string}` | readonly N[]

/** The union of the privilege names in a declaration `{ roles, privileges }`. The declaration must be `as const`. */
export type PrivilegeOf<D> =
  | (D extends { privileges: infer P } ? (P extends readonly unknown[] ? never : keyof P & string) : never)
  | (D extends { roles: infer R }
      ? R extends readonly unknown[]
        ? never
        : R[keyof R] extends readonly (infer N)[]
          ? N & string
          : never
      : never)
  | 'WebAdmin'

export interface Grants {
  privileges: string[]
  roles: string[]
}

export interface Roles {
  /** Separates declared names from undeclared names. The declared names are sorted and get their declared spelling. */
  recognise(wanted: Grants): { grants: Grants; undeclared: Grants }
  readonly declared: Readonly<Grants>
  /** Returns all privileges of stored grants. Adds the privileges of roles, and privileges that others include. */
  expand(grants: string): GrantedPrivileges
  /** Returns whether the privilege is declared. Ignores case. */
  declares(name: string): boolean
}

interface GrantedPrivileges {
  /** The names in their declared spelling, sorted. */
  readonly names: readonly string[]
  /** Returns whether the privilege is granted. Ignores case (4D). */
  has(name: string): boolean
  /** false if the stored grants are damaged. Damaged grants contain no privilege. */
  readonly isReadable: boolean
}

const WEB_ADMIN = 'WebAdmin'
const NO_GRANTS: Grants = { privileges: [], roles: [] }

// The maximum number of cached grants. Most applications have only a few distinct grants.
const MAX_CACHED_GRANTS = 1_000

/** @throws TypeError for a malformed entry, an undeclared privilege or a circular include. */
export function declareRoles(declaration: RoleDeclaration): Roles {
  const includes = entries(declaration.privileges, 'privileges', 'privilege', 'includes')
  const roles = entries(declaration.roles, 'roles', 'role', 'privileges')
  const spelling = declaredPrivileges(includes, roles)
  const reach = expandIncludes(includes, spelling)
  const roleSpelling = new Map([...roles.keys()].map((role) => [role.toLowerCase(), role]))
  const expanded = new Map<string, GrantedPrivileges>()

  function expand(text: string): GrantedPrivileges {
    const known = expanded.get(text)
    if (known) return known
    const stored = parseGrants(text)
    const grants = stored ?? NO_GRANTS
    const direct = [
      ...grants.privileges,
      ...grants.roles.flatMap((role) => roles.get(roleSpelling.get(role.toLowerCase()) ?? '') ?? []),
    ]
    const all = direct.flatMap((name) => reach.get(name.toLowerCase()) ?? [])
    const granted = grantedPrivileges(all, stored !== undefined)
    if (expanded.size >= MAX_CACHED_GRANTS) expanded.clear()
    expanded.set(text, granted)
    return granted
  }

  return {
    expand,
    declared: { privileges: [...spelling.values()], roles: [...roles.keys()] },
    declares: (name) => spelling.has(name.toLowerCase()),
    recognise: ({ privileges, roles: named }) => ({
      grants: {
        privileges: distinct(privileges.map((name) => spelling.get(name.toLowerCase()))),
        roles: distinct(named.map((name) => roleSpelling.get(name.toLowerCase()))),
      },
      undeclared: {
        privileges: privileges.filter((name) => !spelling.has(name.toLowerCase())),
        roles: named.filter((name) => !roleSpelling.has(name.toLowerCase())),
      },
    }),
  }
}

/** Stores the names of roles instead of their privileges, so that a changed role also applies to existing sessions. */
export function formatGrants({ privileges, roles }: Grants): string {
  return privileges.length + roles.length === 0 ? '' : JSON.stringify({ privileges, roles })
}

/** Returns undefined for damaged grants. */
function parseGrants(text: string): Grants | undefined {
  if (text === '') return NO_GRANTS
  try {
    const { privileges, roles } = JSON.parse(text) as Grants
    return [privileges, roles].every(isListOfTexts) ? { privileges, roles } : undefined
  } catch {
    return undefined
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function grantedPrivileges(names: string[], isReadable: boolean): GrantedPrivileges {
  const lower = new Set(names.map((name) => name.toLowerCase()))
  return { names: Object.freeze(distinct(names)), has: (name) => lower.has(String(name).toLowerCase()), isReadable }
}

function distinct(names: (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

/** Reads a declaration, which may be an object or a list. */
function entries(declared: unknown, place: string, nameKey: string, listKey: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  const add = (at: string, name: unknown, list: unknown) => {
    const key = nameAt(at, name)
    if (seen.has(key.toLowerCase()))
      throw new TypeError(`${at}: "${key}" is declared twice. Names that differ only in case are the same.`)
    if (key.toLowerCase() === WEB_ADMIN.toLowerCase())
      throw new TypeError(`${at}: "${WEB_ADMIN}" is reserved and needs no declaration. Remove it.`)
    if (!Array.isArray(list)) throw new TypeError(`${at}: expected a list of privilege names, got ${typeName(list)}.`)
    for (const [index, item] of list.entries()) nameAt(`${at}[${index}]`, item)
    seen.add(key.toLowerCase())
    found.set(key, list as string[])
  }
  if (declared === undefined) return found
  if (!isPlainObject(declared) && !Array.isArray(declared))
    throw new TypeError(`${place}: expected an object or a list, got ${typeName(declared)}.`)
  if (!Array.isArray(declared)) {
    for (const [name, list] of Object.entries(declared)) add(`${place}.${name}`, name, list)
    return found
  }
  declared.forEach((item: Record<string, unknown> | null, index) => {
    if (typeof item !== 'object' || item === null)
      throw new TypeError(`${place}[${index}]: expected { ${nameKey}, ${listKey} }, got ${typeName(item)}.`)
    refuseUnknown(`${place}[${index}]`, item, { [nameKey]: true, [listKey]: true })
    add(`${place}[${index}]`, item[nameKey], item[listKey] ?? [])
  })
  return found
}

function nameAt(place: string, name: unknown): string {
  if (typeof name === 'string' && /^[^\s,]+$/.test(name)) return name
  throw new TypeError(
    `${place}: a name is a text without spaces and commas, got ${typeof name === 'string' ? JSON.stringify(name) : typeName(name)}.`,
  )
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
}

/** Maps each lower-case privilege to its declared spelling. Includes privileges that are declared only in a role. */
function declaredPrivileges(
  includes: Map<string, readonly string[]>,
  roles: Map<string, readonly string[]>,
): Map<string, string> {
  const spelling = new Map([[WEB_ADMIN.toLowerCase(), WEB_ADMIN]])
  for (const name of includes.keys()) spelling.set(name.toLowerCase(), name)
  for (const [role, list] of roles) {
    for (const name of list) {
      if (roles.has(name)) throw new TypeError(`roles.${role}: "${name}" is a role; a role may list privileges only.`)
      if (!spelling.has(name.toLowerCase())) spelling.set(name.toLowerCase(), name)
    }
  }
  return spelling
}

/** Maps each privilege to itself and all included privileges, at any depth. */
function expandIncludes(
  includes: Map<string, readonly string[]>,
  spelling: Map<string, string>,
): Map<string, readonly string[]> {
  const reach = new Map<string, readonly string[]>()
  const visit = (name: string, path: readonly string[]): readonly string[] => {
    const done = reach.get(name.toLowerCase())
    if (done) return done
    if (path.includes(name))
      throw new TypeError(
        `privileges.${path[0]}: includes itself (${[...path.slice(path.indexOf(name)), name].join(' → ')}).`,
      )
    const included = (includes.get(name) ?? []).flatMap((next, index) => {
      const declared = spelling.get(next.toLowerCase())
      if (declared === undefined)
        throw new TypeError(
          `privileges.${name}[${index}]: "${next}" is not declared; add it to privileges or to a role.`,
        )
      return visit(declared, [...path, name])
    })
    const all = [...new Set([name, ...included])]
    reach.set(name.toLowerCase(), all)
    return all
  }
  for (const name of spelling.values()) visit(name, [])
  return reach
}
