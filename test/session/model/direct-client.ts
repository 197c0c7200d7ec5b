import type { Exchange } from '../../../src/session/core/exchange.ts'
import type { Sessions, TokenSession } from '../../../src/session/index.ts'
import type { LayerSession, Storage } from '../support/layer.ts'

export interface Asked {
  cookie: string | undefined
  path: string
  method: 'GET' | 'POST'
  /** Whether the browser opens a page, rather than a script fetching it. */
  navigates: boolean
  /** Whether the request does not count as activity. */
  quiet: boolean
  /** The token of a one-time link. */
  link: string | undefined
  replacesUser: boolean
}

/** The response of a page. `session` is the request's session at the end of the request. */
export interface Answered {
  setCookies: string[]
  session: LayerSession
}

/** Sends requests to the layer. */
export interface Wire {
  /** `current` returns the session that the request has when `page` calls it. */
  visit(asked: Asked, page: (current: () => LayerSession) => Promise<void>): Promise<Answered>
  call(authorization: string | undefined, handler: (session: TokenSession<Storage>) => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** Calls the layer without HTTP, because a call over HTTP takes a hundred times as long. */
export function directWire(manager: Sessions<Storage>): Wire {
  return {
    async visit(asked, page) {
      let current: LayerSession | undefined
      let setCookie: string | undefined
      const exchange: Exchange = {
        cookieHeader: asked.cookie === undefined ? undefined : `${manager.cookieName}=${asked.cookie}`,
        mayBeginGuest: asked.navigates,
        countsAsActivity: !asked.quiet,
        oneTimeToken: asked.link,
        path: asked.path,
        linkUse: asked.method === 'GET' ? 'open' : 'confirm',
        replacesUser: asked.replacesUser,
        device: 'A browser',
        address: '192.0.2.1',
        headersSent: () => false,
        setCookie: (header) => {
          setCookie = header
        },
        setCurrent: (session) => {
          current = session as LayerSession
        },
        onClose: () => {},
      }
      const first = await manager.resume(exchange)
      await page(() => current ?? first)
      const session = current ?? first
      await session.settled()
      if (manager.beginsAtFirstRequest) await session.beginIfAllowed()
      return { setCookies: setCookie === undefined ? [] : [setCookie], session }
    },
    async call(authorization, handler) {
      const client = { device: 'A program', address: '192.0.2.2', onClose: () => {} }
      await handler(await manager.resumeToken({ authorization, ...client }))
    },
    close: async () => {},
  }
}
