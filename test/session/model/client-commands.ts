import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TokenSession } from '../../../src/session/index.ts'
import type { Storage } from '../support/layer.ts'
import type { Command } from './browser-commands.ts'
import type { Model, ModelCredential } from './model.ts'
import { settleEnds } from './model-checks.ts'
import type { Outcome } from './model-visit.ts'
import { doing, key, picked } from './page-steps.ts'
import { viewOfToken, type World } from './real-system.ts'
import { everythingIn, USERS, type User } from './users.ts'

/** A REST request to the real system and to the model. `has` is the live token of the request. */
interface Deed {
  name: string
  real(session: TokenSession<Storage>, world: World): Promise<Outcome>
  model(model: Model, has: ModelCredential | undefined): Outcome
}

const save = (key: string): Deed => ({
  name: `saves ${key}`,
  real: (session) => {
    session.setSessionVar(key, `${session.getSessionVar(key)}+`)
    return doing(session.save())
  },
  model: (_, has) => {
    if (!has) return 'NOT_SIGNED_IN'
    const variables = variablesOf(has)
    const all = { ...variables, [key]: `${variables[key] ?? ''}+` }
    has.session.storage = { sessionVars: all } as never
    return 'done'
  },
})

const signOut: Deed = {
  name: 'signs out',
  real: (session) => doing(session.close()),
  model: (model, has) => {
    if (has) model.end(has.session, 'closed')
    return 'done'
  },
}

const look: Deed = { name: 'looks', real: async () => 'done', model: () => 'done' }

const refused: Deed[] = [
  {
    name: 'secures',
    real: (session) => doing(session.secureSession()),
    model: () => 'FEATURE_NOT_AVAILABLE',
  },
  {
    name: 'renews',
    real: (session) => doing(session.renew()),
    model: (_, has) => (has ? 'FEATURE_NOT_AVAILABLE' : 'NOT_SIGNED_IN'),
  },
  {
    name: 'becomes another user',
    real: (session) => doing(session.setPrivileges({ userId: '99', privileges: ['audit'] }, { login: true })),
    model: (_, has) => (has ? 'FEATURE_NOT_AVAILABLE' : 'NOT_SIGNED_IN'),
  },
  {
    name: 'makes a link',
    real: (session) => doing(session.createOTP()),
    model: () => '',
  },
  {
    name: 'opens the newest link',
    real: (session, { linkTokens }) => doing(session.restore(linkTokens.at(-1)).then(String)),
    model: () => 'false',
  },
]

class ClientAsks implements Command {
  readonly #client: number
  readonly #deed: Deed

  constructor([client, deed]: [number, Deed]) {
    this.#client = client
    this.#deed = deed
  }

  check = () => true

  async run(model: Model, world: World): Promise<void> {
    model.now = ++world.time.now
    const credential = model.clients[this.#client]
    const has = model.works(credential) ? credential : undefined
    if (has) Object.assign(has.session, { lastUse: model.now })
    await world.wire.call(authorizationOf(world, credential), async (session) => {
      assert.deepEqual(viewOfToken(session), expected(has, session.id))
      const outcome = await this.#deed.real(session, world)
      assert.equal(outcome, this.#deed.model(model, has), this.#deed.name)
      const still = model.works(has) ? has : undefined
      if (still) assert.deepEqual(viewOfToken(session), expected(still, session.id))
      else assert.equal(session.userId, undefined)
    })
    await settleEnds(model, world)
  }

  toString(): string {
    return `client ${this.#client} ${this.#deed.name}`
  }
}

/** A sign-in creates a new session. The session of the request stays alive. */
class ClientSignsIn implements Command {
  readonly #client: number
  readonly #user: User

  constructor([client, user]: [number, User]) {
    this.#client = client
    this.#user = user
  }

  check = () => true

  async run(model: Model, world: World): Promise<void> {
    model.now = ++world.time.now
    const { userId, userName, privileges } = this.#user
    const before = model.clients[this.#client]
    const isNew = !model.works(before)
    if (model.works(before)) before.session.lastUse = model.now
    await world.wire.call(authorizationOf(world, before), async (session) => {
      const token = await doing(session.newSession(userId, { userName, privileges }))
      assert.equal(token === 'SESSION_LIMIT', model.isFull())
      if (token === 'SESSION_LIMIT') return
      const credential = model.begin(
        session.id,
        { kind: 'rest', ...this.#user },
        { via: 'sign-in', authenticatedAt: model.now },
      )
      world.secrets.set(credential, token)
      model.tokens.push(credential)
      model.clients[this.#client] = credential
      assert.deepEqual(viewOfToken(session), { ...expected(credential, session.id), isNew })
    })
    await settleEnds(model, world)
  }

  toString(): string {
    return `client ${this.#client} signs in as ${this.#user.userName}`
  }
}

class TokenIsStolen implements Command {
  readonly #client: number
  readonly #token: number

  constructor([client, token]: [number, number]) {
    this.#client = client
    this.#token = token
  }

  check = ({ tokens }: Readonly<Model>) => tokens.length > 0

  async run(model: Model): Promise<void> {
    model.clients[this.#client] = picked(model.tokens, this.#token)
  }

  toString(): string {
    return `client ${this.#client} has token ${this.#token}`
  }
}

const client = fc.nat(1)

export const clientCommands: fc.Arbitrary<Command>[] = [
  fc.tuple(client, fc.constantFrom(...USERS)).map((who) => new ClientSignsIn(who)),
  fc
    .tuple(client, fc.oneof(key.map(save), fc.constantFrom(signOut, look, ...refused)))
    .map((what) => new ClientAsks(what)),
  fc.tuple(client, fc.nat(9)).map((what) => new TokenIsStolen(what)),
]

function authorizationOf({ secrets }: World, credential: ModelCredential | undefined): string | undefined {
  return credential && `Bearer ${secrets.get(credential)}`
}

function variablesOf({ session }: ModelCredential): Record<string, string> {
  return (session.storage as { sessionVars?: Record<string, string> }).sessionVars ?? {}
}

function expected(has: ModelCredential | undefined, id: string): ReturnType<typeof viewOfToken> {
  if (!has) return { id, isNew: true, userName: '', userId: null, privileges: [], variables: {} }
  const { userName, userId, privileges } = has.session
  return {
    id: has.session.id,
    isNew: false,
    userName,
    userId,
    privileges: everythingIn(privileges),
    variables: variablesOf(has),
  }
}
