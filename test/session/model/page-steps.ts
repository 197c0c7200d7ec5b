import fc from 'fast-check'
import { SessionError } from '../../../src/session/index.ts'
import type { LayerSession } from '../support/layer.ts'
import type { LinkTerms, Model } from './model.ts'
import type { ModelRequest } from './model-request.ts'
import type { Keep, Outcome } from './model-visit.ts'
import type { World } from './real-system.ts'
import { PRIVILEGES, USERS, type User } from './users.ts'

/** A page's action on the real session and in the model. `id` is the session's id after the real action. */
export interface Step {
  readonly name: string
  real(session: LayerSession, world: World): Promise<Outcome>
  model(request: ModelRequest, id: string, model: Model): Outcome
}

const FORGED = 'F'.repeat(32)

export const key = fc.constantFrom('a', 'b', 'c')
const user = fc.constantFrom(...USERS)
const keep: fc.Arbitrary<Keep> = fc.constantFrom(undefined, undefined, true, false, ['a'])

export const linkTerms: fc.Arbitrary<LinkTerms> = fc.record(
  {
    path: fc.constant('/office'),
    confirm: fc.constant(true),
    requestOnly: fc.constant(true),
    purpose: fc.constantFrom('mail', 'phone'),
    lifespan: fc.constantFrom(1, 30, 7200),
    data: fc.integer({ min: 0, max: 9 }),
  },
  { requiredKeys: [] },
)

const write = (key: string): Step => ({
  name: `write ${key}`,
  real: (session) => doing(session.use((storage) => void (storage[key] = (storage[key] ?? 0) + 1))),
  model: (request, id) => request.write(key, id),
})

const setUser = (user: User, login: boolean | undefined, keep: Keep): Step => ({
  name: `become ${user.userName}, login ${login}, keep ${keep}`,
  real: (session) => {
    const options = { ...(login !== undefined && { login }), ...(keep !== undefined && { keepStorage: keep }) }
    return doing(session.setPrivileges({ ...user, privileges: [...user.privileges] }, options))
  },
  model: (request, id) => request.setUser(user, login, keep, id),
})

const setPrivileges = (privileges: readonly string[]): Step => ({
  name: `set privileges ${privileges.join(', ')}`,
  real: (session) => doing(session.setPrivileges(privileges)),
  model: (request, id) => request.setPrivileges(privileges, id),
})

const clearPrivileges: Step = {
  name: 'clear privileges',
  real: (session) => doing(session.clearPrivileges()),
  model: (request) => request.clearPrivileges(),
}

const secure = (keep: Keep): Step => ({
  name: `secure, keep ${keep}`,
  real: (session) => doing(session.secureSession(keep === undefined ? {} : { keepStorage: keep })),
  model: (request, id) => request.secure(keep, id),
})

const close: Step = { name: 'close', real: (session) => doing(session.close()), model: (request) => request.close() }

const renew = (login: boolean, others: 'keep' | 'end'): Step => ({
  name: `renew, login ${login}, ${others} others`,
  real: (session) => doing(session.renew({ login, others })),
  model: (request) => request.renew(login, others),
})

const idle = (minutes: number): Step => ({
  name: `idle ${minutes} minutes`,
  real: (session) => doing(session.setIdleTimeout(minutes)),
  model: (request, id) => request.setIdleTimeout(minutes, id),
})

const makeLink = (terms: LinkTerms): Step => ({
  name: `make link ${JSON.stringify(terms)}`,
  real: (session, { linkTokens }) => doing(session.createOTP(terms).then((token) => void linkTokens.push(token))),
  model: (request, id) => request.createOTP(terms, id),
})

const restore = (number: number): Step => ({
  name: `restore link ${number}`,
  real: (session, { linkTokens }) => doing(session.restore(picked(linkTokens, number) ?? FORGED).then(String)),
  model: (request, _, { links }) => request.restore(picked(links, number)),
})

const takeMessage: Step = {
  name: 'take message',
  real: (session) => doing(session.takeMessage()),
  model: (request) => request.takeMessage(),
}

const reload: Step = { name: 'reload', real: (session) => doing(session.reload()), model: () => 'done' }

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: key.map(write) },
  {
    weight: 5,
    arbitrary: fc.tuple(user, fc.constantFrom(true, true, undefined, false), keep).map((is) => setUser(...is)),
  },
  { weight: 3, arbitrary: fc.subarray([...PRIVILEGES], { maxLength: 2 }).map(setPrivileges) },
  { weight: 1, arbitrary: fc.constant(clearPrivileges) },
  { weight: 4, arbitrary: linkTerms.map(makeLink) },
  { weight: 3, arbitrary: fc.nat(3).map(restore) },
  { weight: 2, arbitrary: keep.map(secure) },
  { weight: 1, arbitrary: fc.constant(close) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.boolean(), fc.constantFrom('keep' as const, 'end' as const)).map((how) => renew(...how)),
  },
  { weight: 1, arbitrary: fc.constantFrom(30, 60, 120).map(idle) },
  { weight: 2, arbitrary: fc.constant(takeMessage) },
  { weight: 1, arbitrary: fc.constant(reload) },
)

/** Returns an item of the list. Number 0 is the newest item. */
export function picked<T>(list: readonly T[], number: number): T | undefined {
  return list.at(-1 - (number % Math.max(list.length, 1)))
}

export async function doing(work: Promise<unknown>): Promise<Outcome> {
  try {
    const answer = await work
    return typeof answer === 'string' ? answer : 'done'
  } catch (error) {
    if (error instanceof SessionError) return error.code
    throw error
  }
}
