import { type Privilege, privileges, privilegesOf, type RoleName, roles } from '../crm-session/privileges.ts'

interface PrivilegeSource {
  privilege: Privilege
  source: string
}

/** Tells where each privilege comes from. A user of this CRM has one role, which grants exactly these privileges. */
export function privilegeSources(names: readonly Privilege[]): PrivilegeSource[] {
  const role = (Object.keys(roles) as RoleName[]).find((name) => {
    const granted = privilegesOf(name)
    return granted.size === names.length && names.every((privilege) => granted.has(privilege))
  })
  return names.map((privilege) => ({ privilege, source: sourceOf(privilege, names, role) }))
}

function sourceOf(privilege: Privilege, names: readonly Privilege[], role: RoleName | undefined): string {
  const direct: readonly Privilege[] = role === undefined ? [] : roles[role]
  if (direct.includes(privilege)) return `the role ${role}`
  const included: Partial<Record<Privilege, Privilege[]>> = privileges
  const parent = names.find((name) => included[name]?.includes(privilege))
  return parent === undefined ? 'granted without a role' : `${parent}, which includes it`
}
