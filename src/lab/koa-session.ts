import { setImmediate as reply } from 'node:timers/promises'
import Koa, { type Context, type Middleware } from 'koa'
import { manualClock } from '../session/testing/manual-clock.ts'
import { type Asked, askedBy, type Shown, type StartContestant } from './contestant.ts'
import type { Hold } from './holds.ts'

interface KoaSession {
  user?: string
  notes?: string[]
  regenerate(): Promise<void>
}

type Mount = (options: { store?: object; sameSite?: string }, app: Koa) => Middleware

// The types of the package declare `ctx.session` for all applications of this project, so the name is no literal.
const PACKAGE: string = 'koa-session'

export interface UsualSetUp {
  /** Whether the login calls `regenerate()`. Default: true. */
  regenerates: boolean
  /** Where the sessions are. With `cookie`, the default of koa-session, they are in signed cookies. Default: `store`. */
  keptIn: 'store' | 'cookie'
  /** Default: the default of koa-session, which is a cookie without the attribute SameSite. */
  sameSite: 'lax'
}

/** Returns `undefined` if the package is not installed, because it is a development dependency. */
export async function koaSession(setUp: Partial<UsualSetUp> = {}): Promise<StartContestant | undefined> {
  const { regenerates = true, keptIn = 'store', ...cookie } = setUp
  const mount = await importMount()
  if (mount === undefined) return undefined
  return ({ hold, outage }) => {
    const store = outage.over(new AsyncMap<object>())
    const links = outage.over(new AsyncMap<string>())
    const app = new Koa()
    app.silent = true
    app.keys = ['The sessions of one run live shorter than a second.']
    app.use(mount({ ...cookie, ...(keptIn === 'store' && { store }) }, app))
    app.use(async (ctx) => {
      const more = await answer(ctx, askedBy(ctx), { hold, links, regenerates })
      const { user = null, notes = [] } = sessionOf(ctx) ?? {}
      const shown: Shown = { user, notes, ...more }
      ctx.body = JSON.stringify(shown)
    })
    // The package reads the time of the system. Its sessions live for a day.
    return { listener: app.callback(), clock: manualClock(), close: async () => {} }
  }
}

async function importMount(): Promise<Mount | undefined> {
  try {
    return ((await import(PACKAGE)) as { default: Mount }).default
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

async function answer(
  ctx: Context,
  asked: Asked,
  { hold, links, regenerates }: { hold: Hold; links: AsyncMap<string>; regenerates: boolean },
): Promise<Partial<Shown> | undefined> {
  const session = sessionOf(ctx)
  if (session === null) return undefined
  switch (asked.path) {
    case '/save':
      await hold(asked.hold)
      session.notes = [...(session.notes ?? []), asked.note]
      break
    case '/login':
      if (regenerates) await session.regenerate()
      session.user = asked.user
      break
    case '/logout':
      Object.assign(ctx, { session: null })
      break
    case '/end-others': {
      const { user, notes } = session
      await session.regenerate()
      if (user !== undefined) Object.assign(sessionOf(ctx) ?? {}, { user, notes })
      break
    }
    case '/link': {
      const token = crypto.randomUUID()
      await links.set(token, session.user ?? '')
      return { link: `/open?token=${token}` }
    }
    case '/open': {
      // The package has no one-time links. Applications find the row of the token, and delete it after its use.
      const user = await links.get(asked.token)
      await hold(asked.hold)
      if (user === undefined) break
      await links.destroy(asked.token)
      session.user = user
    }
  }
  return undefined
}

function sessionOf(ctx: object): KoaSession | null {
  return (ctx as { session: KoaSession | null }).session
}

/** Answers later, as a database does. */
class AsyncMap<Value> {
  readonly #values = new Map<string, string>()

  async get(key: string): Promise<Value | undefined> {
    await reply()
    const text = this.#values.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  async set(key: string, value: Value): Promise<void> {
    await reply()
    this.#values.set(key, JSON.stringify(value))
  }

  async destroy(key: string): Promise<void> {
    await reply()
    this.#values.delete(key)
  }
}
