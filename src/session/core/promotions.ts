import { formatGrants, type Roles } from './roles.ts'

/** The privileges that a request was lent (4D's promote and demote). They are nowhere but in this object. */
export class Promotions {
  readonly #roles: Roles
  readonly #lent = new Map<number, { name: string; has(name: string): boolean }>()
  #latest = 0

  constructor(roles: Roles) {
    this.#roles = roles
  }

  promote(privilege: string): number {
    const { grants, unknown } = this.#roles.recognise({ privileges: [privilege], roles: [] })
    const [name] = grants.privileges
    if (unknown.length > 0 || name === undefined || this.#isLent(name)) return 0
    this.#latest++
    this.#lent.set(this.#latest, { name, has: (wanted) => this.#roles.expand(formatGrants(grants)).has(wanted) })
    return this.#latest
  }

  demote(promotion: number): void {
    this.#lent.delete(promotion)
  }

  has(privilege: string): boolean {
    return [...this.#lent.values()].some(({ has }) => has(privilege))
  }

  #isLent(name: string): boolean {
    return [...this.#lent.values()].some((lent) => lent.name === name)
  }
}
