/** What an application declares: which privileges exist, what they include, and which roles bundle them. */
export interface RoleDeclaration {
  /** A privilege and what it includes. 4D's shape `[{ privilege, includes }]` is accepted too. */
  privileges?: Record<string, readonly string[]> | readonly { privilege: string; includes?: readonly string[] }[]
  /** A role and its privileges. 4D's shape `[{ role, privileges }]` is accepted too. */
  roles?: Record<string, readonly string[]> | readonly { role: string; privileges?: readonly string[] }[]
}

/** The declared privileges of `{ roles, privileges }` as a union, when it was written `as const`. */
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

/** What was assigned to a session: names as declared, sorted, each once. */
export interface Grants {
  privileges: string[]
  roles: string[]
}

export interface Roles {
  /** Splits wanted names into known grants, in their declared spelling, and unknown names. */
  recognise(wanted: Grants): { grants: Grants; unknown: string[] }
  /** Every privilege that the stored grants give, included ones too. */
  expand(grants: string): GrantedPrivileges
  /** Whether there is such a privilege, in any case. */
  declares(name: string): boolean
}

/** The privileges of one set of grants. */
interface GrantedPrivileges {
  /** In declared spelling, sorted. */
  readonly names: readonly string[]
  /** Whether this one is among them; the case of the name does not matter (4D). */
  has(name: string): boolean
}

/** Reserved by 4D: exists without being declared, and may always be assigned. */
const WEB_ADMIN = 'WebAdmin'

// So many different sets of grants are kept expanded; there are as many as there are roles.
const MOST_EXPANDED = 1_000

/**
 * Checks a declaration and makes it usable.
 * @throws TypeError naming the place, when it is malformed, names an undeclared privilege, or is circular (4D would
 * switch protection off; the layer refuses to start).
 */
export function declareRoles(declaration: RoleDeclaration): Roles {
  const includes = entries(declaration.privileges, 'privileges', 'privilege', 'includes')
  const roles = entries(declaration.roles, 'roles', 'role', 'privileges')
  const spelling = declaredPrivileges(includes, roles)
  checkIncluded(includes, spelling)
  const reach = expandIncludes(includes, spelling)
  const roleSpelling = new Map([...roles.keys()].map((role) => [role.toLowerCase(), role]))
  const expanded = new Map<string, GrantedPrivileges>()

  function expand(text: string): GrantedPrivileges {
    const known = expanded.get(text)
    if (known) return known
    const grants = parseGrants(text)
    const direct = [
      ...grants.privileges,
      ...grants.roles.flatMap((role) => roles.get(roleSpelling.get(role.toLowerCase()) ?? '') ?? []),
    ]
    const granted = grantedPrivileges(direct.flatMap((name) => reach.get(name.toLowerCase()) ?? []))
    if (expanded.size >= MOST_EXPANDED) expanded.clear()
    expanded.set(text, granted)
    return granted
  }

  return {
    expand,
    declares: (name) => spelling.has(name.toLowerCase()),
    recognise(wanted) {
      const privileges = wanted.privileges.map((name) => spelling.get(name.toLowerCase()))
      const known = wanted.roles.map((name) => roleSpelling.get(name.toLowerCase()))
      return {
        grants: { privileges: distinct(privileges), roles: distinct(known) },
        unknown: [
          ...wanted.privileges.filter((_, index) => privileges[index] === undefined),
          ...wanted.roles.filter((_, index) => known[index] === undefined),
        ],
      }
    },
  }
}

/** Grants as a session's record keeps them: '' when there are none. Role names are kept, so a changed role applies at once. */
export function formatGrants({ privileges, roles }: Grants): string {
  return privileges.length + roles.length === 0 ? '' : JSON.stringify({ privileges, roles })
}

function parseGrants(text: string): Grants {
  return text === '' ? { privileges: [], roles: [] } : (JSON.parse(text) as Grants)
}

function grantedPrivileges(names: string[]): GrantedPrivileges {
  const lower = new Set(names.map((name) => name.toLowerCase()))
  return { names: Object.freeze(distinct(names)), has: (name) => lower.has(String(name).toLowerCase()) }
}

function distinct(names: (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

/** Either shape as one map from name to list; every malformed place is an error that names it. */
function entries(declared: unknown, place: string, nameKey: string, listKey: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  const add = (at: string, name: unknown, list: unknown) => {
    const key = nameAt(at, name)
    if (seen.has(key.toLowerCase()))
      throw new TypeError(`${at}: "${key}" is declared twice (the case of names does not matter).`)
    if (key.toLowerCase() === WEB_ADMIN.toLowerCase())
      throw new TypeError(`${at}: "${WEB_ADMIN}" is reserved; it exists without being declared.`)
    if (!Array.isArray(list)) throw new TypeError(`${at}: expected a list of privilege names, got ${typeName(list)}.`)
    for (const [index, item] of list.entries()) nameAt(`${at}[${index}]`, item)
    seen.add(key.toLowerCase())
    found.set(key, list as string[])
  }
  if (declared === undefined) return found
  if (typeof declared !== 'object' || declared === null)
    throw new TypeError(`${place}: expected an object or a list, got ${typeName(declared)}.`)
  if (!Array.isArray(declared)) {
    for (const [name, list] of Object.entries(declared)) add(`${place}.${name}`, name, list)
    return found
  }
  declared.forEach((item: Record<string, unknown> | null, index) => {
    if (typeof item !== 'object' || item === null)
      throw new TypeError(`${place}[${index}]: expected { ${nameKey}, ${listKey} }, got ${typeName(item)}.`)
    add(`${place}[${index}]`, item[nameKey], item[listKey] ?? [])
  })
  return found
}

function nameAt(place: string, name: unknown): string {
  if (typeof name === 'string' && /^[^\s,]+$/.test(name)) return name
  throw new TypeError(
    `${place}: a name is a text without blanks and commas, got ${typeof name === 'string' ? JSON.stringify(name) : typeName(name)}.`,
  )
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
}

/** A name is declared by having an entry, or by being listed in a role. */
function declaredPrivileges(
  includes: Map<string, readonly string[]>,
  roles: Map<string, readonly string[]>,
): Map<string, string> {
  const spelling = new Map([[WEB_ADMIN.toLowerCase(), WEB_ADMIN]])
  for (const name of includes.keys()) spelling.set(name.toLowerCase(), name)
  for (const [role, list] of roles) {
    for (const name of list) {
      if (roles.has(name)) throw new TypeError(`roles.${role}: "${name}" is a role; a role lists privileges only.`)
      if (!spelling.has(name.toLowerCase())) spelling.set(name.toLowerCase(), name)
    }
  }
  return spelling
}

function checkIncluded(includes: Map<string, readonly string[]>, spelling: Map<string, string>): void {
  for (const [name, list] of includes) {
    list.forEach((included, index) => {
      if (spelling.has(included.toLowerCase())) return
      throw new TypeError(
        `privileges.${name}[${index}]: "${included}" is not declared; add it to privileges or to a role.`,
      )
    })
  }
}

/** For each privilege all that it gives, itself first. */
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
    const included = (includes.get(name) ?? []).flatMap((next) =>
      visit(spelling.get(next.toLowerCase()) as string, [...path, name]),
    )
    const all = [...new Set([name, ...included])]
    reach.set(name.toLowerCase(), all)
    return all
  }
  for (const name of spelling.values()) visit(name, [])
  return reach
}
