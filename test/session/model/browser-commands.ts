import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Model } from './model.ts'
import { checkSession, settleEnds } from './model-checks.ts'
import { ModelRequest } from './model-request.ts'
import { picked, type Step, step } from './page-steps.ts'
import { cookieIn, PATHS, viewOf, type World } from './real-system.ts'

export type Command = fc.AsyncCommand<Model, World>

interface Visit {
  browser: number
  path: string
  method: 'GET' | 'POST'
  navigates: boolean
  quiet: boolean
  link: number | undefined
  replacesUser: boolean
  steps: readonly Step[]
}

const visit: fc.Arbitrary<Visit> = fc.record({
  browser: fc.nat(3),
  path: fc.constantFrom(...PATHS),
  method: fc.constantFrom('GET', 'GET', 'POST'),
  navigates: fc.constantFrom(true, true, true, false),
  quiet: fc.constantFrom(false, false, false, true),
  link: fc.option(fc.nat(3), { nil: undefined, freq: 3 }),
  replacesUser: fc.boolean(),
  steps: fc.array(step, { maxLength: 3 }),
})

/** A browser opens a page, with or without a one-time link, and the page performs some steps on its session. */
class BrowserAsks implements Command {
  readonly #visit: Visit

  constructor(visit: Visit) {
    this.#visit = visit
  }

  check = () => true

  async run(model: Model, world: World): Promise<void> {
    const { browser, steps, link: linkNumber, ...how } = this.#visit
    model.now = ++world.time.now // sessions that begin in the same millisecond have no order
    const credential = model.browsers[browser]
    const cookie = credential && world.secrets.get(credential)
    const link = linkNumber === undefined ? undefined : picked(world.linkTokens, linkNumber)
    let request!: ModelRequest
    const compare = (session: Parameters<typeof viewOf>[0]) => {
      const seen = viewOf(session)
      const expected = request.view(seen)
      assert.deepEqual(seen, expected)
      if (seen.userId !== null && request.mayBe)
        assert.ok(request.mayBe.has(seen.userId), `no user ${seen.userId} logged in here`)
    }
    const { setCookies, session } = await world.wire.visit({ ...how, cookie, link }, async (current) => {
      const followed = link === undefined ? undefined : { link: model.links[world.linkTokens.indexOf(link)] }
      request = new ModelRequest(model, { ...how, credential }, followed)
      compare(current())
      for (const step of steps) {
        // The clock does not advance if a session would end during the request. Other tests cover such ends.
        if (!model.sessions.some(({ end }) => end === model.now + 1)) model.now = ++world.time.now
        const outcome = await step.real(current(), world)
        assert.equal(outcome, step.model(request, current().id, model), step.name)
        compare(current())
      }
    })
    request.leave(session.id)
    assert.deepEqual(viewOf(session), request.view(viewOf(session)))
    const value = cookieIn(setCookies)
    assert.equal(value === undefined ? 'stays' : value === null ? 'goes' : 'is new', whatBecomesOf(request.given))
    if (value) world.secrets.set(request.given as NonNullable<typeof request.given>, value)
    if (request.given) model.cookies.push(request.given)
    if (request.given !== undefined) model.browsers[browser] = request.given ?? undefined
    await settleEnds(model, world)
    if (request.given) await checkSession(model, world, request.given.session)
  }

  toString(): string {
    const { browser, method, path, navigates, quiet, link, replacesUser, steps } = this.#visit
    const words = [
      ...(navigates ? [] : ['fetches']),
      ...(quiet ? ['quietly'] : []),
      ...(link === undefined ? [] : [`by link ${link}`]),
      ...(replacesUser ? ['and replaces'] : []),
    ]
    return `browser ${browser} ${method} ${path} ${words.join(' ')}: [${steps.map(({ name }) => name).join('; ')}]`
  }
}

function whatBecomesOf(given: ModelRequest['given']): string {
  return given === undefined ? 'stays' : given === null ? 'goes' : 'is new'
}

/** Gives a browser an earlier cookie, such as a stolen one. */
class CookieIsPlanted implements Command {
  readonly #browser: number
  readonly #cookie: number

  constructor([browser, cookie]: [number, number]) {
    this.#browser = browser
    this.#cookie = cookie
  }

  check = ({ cookies }: Readonly<Model>) => cookies.length > 0

  async run(model: Model): Promise<void> {
    model.browsers[this.#browser] = picked(model.cookies, this.#cookie)
  }

  toString(): string {
    return `cookie ${this.#cookie} is planted in browser ${this.#browser}`
  }
}

export const peopleCommands: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 12 }, () => visit.map((how) => new BrowserAsks(how))),
  fc.tuple(fc.nat(3), fc.nat(12)).map((where) => new CookieIsPlanted(where)),
]
