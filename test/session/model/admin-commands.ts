import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Command } from './browser-commands.ts'
import type { LinkTerms, Model, ModelSession } from './model.ts'
import { checkSession, settleEnds } from './model-checks.ts'
import { linkTerms, picked } from './page-steps.ts'
import { START, type World } from './real-system.ts'
import { USERS, type User } from './users.ts'

/** An action that does not belong to a request. */
class Happening implements Command {
  readonly #name: string
  readonly #happen: (model: Model, world: World) => Promise<void>

  constructor(name: string, happen: (model: Model, world: World) => Promise<void>) {
    this.#name = name
    this.#happen = happen
  }

  check = () => true

  async run(model: Model, world: World): Promise<void> {
    model.now = ++world.time.now
    await this.#happen(model, world)
    await settleEnds(model, world)
  }

  toString(): string {
    return this.#name
  }
}

/** An action on a session, which need not be live. */
function to(
  number: number,
  name: string,
  happen: (session: ModelSession, model: Model, world: World) => Promise<void>,
) {
  return new Happening(`${name} session ${number}`, async (model, world) => {
    const session = picked(model.sessions, number)
    if (!session) return
    await happen(session, model, world)
    await checkSession(model, world, session)
  })
}

const which = fc.nat(6)
const message = fc.constantFrom('', 'Please log in again.', 'We are moving to another building.')

const end = fc.tuple(which, message).map(([number, text]) =>
  to(number, `end, "${text}",`, async (session, model, { manager }) => {
    assert.equal(await manager.end(session.id, 'revoked', { message: text }), model.isLive(session))
    if (model.isLive(session)) model.end(session, 'revoked', text)
  }),
)

const remove = fc.tuple(which, message).map(([number, text]) =>
  to(number, `remove, "${text}",`, async (session, model, { manager }) => {
    assert.equal(await manager.removeWithMessage(session.id, text), session.state !== 'gone')
    if (session.state !== 'gone') model.remove(session, text)
  }),
)

const endMany = fc
  .tuple(
    fc.option(fc.constantFrom(...USERS)),
    fc.option(which),
    fc.option(fc.constantFrom('web' as const, 'rest' as const)),
  )
  .map(
    ([user, exception, kind]) =>
      new Happening(`end many: ${user?.userName}, ${kind}, but ${exception}`, async (model, { manager }) => {
        const except = exception === null ? undefined : picked(model.sessions, exception)
        const filter = {
          ...(user && { userId: user.userId }),
          ...(kind && { kind }),
          ...(except && { exceptId: except.id }),
        }
        const meant = model.sessions.filter(
          (session) =>
            model.isLive(session) &&
            session !== except &&
            (kind === null || session.kind === kind) &&
            (user === null || session.userId === user.userId),
        )
        assert.equal(await manager.endMany(filter), meant.length)
        for (const session of meant) model.end(session, 'revoked')
      }),
  )

const detach = fc.tuple(which, fc.nat(3)).map(([number, device]) =>
  to(number, `sign out device ${device} of`, async (session, model, { manager }) => {
    if (!model.isLive(session)) return
    const devices = (await manager.get(session.id))?.devices.filter(({ kind }) => kind !== 'otp') ?? []
    const live = session.credentials.filter(({ ended }) => !ended)
    const handle = picked(devices, device)?.handle
    const credential = picked(live, device)
    assert.equal(await manager.detach(session.id, handle ?? '0'.repeat(16)), credential !== undefined)
    if (credential) model.signOut(credential)
  }),
)

const makeLink = fc.tuple(which, linkTerms).map(([number, terms]: [number, LinkTerms]) =>
  to(number, `make link ${JSON.stringify(terms)} to`, async (session, model, { manager, linkTokens }) => {
    const token = await manager.createOTP(session.id, terms)
    assert.equal(token !== '', model.isLive(session) && session.kind === 'web')
    if (token === '') return
    linkTokens.push(token)
    model.link(session, terms)
  }),
)

const makeToken = fc.tuple(fc.nat(1), fc.constantFrom(...USERS)).map(
  ([client, user]: [number, User]) =>
    new Happening(`${user.userName} makes a token for client ${client}`, async (model, { manager, secrets }) => {
      const made = await manager
        .newToken(user.userId, { userName: user.userName, privileges: user.privileges })
        .catch(() => undefined)
      assert.equal(made === undefined, model.isFull())
      if (!made) return
      const credential = model.begin(
        made.id,
        { kind: 'rest', idle: 0, ...user },
        { via: 'token', authenticatedAt: null },
      )
      secrets.set(credential, made.token)
      model.tokens.push(credential)
      model.clients[client] = credential
    }),
)

const timePasses = fc.constantFrom(1, 9, 10, 29, 59, 60, 61, 90, 300, 1800, 3540, 3600, 3660, 7200, 43_200).map(
  (seconds) =>
    new Happening(`${seconds} seconds pass`, async (model, { time }) => {
      model.now = time.now += seconds * 1000
    }),
)

const endComes = fc.tuple(which, fc.constantFrom(-1, 0, 1)).map(([number, late]) =>
  to(number, `it is ${late} ms past the end of`, async ({ end, state }, model, { time }) => {
    const isSoon = end - time.now > 1 && end - START < 1000 * 3_600_000
    if (state === 'live' && isSoon) model.now = time.now = end + late
  }),
)

const sweep = fc.constant(
  new Happening('sweep', async (model, { manager }) => {
    const before = model.records.length
    model.sweep()
    assert.equal(await manager.sweep(), before - model.records.length)
  }),
)

export const otherCommands: fc.Arbitrary<Command>[] = [
  end,
  remove,
  endMany,
  detach,
  makeLink,
  makeToken,
  timePasses,
  timePasses,
  endComes,
  sweep,
]
