import type { TokenSession } from '../../../src/session/index.ts'
import type { Answer } from '../../support/visitor.ts'
import { type Handler, type Layer, PAGES, type Storage, startLayer } from './layer.ts'

type Options = NonNullable<Parameters<typeof startLayer>[2]>

export type RestHandler = (session: TokenSession<Storage>, query: Record<string, string>) => unknown

export interface RestLayer extends Layer {
  /** Sends a request with this Authorization header. Sends a cookie only if `headers` has one. */
  ask(path: string, authorization?: string, headers?: Record<string, string | string[]>): Promise<Answer>
  signIn(query?: string): Promise<string>
}

export const REST_PAGES: Record<string, RestHandler> = {
  '/api/testpage': described,
  '/api/signin': async (session, { user, idle }) => ({
    token: await (user === undefined
      ? session.newSession()
      : session.newSession(user, {
          userName: 'Ana Lima',
          roles: ['salesperson'],
          ...(idle !== undefined && { idleSeconds: Number(idle) }),
        })),
    ...described(session),
  }),
  '/api/signout': async (session) => {
    await session.close()
    return described(session)
  },
  '/api/read': described,
  '/api/set': async (session, { name = 'name', value = 'value', save }) => {
    session.setSessionVar(name, value)
    if (save !== undefined) await session.save()
    return { seen: session.getSessionVar(name) }
  },
}

/** A server with pages for browsers, and with pages for REST clients below /api. */
export async function startRestLayer(
  scope: Parameters<typeof startLayer>[0],
  pages: Record<string, RestHandler>,
  options: Options = {},
): Promise<RestLayer> {
  const handlers = Object.entries({ ...REST_PAGES, ...pages }).map(([path, page]): [string, Handler] => [
    path,
    (session, ctx) => page(session as unknown as TokenSession<Storage>, ctx.query as Record<string, string>),
  ])
  const layer = await startLayer(
    scope,
    { ...PAGES, ...Object.fromEntries(handlers) },
    { ...options, tokens: { mount: '/api', ...options.tokens } },
  )
  const ask: RestLayer['ask'] = (path, authorization, headers = {}) =>
    layer.visitor().get(path, { ...headers, ...(authorization !== undefined && { Authorization: authorization }) })
  return {
    ...layer,
    ask,
    signIn: async (query = 'user=4') => JSON.parse((await ask(`/api/signin?${query}`)).text).token,
  }
}

export function described(session: TokenSession<Storage>) {
  return {
    id: session.id,
    kind: session.kind,
    isNew: session.isNew,
    userId: session.userId ?? null,
    userName: session.userName,
    privileges: session.getPrivileges(),
    variables: { ...session.sessionVars },
    expirationDate: session.expirationDate,
  }
}
