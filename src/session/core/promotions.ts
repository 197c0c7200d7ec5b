import type { SessionId } from '../record.ts'
import { formatGrants, type Roles } from './roles.ts'

/** The promoted privileges of one request (4D). They apply to one session ID, so a login or a log out ends them. */
export class Promotions {
  readonly sessionId: SessionId
  readonly #roles: Roles
  readonly #promoted = new Map<number, { name: string; has(name: string): boolean }>()
  #latest = 0

  constructor(sessionId: SessionId, roles: Roles) {
    this.sessionId = sessionId
    this.#roles = roles
  }

  promote(privilege: string): number {
    const { grants } = this.#roles.recognise({ privileges: [privilege], roles: [] })
    const [name] = grants.privileges
    if (name === undefined || this.#isPromoted(name)) return 0
    this.#latest++
    this.#promoted.set(this.#latest, { name, has: (wanted) => this.#roles.expand(formatGrants(grants)).has(wanted) })
    return this.#latest
  }

  demote(promotion: number): void {
    this.#promoted.delete(promotion)
  }

  has(privilege: string): boolean {
    return [...this.#promoted.values()].some(({ has }) => has(privilege))
  }

  #isPromoted(name: string): boolean {
    return [...this.#promoted.values()].some((promoted) => promoted.name === name)
  }
}
