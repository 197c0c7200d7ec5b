import type { Sessions, TokenSession } from '../../../src/session/index.ts'
import { LINK_PARAMETER, REPLACE_PARAMETER } from '../../../src/session/koa/index.ts'
import { type Handler, type Layer, type LayerContext, type Storage, startLayer } from '../support/layer.ts'
import type { Asked, Wire } from './direct-client.ts'

type Options = NonNullable<Parameters<typeof startLayer>[2]>

export async function httpWire(
  paths: readonly string[],
  options: Options,
): Promise<{ wire: Wire; manager: Sessions<Storage> }> {
  const closing: (() => unknown)[] = []
  const scope = { after: (close: () => unknown) => closing.push(close) } as unknown as Parameters<typeof startLayer>[0]
  const work = new Map<string, Handler>()
  const handler: Handler = (session, ctx) => work.get(ctx.get('x-work'))?.(session, ctx)
  const layer = await startLayer(
    scope,
    { ...Object.fromEntries(paths.map((path) => [path, handler])), '/api/work': handler },
    { ...options, touch: (ctx) => ctx.get('x-quiet') === '', tokens: { mount: '/api', anonymous: ['work'] } },
  )
  return {
    wire: { ...wireTo(layer, work), close: async () => void (await Promise.all(closing.map((close) => close()))) },
    manager: layer.manager,
  }
}

function wireTo({ visitor, manager }: Layer, work: Map<string, Handler>): Omit<Wire, 'close'> {
  let requests = 0
  /** Runs `page` inside the request that `send` makes, and rethrows its error. */
  const during = async <T>(page: (ctx: LayerContext) => Promise<void>, send: (name: string) => Promise<T>) => {
    const name = String(++requests)
    let failure: unknown
    let done = false
    work.set(name, async (_, ctx) => {
      await page(ctx).catch((error) => {
        failure = error
      })
      done = true
    })
    const answer = await send(name)
    work.delete(name)
    if (failure !== undefined) throw failure
    if (!done) throw new Error('The request did not reach its page.')
    return answer
  }
  return {
    async visit(asked, page) {
      const browser = visitor()
      if (asked.cookie !== undefined) browser.cookies.set(manager.cookieName, asked.cookie)
      let context: LayerContext | undefined
      const { setCookies } = await during(
        (ctx) => {
          context = ctx
          return page(() => sessionOf(ctx))
        },
        (name) =>
          browser.send(addressOf(asked), { method: asked.method, headers: { 'x-work': name, ...headersOf(asked) } }),
      )
      return { setCookies, session: sessionOf(context) }
    },
    async call(authorization, handler) {
      await during(
        (ctx) => handler(sessionOf(ctx) as unknown as TokenSession<Storage>),
        (name) =>
          visitor().get('/api/work', {
            'x-work': name,
            ...(authorization !== undefined && { Authorization: authorization }),
          }),
      )
    },
  }
}

function sessionOf(ctx: LayerContext | undefined) {
  if (!ctx?.session) throw new Error('The request has no session.')
  return ctx.session
}

function addressOf({ path, link, replacesUser }: Asked): string {
  const query = new URLSearchParams()
  if (link !== undefined) query.set(LINK_PARAMETER, link)
  if (replacesUser) query.set(REPLACE_PARAMETER, '1')
  return query.size === 0 ? path : `${path}?${query}`
}

function headersOf({ navigates, quiet }: Asked): Record<string, string> {
  return {
    ...(!navigates && { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' }),
    ...(quiet && { 'x-quiet': '1' }),
  }
}
